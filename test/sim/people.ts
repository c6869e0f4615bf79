/**
 * The people of the simulated world: subscribers with every shape of profile over every channel,
 * who change their devices now and then.
 */

import assert from 'node:assert/strict';
import type { Changed } from '../../runtime/accounts.js';
import type { Account, Profile } from '../../schemas/account.js';
import type { Machine, Process } from './machine.js';
import { drawing } from './random.js';
import { canMove, deviceOn, type SimulatedChannel } from './registry.js';
import type { World } from './world.js';

export const NAMES = ['anna', 'bert', 'carl', 'dora', 'emil'] as const;
const QUIET_MAX_MS = 90_000;

/** Shapes of a profile over two channels: what is tried, in which order, what confirms. */
const SHAPES: readonly [Shape, ...Shape[]] = [
  (first) => ({ steps: [{ endpoints: [first] }], confirms: 'any' }),
  (first, second) => ({ steps: [{ endpoints: [first, second] }], confirms: 'any' }),
  (first, second) => ({ steps: [{ endpoints: [first, second] }], confirms: 'all' }),
  (first, second) => ({
    steps: [{ endpoints: [first] }, { endpoints: [second] }],
    confirms: 'any',
  }),
  (first, second) => ({
    steps: [{ endpoints: [first], waitMs: 15_000 }, { endpoints: [second] }],
    confirms: 'any',
  }),
];

type Shape = (first: string, second: string) => Pick<Profile, 'steps' | 'confirms'>;

function must(changed: Changed): Account {
  assert.ok(changed.ok, changed.ok ? '' : `${changed.code}: ${changed.message}`);
  return changed.account;
}

/** Opens the accounts, through a running switch. */
export async function settle(
  world: World,
  process: Process,
  channels: readonly SimulatedChannel[],
): Promise<void> {
  const accounts = process.running?.accounts;
  assert.ok(accounts);
  must(await accounts.create({ name: 'operator', roles: ['subscriber', 'operator'] }));
  for (const name of NAMES) {
    const { id } = must(await accounts.create({ name, addresses: addressesOf(name, channels) }));
    for (const { channel, value } of devicesOf(name, channels)) {
      must(await accounts.addDevice(id, { name: channel, addresses: [{ channel, value }] }));
    }
    const draw = drawing(world.seed, `person ${name}`);
    const lastResort = draw.pick<'inbox' | 'dead'>(['inbox', 'dead']);
    const shape = shapeFor(world, name, channels);
    must(await accounts.putProfile(id, { id: 'own', name: 'Own', lastResort, ...shape }));
    must(await accounts.setActive(id, { profile: 'own' }));
    if (!draw.chance(0.25)) continue;
    const until = world.now + draw.int(1_000, QUIET_MAX_MS);
    must(await accounts.setQuiet(id, { until, exceptions: [{ sender: 'emil' }] }));
  }
}

/** Where people are reached from outside, on channels that give them no address themselves. */
function addressesOf(name: string, channels: readonly SimulatedChannel[]) {
  const own = channels.filter(({ way, facts, receives }) => {
    return way === 'edge' && receives && facts.accountAddress === undefined;
  });
  return own.map((channel) => ({ channel: channel.name, value: name }));
}

/** Devices besides those that every account has. */
function devicesOf(name: string, channels: readonly SimulatedChannel[]) {
  const own = channels.filter(({ way, facts, delivers }) => {
    return way !== 'kept' && delivers && (way === 'edge' || facts.device === undefined);
  });
  return own.map((channel) => ({ channel: channel.name, value: deviceOn(channel, name) }));
}

/** Every channel is somebody's first in many seeds. */
function shapeFor(world: World, name: string, channels: readonly SimulatedChannel[]) {
  const draw = drawing(world.seed, `profile of ${name}`);
  const names = channels.filter(({ way, delivers }) => way !== 'kept' && delivers);
  const first = draw.pick(atLeastOne(names)).name;
  const second = draw.pick(atLeastOne(names.filter((one) => one.name !== first))).name;
  return draw.pick(SHAPES)(first, second);
}

/** A list that somebody draws from. */
export function atLeastOne<T>(list: readonly T[]): readonly [T, ...T[]] {
  const [first, ...more] = list;
  assert.ok(first !== undefined);
  return [first, ...more];
}

/** Somebody changes a device: its old address is nobody's from then on. */
export function moves(
  world: World,
  machine: Machine,
  of: { readonly channels: readonly SimulatedChannel[]; readonly spanMs: number },
): void {
  const draw = drawing(world.seed, 'moves');
  const count = draw.int(0, 2);
  for (let i = 0; i < count; i += 1) {
    const name = draw.pick(NAMES);
    const { name: channel } = draw.pick(atLeastOne(of.channels.filter(canMove)));
    world.schedule(draw.int(0, of.spanMs), `${name} moves ${channel}`, () => {
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
