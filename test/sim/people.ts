/**
 * The people of the simulated world: subscribers with every shape of profile, and senders who
 * repeat what was not acknowledged and sometimes what was.
 */

import assert from 'node:assert/strict';
import type { SendAnswer } from '../../actors/channels/loopback/peer.js';
import type { Changed } from '../../runtime/accounts.js';
import type { Account, ProfileStep } from '../../schemas/account.js';
import type { ChannelName, Machine, Process } from './machine.js';
import { drawing } from './random.js';
import type { Watch } from './watch.js';
import type { World } from './world.js';

export const NAMES = ['anna', 'bert', 'carl', 'dora', 'emil'] as const;
const SUBMISSIONS_MIN = 8;
const SUBMISSIONS_MAX = 20;
const RECIPIENTS_MAX = 4;
const AGAIN_MIN_MS = 300;
const AGAIN_MAX_MS = 4_000;
const QUIET_MAX_MS = 90_000;

/** Shapes of a profile: what is tried, in which order, what confirms. */
const SHAPES: readonly [Shape, ...Shape[]] = [
  { steps: [{ endpoints: ['post'] }], confirms: 'any' },
  { steps: [{ endpoints: ['phone'] }], confirms: 'any' },
  { steps: [{ endpoints: ['post', 'phone'] }], confirms: 'any' },
  { steps: [{ endpoints: ['post', 'phone'] }], confirms: 'all' },
  { steps: [{ endpoints: ['phone'] }, { endpoints: ['post'] }], confirms: 'any' },
  { steps: [{ endpoints: ['phone'], waitMs: 15_000 }, { endpoints: ['post'] }], confirms: 'any' },
];

interface Shape {
  readonly steps: readonly ProfileStep[];
  readonly confirms: 'any' | 'all';
}

/** One thing that somebody wants to be told, with what the switch said. */
export interface Wish {
  readonly reference: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly ids: Set<string>;
  tries: number;
}

function must(changed: Changed): Account {
  assert.ok(changed.ok, changed.ok ? '' : `${changed.code}: ${changed.message}`);
  return changed.account;
}

/** Opens the accounts, through a running switch. */
export async function settle(world: World, process: Process): Promise<void> {
  const accounts = process.running?.accounts;
  assert.ok(accounts);
  must(await accounts.create({ name: 'operator', roles: ['subscriber', 'operator'] }));
  for (const name of NAMES) {
    const draw = drawing(world.seed, `person ${name}`);
    const address = { channel: 'post', value: name };
    const { id } = must(await accounts.create({ name, addresses: [address] }));
    for (const channel of ['post', 'phone'] satisfies ChannelName[]) {
      const addresses = [{ channel, value: `${name}-${channel}` }];
      must(await accounts.addDevice(id, { name: channel, addresses }));
    }
    const lastResort = draw.pick<'inbox' | 'dead'>(['inbox', 'dead']);
    must(
      await accounts.putProfile(id, { id: 'own', name: 'Own', lastResort, ...draw.pick(SHAPES) }),
    );
    must(await accounts.setActive(id, { profile: 'own' }));
    if (!draw.chance(0.25)) continue;
    const until = world.now + draw.int(1_000, QUIET_MAX_MS);
    must(await accounts.setQuiet(id, { until, exceptions: [{ sender: 'emil' }] }));
  }
}

/** Somebody changes a device: its old address is nobody's from then on. */
export function moves(world: World, machine: Machine, spanMs: number): void {
  const draw = drawing(world.seed, 'moves');
  const count = draw.int(0, 2);
  for (let i = 0; i < count; i += 1) {
    const name = draw.pick(NAMES);
    const channel = draw.pick(['post', 'phone']);
    world.schedule(draw.int(0, spanMs), `${name} moves ${channel}`, () => {
      const accounts = machine.running()[0]?.running?.accounts;
      void (async () => {
        const account = await accounts?.find(name);
        if (account === undefined) return;
        const address = { channel, value: `${name}-${channel}-new-${i}` };
        // Not moved is as good: who moved is asked of the store.
        await accounts?.moveEndpoint(account.id, channel, address).catch(() => undefined);
      })();
    });
  }
}

