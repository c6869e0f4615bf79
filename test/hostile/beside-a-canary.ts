/**
 * A switch under attack, in a process of its own, with a canary beside: somebody else who goes on
 * sending one mail after the other to somebody else, each on a connection of its own.
 *
 * Stages: some mails in peace → the attack, mails all the while → some more → everything arrived?
 * → what was measured is printed. Invariants: mails leave at their times whether or not the ones
 * before were answered, so that a stall is seen in every mail it met; nothing about speed is
 * asserted; the attackers have other addresses than the canary.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { MailSink, type SinkOptions } from '../../actors/channels/email/peer.js';
import { atEnd } from '../harness/at-end.js';
import { SmtpLine } from '../harness/smtp-line.js';
import { type SwitchProcess, startSwitch } from '../harness/switch-process.js';

/** Generous: what any of the attacks may add to the memory of the switch. */
export const MEMORY_GROWTH_MAX_MIB = 800;
const EVERY_MS = 50;
const PEACEFUL_MAILS = 20;
const LATER_MAILS = 5;
const MEMORY_LOOK_MS = 50;
const MIB = 1024 * 1024;
export const DOMAIN = 'patchboard.localhost';
export const ATTACKER = '127.0.0.66';

export interface Attacked {
  readonly on: SwitchProcess;
  /** The smart host: all mail that leaves ends here. */
  readonly sink: MailSink;
  /** A connection, from this address of the computer. */
  connect(from?: string): SmtpLine;
  /** A connection after EHLO. */
  open(from?: string): Promise<SmtpLine>;
  /** An account whose messages go to this address by this channel. */
  subscriber(given: {
    readonly name: string;
    readonly device: { readonly channel: string; readonly value: string };
    readonly lastResort?: 'inbox' | 'dead';
  }): Promise<string>;
  /** Runs the attack beside the canary and prints what the canary and the memory say of it. */
  during(what: string, attack: () => Promise<void>): Promise<void>;
}

/** Starts the switch that is to be attacked. */
export async function startAttacked(
  t: TestContext,
  given: {
    readonly settings?: Readonly<Record<string, string>>;
    readonly script?: SinkOptions['script'];
  } = {},
): Promise<Attacked> {
  const { script } = given;
  const sink = await MailSink.start(script === undefined ? {} : { script });
  atEnd(t, () => sink.stop());
  const settings = { 'email.smartHost': `127.0.0.1:${sink.port}`, ...given.settings };
  const on = await startSwitch(t, { settings });
  const lines: SmtpLine[] = [];
  atEnd(t, () => {
    for (const line of lines) line.destroy();
  });
  const connect = (from = ATTACKER): SmtpLine => {
    const line = SmtpLine.connect(on.addresses['email'] ?? '', { localAddress: from });
    lines.push(line);
    return line;
  };
  const open = async (from = ATTACKER): Promise<SmtpLine> => {
    const line = connect(from);
    await line.hello();
    return line;
  };
  const subscriber: Attacked['subscriber'] = async ({ name, device, lastResort = 'inbox' }) => {
    await on.operate('account.create', { name });
    await on.operate('device.add', { account: name, name: 'device', addresses: [device] });
    const steps = [{ endpoints: ['device'] }];
    const profile = { id: 'p', name: 'P', steps, confirms: 'any', lastResort };
    await on.operate('profile.put', { account: name, profile });
    await on.operate('profile.use', { account: name, profile: 'p' });
    return `${name}@${DOMAIN}`;
  };
  const nest = { channel: 'email', value: 'nest@canary.example' };
  await subscriber({ name: 'canary', device: nest });
  const attacked = { on, sink, connect, open, subscriber };
  return { ...attacked, during: (what, attack) => during(t, attacked, { what, attack }) };
}

/** The canary: its mails, how long each took to its 250, and those not answered yet. */
class Canary {
  readonly #address: string;
  readonly #name: string;
  readonly #singing: Promise<void>[] = [];
  tookMs: number[] = [];
  sent = 0;

  /** @param name tells its mails from those of others */
  constructor(address: string, name: string) {
    this.#address = address;
    this.#name = name;
  }

