/**
 * One simulated run of the whole switch, from a seed.
 *
 * Stages: start and settle the subscribers, undisturbed · senders send, devices answer, faults
 * strike · quiet: nothing new, no faults · drain until every message has come to its end · balance
 * the ledger. The same seed gives the same run, event by event.
 */

import { command } from './commands.js';
import { Devices } from './devices.js';
import { type FaultKind, Faults } from './faults.js';
import { type Balance, balance } from './ledger.js';
import { Machine } from './machine.js';
import { moves, settle, untilDeath } from './people.js';
import { drawing } from './random.js';
import { Readers } from './readers.js';
import { CHANNELS, type SimulatedChannel } from './registry.js';
import { Senders } from './senders.js';
import { Watch } from './watch.js';
import { type Violation, World } from './world.js';

const SETTLE_MAX_MS = 60_000;
const BUSY_MIN_MS = 20_000;
const BUSY_MAX_MS = 120_000;
/** Longer than every time-out and back-off of what is simulated together. */
const DRAIN_MAX_MS = 12 * 3_600_000;
const TWO_PROCESSES_CHANCE = 0.55;

export interface SimulationOptions {
  readonly seed: number;
  /** An otherwise equal run without this kind of fault. */
  readonly without?: FaultKind;
  readonly keepLines?: boolean;
  /** Other channels than those of the registry. */
  readonly channels?: readonly SimulatedChannel[];
}

export interface Traffic {
  readonly sent: number;
  readonly confirmed: number;
  /** With an attempt of unknown end. */
  readonly doubtful: number;
}

export interface Simulation {
  readonly seed: number;
  readonly processes: 1 | 2;
  /** Over everything that happened. */
  readonly hash: string;
  readonly violations: readonly Violation[];
  readonly strikes: Readonly<Record<FaultKind, number>>;
  readonly points: ReadonlyMap<string, { readonly passed: number; readonly struck: number }>;
  readonly balance: Balance;
  /** Each message's way, by what its sender calls it and its recipient. */
  readonly courses: ReadonlyMap<string, string>;
  /** By channel: what came in by it, and what became of deliveries on it. */
  readonly traffic: ReadonlyMap<string, Traffic>;
  readonly lines: readonly string[];
}

/** Runs one seed to its end. Never rejects for what the switch does: that is a violation. */
export async function simulate(options: SimulationOptions): Promise<Simulation> {
  const { seed, channels = CHANNELS } = options;
  const world = new World(seed, { keepLines: options.keepLines === true });
  const faults = new Faults(world, options);
  const watch = new Watch(world);
  const processes = drawing(seed, 'processes').chance(TWO_PROCESSES_CHANCE) ? 2 : 1;
  const devices = new Devices(world, async (channel, receipt) => {
    const [process] = machine.running();
    const sent = process?.peers.get(channel)?.receipt(receipt);
    if (process === undefined || sent === undefined) return false;
    const taken = await untilDeath(
      process,
      sent.then(() => true),
    );
    if (taken !== true || !process.survives('edge.receipt:before', receipt.id)) return false;
    world.log(`${receipt.id} is taken`);
    watch.receiptTaken({ ...receipt, result: receipt.outcome.result });
    return true;
  });
  const machine: Machine = new Machine({
    world,
    faults,
    watch,
    devices,
    channels,
    processes,
  });
  const senders = new Senders({ world, machine, watch, channels });
  await run({ world, faults, watch, machine, senders, devices, channels });
  for (const error of machine.handlerErrors) {
    if (faults.strikes['store answer lost'] === 0)
      world.violate('law 9', `a handler threw ${error}`);
  }
  const { wishes } = senders;
  const wasAlive = (worker: string, time: number) => machine.wasAlive(worker, time);
  const kept = channels.filter(({ way }) => way === 'kept').map(({ name }) => name);
  const balanced = balance({ world, watch, wishes, keeping: new Set(kept), wasAlive });
  const { violations, lines } = world;
  const { strikes, points } = faults;
  const found = { seed, processes, violations, strikes, points, lines, balance: balanced } as const;
  const traffic = new Map(channels.map(({ name }) => [name, trafficOn(watch, name)]));
  return { ...found, courses: coursesOf(watch), traffic, hash: world.hash() };
}

interface Parts {
  readonly world: World;
  readonly faults: Faults;
  readonly watch: Watch;
  readonly machine: Machine;
  readonly senders: Senders;
  readonly devices: Devices;
  readonly channels: readonly SimulatedChannel[];
}

async function run(parts: Parts): Promise<void> {
  const { world, faults, watch, machine, senders, devices, channels } = parts;
  machine.boot();
  let settled = false;
  const isUp = () => machine.running().length > 0;
  await world.run(isUp, SETTLE_MAX_MS);
  const [first] = machine.running();
  if (first === undefined) throw new Error('the simulated switch does not start');
  const opening = settle(world, first, channels).then(() => {
    settled = true;
  });
  await world.run(() => settled, SETTLE_MAX_MS);
  await opening;

  const busyMs = drawing(world.seed, 'busy').int(BUSY_MIN_MS, BUSY_MAX_MS);
  senders.plan(busyMs);
  new Readers({ world, machine, watch, channels }).plan(busyMs);
  moves(world, machine, { channels, spanMs: busyMs });
  command({ world, machine, watch }, busyMs);
  faults.planJumps(busyMs);
  faults.active = true;
  await world.run(() => false, busyMs);

  faults.active = false;
  world.log('quiet');
  const isOver = () =>
    senders.pending === 0 &&
    devices.pending === 0 &&
    [...watch.messages.values()].every(({ document }) => document.closed);
  const drained = await world.run(isOver, DRAIN_MAX_MS);
  world.log(drained ? 'all has come to its end' : 'it does not come to an end');
}

/** Events and states in their order; times are left out. */
function coursesOf(watch: Watch): ReadonlyMap<string, string> {
  const courses = new Map<string, string>();
  for (const { document, history } of watch.messages.values()) {
    const { recipient, header } = document.input;
    // What the switch writes itself follows from the others.
    if (header.subject?.startsWith('wish-') !== true) continue;
    const steps = history.map(({ event, state }) => `${event.type} ${state}`);
    courses.set(`${header.subject} for ${recipient.via.value}`, steps.join(' · '));
  }
  return courses;
}

function trafficOn(watch: Watch, channel: string): Traffic {
  const documents = [...watch.messages.values()].map(({ document }) => document);
  const deliveries = documents
    .flatMap(({ context }) => context.deliveries)
    .filter(({ address }) => address.channel === channel);
  return {
    sent: documents.filter(({ input }) => input.origin.channel === channel).length,
    confirmed: deliveries.filter(({ phase }) => phase === 'confirmed').length,
    doubtful: deliveries.filter(({ possibleDuplicate }) => possibleDuplicate === true).length,
  };
}
