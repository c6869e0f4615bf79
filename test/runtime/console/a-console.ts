/**
 * The whole console before a switch in memory: real kernel, accounts, channels, sessions and feed;
 * calls and documents as the gateway asks for them, lines as it opens them.
 */

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Channel } from '../../../actors/channel.js';
import { email } from '../../../actors/channels/email/index.js';
import { inbox } from '../../../actors/channels/inbox/index.js';
import { createLoopback } from '../../../actors/channels/loopback/index.js';
import { LoopbackPeer } from '../../../actors/channels/loopback/peer.js';
import type { DoorAnswer, Log } from '../../../actors/machinery.js';
import { createMemoryBus } from '../../../runtime/bus/memory.js';
import { loadConfig } from '../../../runtime/config.js';
import type { CallerFacts, Console, Line } from '../../../runtime/console/console.js';
import { createConsole } from '../../../runtime/console/create-console.js';
import { createFeed } from '../../../runtime/console/feed.js';
import type { Sessions } from '../../../runtime/sessions.js';
import { createSessions } from '../../../runtime/sessions-in-store.js';
import { createMemoryStore } from '../../../runtime/store/memory.js';
import type { Store } from '../../../runtime/store/store.js';
import { type RunningSwitch, startSwitch } from '../../../runtime/switch.js';
import type { Account, Role } from '../../../schemas/account.js';
import type { Recipient } from '../../../schemas/address.js';
import type { PageFrame, ServerFrame } from '../../../schemas/console.js';
import type { ConsoleCall, ConsoleCalls } from '../../../schemas/console-calls.js';
import type { ErrorCode } from '../../../schemas/errors.js';
import { messageKey } from '../../../schemas/identifier.js';
import type { Submission } from '../../../schemas/submission.js';
import { type ManualClock, manualClock } from '../../harness/manual-clock.js';

const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };
const TURNS = 4;
export const PEER = '192.0.2.1';
/** The one loopback channel. */
export const LINE = 'line';

export interface Person {
  readonly account: Account;
  readonly caller: CallerFacts;
}

export interface Page {
  readonly frames: ServerFrame[];
  /** Bytes that the page has not taken. */
  backlog: number;
  isClosed: boolean;
  say(frame: PageFrame): void;
  close(): void;
  /** The frames of this topic since the last time. */
  taken<Topic extends ServerFrame['topic']>(
    topic: Topic,
  ): Extract<ServerFrame, { readonly topic: Topic }>[];
}

export interface Written {
  readonly from?: Person;
  readonly to: Person | string;
  readonly subject?: string;
  /** A whole mail; without it a short text. */
  readonly mail?: string;
  readonly header?: Partial<Submission['header']>;
  readonly name?: string;
}

export interface TestConsole {
  readonly console: Console;
  readonly running: RunningSwitch;
  readonly store: Store;
  readonly sessions: Sessions;
  readonly clock: ManualClock;
  /** The devices of the loopback channel. */
  readonly peer: LoopbackPeer;
  /** An account with a phone on the line, tried before its inbox, and a session. */
  person(name: string, roles?: readonly Role[]): Promise<Person>;
  ask<Name extends ConsoleCall>(
    by: Person,
    name: Name,
    argument: ConsoleCalls[Name]['in'],
  ): Promise<ConsoleCalls[Name]['out']>;
  refused(by: Person, name: string, argument: unknown, code: ErrorCode): Promise<string>;
  document(by: Person, name: string, query: Record<string, string>): Promise<DoorAnswer>;
  page(by: Person): Page;
  /** The message's key. */
  send(written: Written): Promise<string>;
  settle(): Promise<void>;
  /** Time passes, and what it starts ends. */
  later(ms: number): Promise<void>;
}

/** Opens the switch and the console before it, and ends both after the test. */
async function opened(t: TestContext) {
  const clock = manualClock();
  const peer = new LoopbackPeer();
  const channels: Channel<never>[] = [createLoopback(LINE, peer), email, inbox];
  const flags = new Map([['email.listen', '127.0.0.1:0']]);
  const loaded = loadConfig({ channels, flags, environment: {}, directory: import.meta.dirname });
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.problems.join('\n'));
  const { config } = loaded;
  const store = createMemoryStore();
  const bus = createMemoryBus();
  const feed = createFeed(clock);
  const running = await startSwitch({
    ...{ config, clock, store, bus, channels, log: SILENT },
    stepped: (step) => feed.stepped(step),
    accountChanged: (id) => feed.accountChanged(id),
  });
  const sessions = createSessions({ store, clock, account: (id) => running.accounts.get(id) });
  const url = 'http://localhost:2580';
  const console = createConsole({
    ...{ running, store, clock, channels, config, sessions, feed, url, log: SILENT },
    startedAt: clock.now(),
  });
  t.after(async () => {
    await console.stop();
    await running.stop();
    await bus.close();
    await store.close();
  });
  return { console, running, store, sessions, clock, peer };
}