  async #sing(number: number): Promise<void> {
    const before = performance.now();
    const line = SmtpLine.connect(this.#address, { localAddress: '127.0.0.1' });
    await line.hello();
    const subject = `Subject: ${this.#name} ${number}\r\n`;
    const content = `From: <tweety@canary.example>\r\n${subject}\r\nTweet.\r\n`;
    const reply = await line.mail('tweety@canary.example', [`canary@${DOMAIN}`], content);
    this.tookMs.push(performance.now() - before);
    line.write('QUIT\r\n');
    await line.closed;
    assert.equal(reply.code, 250, `the canary was not served: ${reply.text}`);
  }

  /** Mails at their times until there were `least` and `over` says so. */
  singUntil(least: number, over: () => boolean): Promise<void> {
    const last = this.sent + least;
    return new Promise((resolve) => {
      const beat = setInterval(() => {
        if (this.sent >= last && over()) {
          clearInterval(beat);
          resolve();
          return;
        }
        this.sent += 1;
        this.#singing.push(this.#sing(this.sent));
      }, EVERY_MS);
    });
  }

  /** Resolves when every mail was answered; rejects when one was not taken. */
  async answered(): Promise<void> {
    await Promise.all(this.#singing);
  }
}

async function during(
  t: TestContext,
  { on, sink }: Pick<Attacked, 'on' | 'sink'>,
  { what, attack }: { readonly what: string; readonly attack: () => Promise<void> },
): Promise<void> {
  const canary = new Canary(on.addresses['email'] ?? '', what);
  await canary.singUntil(PEACEFUL_MAILS, () => true);
  await canary.answered();
  const peaceful = canary.tookMs;
  canary.tookMs = [];
  const memory = new MemoryWatch(on.child.pid ?? 0);
  atEnd(t, () => {
    memory.end();
  });
  let over = false;
  const attacking = attack().finally(() => {
    over = true;
  });
  await Promise.all([attacking, canary.singUntil(LATER_MAILS, () => over)]);
  await canary.answered();
  const attacked = canary.tookMs;
  await canary.singUntil(LATER_MAILS, () => true);
  await canary.answered();
  const arrived = () => arrivals(sink, what).size === canary.sent;
  await sink.until(arrived);
  const grown = memory.end();
  assert.equal(on.child.exitCode, null, `the switch ended:\n${on.output().slice(-2000)}`);
  const mails = `${canary.sent} mails, all there`;
  t.diagnostic(`${what}: canary ${mails}; in peace ${times(peaceful)}; beside ${times(attacked)}`);
  t.diagnostic(`${what}: memory +${grown.toFixed(0)} MiB at its peak`);
  assert.ok(grown < MEMORY_GROWTH_MAX_MIB, `${what}: memory grew by ${grown.toFixed(0)} MiB`);
}

/** The subjects of the canary's mails that arrived. */
function arrivals(sink: MailSink, name: string): ReadonlySet<string> {
  const subjects = sink.messages
    .filter(({ to }) => to[0] === 'nest@canary.example')
    .map(({ bytes }) => /^Subject: (.*)\r$/m.exec(bytes.toString('latin1'))?.[1] ?? '');
  return new Set(subjects.filter((subject) => subject.startsWith(`${name} `)));
}

function times(tookMs: readonly number[]): string {
  const sorted = tookMs.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.floor(part * (sorted.length - 1))] ?? 0;
  const [p50, p99, max] = [at(0.5), at(0.99), at(1)].map((ms) => ms.toFixed(1));
  return `p50 ${p50} p99 ${p99} max ${max} ms`;
}

/** Looks at the memory that a process holds for itself alone; 0 where there is no /proc. */
class MemoryWatch {
  readonly #pid: number;
  readonly #before: number;
  readonly #looking: NodeJS.Timeout;
  #peak: number;

  constructor(pid: number) {
    this.#pid = pid;
    this.#before = anonymousBytes(pid);
    this.#peak = this.#before;
    this.#looking = setInterval(() => this.#look(), MEMORY_LOOK_MS);
  }

  #look(): void {
    this.#peak = Math.max(this.#peak, anonymousBytes(this.#pid));
  }

  /** The growth at its peak, in MiB. */
  end(): number {
    clearInterval(this.#looking);
    return (this.#peak - this.#before) / MIB;
  }
}

function anonymousBytes(pid: number): number {
  if (process.platform !== 'linux') return 0;
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
