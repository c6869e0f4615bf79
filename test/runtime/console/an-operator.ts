/**
 * An operator before a whole switch in memory: real kernel, accounts, channels, sessions and
 * rates; calls go through the table, right and argument checked as for a page.
 */

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Channel } from '../../../actors/channel.js';
import { inbox } from '../../../actors/channels/inbox/index.js';
import { createLoopback } from '../../../actors/channels/loopback/index.js';
import { LoopbackPeer } from '../../../actors/channels/loopback/peer.js';
import type { Log } from '../../../actors/machinery.js';
import type { Accounts, Changed } from '../../../runtime/accounts.js';
import { createMemoryBus } from '../../../runtime/bus/memory.js';
import { loadConfig } from '../../../runtime/config.js';
import type { CallEntry, Caller, ConsoleParts } from '../../../runtime/console/console-call.js';
import { createFeed } from '../../../runtime/console/feed.js';
import { operatorCalls } from '../../../runtime/console/operator/calls.js';
import { CodeLimit } from '../../../runtime/console/own/code-limit.js';
import { createRates } from '../../../runtime/console/rates.js';
import { createSessions } from '../../../runtime/sessions-in-store.js';
import { createMemoryStore } from '../../../runtime/store/memory.js';
import { startSwitch } from '../../../runtime/switch.js';
import type { Account, Role } from '../../../schemas/account.js';
import type { ConsoleCalls } from '../../../schemas/console-calls.js';
import type { ErrorCode } from '../../../schemas/errors.js';
import { type ManualClock, manualClock } from '../../harness/manual-clock.js';

const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };
/** Longer than the shared look at the queue lasts. */
const LOOK_OVER_MS = 2_000;
const ROUNDS_MAX = 2_000;

export type OperatorCall = keyof typeof operatorCalls;

export interface Desk {
  readonly parts: ConsoleParts;
  readonly clock: ManualClock;
  /** All devices of the one loopback channel, `line`. */
  readonly peer: LoopbackPeer;
  readonly operator: Account;
  /** What the call answers; fails the test where it is refused. */
  ask<Name extends OperatorCall>(
    name: Name,
    argument: ConsoleCalls[Name]['in'],
    by?: Account,
  ): Promise<ConsoleCalls[Name]['out']>;
  /** Fails the test where it is not refused with the code; the words. */
  refused(name: OperatorCall, argument: unknown, code: ErrorCode, by?: Account): Promise<string>;
  account(name: string, roles?: readonly Role[]): Promise<Account>;
  /** An account whose one device on the line gets all, and dead is the end. */
  subscriber(name: string): Promise<Account>;
  /** The message's key. */
  send(to: string, subject?: string): Promise<string>;
  settle(): Promise<void>;
  /** Moves the clock by `stepMs` until the message is in the state. */
  until(key: string, state: string, stepMs?: number): Promise<void>;
  /** Time passes, so that the next look at the queue is a new one. */
  later(ms?: number): void;
}

export function must(changed: Changed): Account {
  assert.ok(changed.ok, changed.ok ? '' : changed.message);
  return changed.account;
}

/** Opens the switch with one operator, `olga`, and ends it after the test. */
export async function anOperator(t: TestContext): Promise<Desk> {
  const clock = manualClock();
  const peer = new LoopbackPeer();
  const channels: Channel<never>[] = [createLoopback('line', peer), inbox];
  const from = {
    flags: new Map<string, string>(),
    environment: {},
    directory: import.meta.dirname,
  };
  const loaded = loadConfig({ channels, ...from });
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.problems.join('\n'));
  const { config } = loaded;
  const [store, bus, rates, feed] = [
    createMemoryStore(),
    createMemoryBus(),
    createRates(clock),
    createFeed(clock),
  ];
  const stepped = rates.stepped.bind(rates);
  const base = { config, clock, store, channels, log: SILENT };
  const running = await startSwitch({ ...base, bus, stepped });
  t.after(async () => {
    await running.stop();
    await bus.close();
    await store.close();
  });
  const { accounts } = running;
  const sessions = createSessions({ store, clock, account: (id) => accounts.get(id) });
  const web = { sessions, feed, rates, url: 'http://localhost:2580', startedAt: clock.now() };
  const codes = new CodeLimit(clock);
  const parts: ConsoleParts = { ...base, running, codes, ...web };
  const open = async (name: string, roles: readonly Role[] = ['subscriber']) =>
    must(await accounts.create({ name, roles, addresses: [{ channel: 'line', value: name }] }));
  const operator = await open('olga', ['subscriber', 'operator']);
  return desk(parts, { clock, peer, operator, open });
}