export async function aConsole(t: TestContext): Promise<TestConsole> {
  const on = await opened(t);
  const { console, running, sessions, clock } = on;

  async function settle(): Promise<void> {
    for (let i = 0; i < TURNS; i += 1) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      await running.kernel.idle();
    }
  }

  async function current(by: Person): Promise<CallerFacts> {
    const account = (await running.accounts.get(by.account.id)) ?? by.account;
    return { ...by.caller, signedIn: { ...by.caller.signedIn, account } };
  }

  return {
    ...on,
    settle,
    person: (name, roles = ['subscriber']) => aPerson({ running, sessions }, name, roles),
    async ask(by, name, argument) {
      const answer = await console.call(name, argument, await current(by));
      assert.ok(answer.ok, answer.ok ? '' : `${name}: ${answer.code}: ${answer.message}`);
      // The table of calls gives the type; what travels is JSON.
      return JSON.parse(JSON.stringify(answer.value)) as never;
    },
    async refused(by, name, argument, code) {
      const answer = await console.call(name, argument, await current(by));
      assert.equal(answer.ok ? 'done' : answer.code, code, `${name} by ${by.account.name}`);
      return answer.ok ? '' : answer.message;
    },
    async document(by, name, query) {
      const answer = await console.document(name, query, await current(by));
      assert.ok(answer, `no document ${name}`);
      return answer;
    },
    page(by) {
      const page = aPage(by);
      console.line(page.line);
      return page;
    },
    async send(written) {
      const accepted = await running.kernel.accept(submissionOf(written, clock.now()));
      assert.ok(accepted.ok, accepted.ok ? '' : accepted.message);
      accepted.proceed({ answered: true });
      await settle();
      return messageKey(accepted.id, 0);
    },
    async later(ms) {
      clock.advance(ms);
      await settle();
    },
  };
}

async function aPerson(
  { running, sessions }: { readonly running: RunningSwitch; readonly sessions: Sessions },
  name: string,
  roles: readonly Role[],
): Promise<Person> {
  const created = await running.accounts.create({ name, roles });
  assert.ok(created.ok, created.ok ? '' : created.message);
  const { id } = created.account;
  const addresses = [{ channel: LINE, value: `${name}-phone` }];
  const added = await running.accounts.addDevice(id, { name: `${name}'s phone`, addresses });
  assert.ok(added.ok, added.ok ? '' : added.message);
  const phone = added.account.devices.at(-1)?.endpoints[0]?.id ?? '';
  const [profile] = added.account.profiles;
  assert.ok(profile);
  const steps = [{ endpoints: [phone] }, ...profile.steps];
  const changed = await running.accounts.putProfile(id, { ...profile, steps });
  assert.ok(changed.ok, changed.ok ? '' : changed.message);
  const { account } = changed;
  const { session } = await sessions.open(id, { peer: PEER, program: 'a test' });
  return { account, caller: { signedIn: { session, account }, peer: PEER } };
}

function aPage(by: Person): Page & { readonly line: Line } {
  const listeners: ((frame: PageFrame) => void)[] = [];
  const closers: (() => void)[] = [];
  const taken = new Set<ServerFrame>();
  const page: Page & { readonly line: Line } = {
    frames: [],
    backlog: 0,
    isClosed: false,
    say(frame) {
      for (const run of listeners) run(frame);
    },
    close() {
      page.isClosed = true;
      for (const run of closers.splice(0)) run();
    },
    taken(topic) {
      const fresh = page.frames.filter((frame) => frame.topic === topic && !taken.has(frame));
      for (const frame of fresh) taken.add(frame);
      return fresh as never;
    },
    line: {
      ...by.caller,
      backlog: () => page.backlog,
      send: (frame) => page.frames.push(frame),
      onFrame: (run) => listeners.push(run),
      onClose: (run) => closers.push(run),
      close: () => page.close(),
    },
  };
  return page;
}

function submissionOf(written: Written, now: number): Submission {
  const { from, to, subject = 'Hello', mail, header, name } = written;
  const via = from?.account.addresses[0] ?? { channel: email.name, value: 'you@example.org' };
  const body = { mediaType: 'text/plain', text: `Text of ${subject}` };
  const umf = { uid: '', to: [], subject, body, priority: 'normal', securityLevel: 'normal' };
  const report = { success: false, failure: false, delay: false };
  return {
    sender: {
      address: via,
      ...(name !== undefined && { name }),
      ...(from && { account: from.account.id }),
      verification: { verified: true, how: 'DKIM ok' },
    },
    header: { subject, priority: 'normal', size: mail?.length ?? body.text.length, ...header },
    origin: { channel: via.channel, peer: PEER, startedAt: now },
    hops: 0,
    recipients: [{ to: recipientOf(to), report }],
    content:
      mail === undefined
        ? { kind: 'umf', umf: { ...umf, priority: 'normal', securityLevel: 'normal' } }
        : { kind: 'bytes', channel: email.name, bytes: Buffer.from(mail) },
  };
}

function recipientOf(to: Person | string): Recipient {
  if (typeof to === 'string') return { kind: 'outside', via: { channel: LINE, value: to } };
  const [via = { channel: inbox.name, value: to.account.id }] = to.account.addresses;
  return { kind: 'subscriber', account: to.account.id, via };
}