export class Senders {
  readonly wishes: Wish[] = [];
  readonly #world: World;
  readonly #machine: Machine;
  readonly #watch: Watch;
  /** Sendings under way. */
  pending = 0;

  constructor(parts: { world: World; machine: Machine; watch: Watch }) {
    this.#world = parts.world;
    this.#machine = parts.machine;
    this.#watch = parts.watch;
  }

  /** Plans everything that is sent within the time. */
  plan(spanMs: number): void {
    const draw = drawing(this.#world.seed, 'submissions');
    const count = draw.int(SUBMISSIONS_MIN, SUBMISSIONS_MAX);
    for (let i = 0; i < count; i += 1) {
      const from = draw.pick(NAMES);
      const wanted = Array.from({ length: draw.int(1, RECIPIENTS_MAX) }, () => draw.pick(NAMES));
      const to = [...new Set(draw.chance(0.5) ? wanted.slice(0, 1) : wanted)];
      const wish: Wish = { reference: `wish-${i}`, from, to, ids: new Set(), tries: 0 };
      this.wishes.push(wish);
      const at = draw.int(0, spanMs);
      this.#later(at, wish);
      // The same again, although it was acknowledged perhaps (law 13).
      if (draw.chance(0.2)) this.#later(at + draw.int(0, 10_000), wish);
    }
  }

  #later(delayMs: number, wish: Wish): void {
    this.pending += 1;
    this.#world.schedule(delayMs, `${wish.from} sends ${wish.reference}`, () => {
      void this.#send(wish).then((done) => {
        this.pending -= 1;
        if (done) return;
        const { int } = this.#world.draw(`again ${wish.reference}`);
        this.#later(int(AGAIN_MIN_MS, AGAIN_MAX_MS), wish);
      });
    });
  }

  /** One try; false: it must be repeated. */
  async #send(wish: Wish): Promise<boolean> {
    const [first, ...more] = this.#machine.running();
    if (first === undefined) return false;
    const process = this.#world.draw(`door ${wish.reference}`).pick([first, ...more]);
    wish.tries += 1;
    const { from, to, reference } = wish;
    const body = { mediaType: 'text/plain', text: `This is ${reference}.` };
    const umf = { subject: reference, body, priority: 'normal', securityLevel: 'normal' } as const;
    const sent = process.peers.get('post')?.send({ from, to, umf, reference });
    const answer = await untilDeath(process, sent);
    if (answer === undefined || !process.survives('edge.answer:before', reference)) return false;
    const isAcknowledged = this.#heard(wish, answer);
    process.survives('edge.answer:after', reference);
    return isAcknowledged;
  }

  #heard(wish: Wish, answer: SendAnswer): boolean {
    const { reference } = wish;
    this.#world.log(`${reference} is ${answer.ok ? answer.id : answer.reason}`);
    if (answer.ok) {
      wish.ids.add(answer.id);
      this.#watch.acknowledged(answer.id, wish.to.length);
      return true;
    }
    if (!answer.temporary) {
      const words = `${reference} was refused for good, and nothing is wrong with it`;
      this.#world.violate('law 1', `${words}: ${answer.reason}`);
    }
    return !answer.temporary;
  }
}

/** What was promised, or undefined when the process has died before. */
export function untilDeath<T>(
  process: Process,
  promised: Promise<T> | undefined,
): Promise<T | undefined> {
  return new Promise((resolve) => {
    process.onDeath(() => resolve(undefined));
    if (promised === undefined) resolve(undefined);
    promised?.then(
      (value) => resolve(process.dead ? undefined : value),
      () => resolve(undefined),
    );
  });
}