/** One device on the line gets all; when it takes nothing, dead is the end. */
async function openSubscriber(accounts: Accounts, open: () => Promise<Account>): Promise<Account> {
  const { id, name } = await open();
  const addresses = [{ channel: 'line', value: `${name}-phone` }];
  const { devices } = must(await accounts.addDevice(id, { name: 'Phone', addresses }));
  const phone = devices.find((device) => device.name === 'Phone')?.endpoints[0]?.id ?? '';
  const steps = [{ endpoints: [phone] }];
  const profile = { id: 'p', name: 'Only', steps, confirms: 'any', lastResort: 'dead' } as const;
  must(await accounts.putProfile(id, profile));
  return must(await accounts.setActive(id, { profile: 'p' }));
}

interface Opened {
  readonly clock: ManualClock;
  readonly peer: LoopbackPeer;
  readonly operator: Account;
  readonly open: (name: string, roles?: readonly Role[]) => Promise<Account>;
}

function desk(parts: ConsoleParts, { clock, peer, operator, open }: Opened): Desk {
  const { running, sessions } = parts;
  const { accounts, kernel } = running;

  async function callerOf(account: Account): Promise<Caller> {
    const { session } = await sessions.open(account.id, { peer: '127.0.0.1', program: 'test' });
    return { account, session, peer: '127.0.0.1' };
  }

  async function settle(): Promise<void> {
    for (let i = 0; i < 4; i += 1) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      await kernel.idle();
    }
  }

  async function answer(name: OperatorCall, argument: unknown, by: Account) {
    const entry: CallEntry = operatorCalls[name];
    return entry.run(parts, await callerOf(by), argument);
  }

  return {
    parts,
    clock,
    peer,
    operator,
    settle,
    account: open,
    async ask(name, argument, by = operator) {
      const answered = await answer(name, argument, by);
      assert.ok(answered.ok, answered.ok ? '' : `${answered.code}: ${answered.message}`);
      return answered.value as ConsoleCalls[typeof name]['out'];
    },
    async refused(name, argument, code, by = operator) {
      const answered = await answer(name, argument, by);
      assert.ok(!answered.ok, `${name} was not refused`);
      assert.equal(answered.code, code, answered.message);
      return answered.message;
    },
    subscriber: (name) => openSubscriber(accounts, () => open(name)),
    async send(to, subject = 'Hello') {
      // Identifiers of the same millisecond have no order.
      clock.advance(1);
      const body = { mediaType: 'text/plain', text: 'Anybody there?' };
      const umf = { subject, body, priority: 'normal', securityLevel: 'normal' } as const;
      const sent = await peer.send({ from: 'sender', to: [to], umf });
      assert.ok(sent.ok, sent.ok ? '' : sent.reason);
      await settle();
      return `msg/${sent.id}.0`;
    },
    async until(key, state, stepMs = 1_000) {
      for (let i = 0; i < ROUNDS_MAX; i += 1) {
        await settle();
        if ((await kernel.read(key))?.state === state) return;
        clock.advance(stepMs);
      }
      assert.fail(`${key} never became ${state}`);
    },
    later: (ms = LOOK_OVER_MS) => clock.advance(ms),
  };
}
