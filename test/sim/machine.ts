/**
 * The machines on which the switch runs: one process, or two on one store. They die where a fault
 * strikes and start again a little later; what was not flushed is gone with them.
 *
 * One process: its store is inside, a crash takes what waits for its flush (or flushes it, and
 * nobody was told). Two: the store and the bus stand beside them; one may die alone, or the power
 * goes and all stop at once.
 */

import assert from 'node:assert/strict';
import type { Channel } from '../../actors/channel.js';
import { createLoopback } from '../../actors/channels/loopback/index.js';
import type { LoopbackPeer } from '../../actors/channels/loopback/peer.js';
import type { Log } from '../../actors/machinery.js';
import { createMemoryBus, type MemoryBus } from '../../runtime/bus/memory.js';
import { loadConfig } from '../../runtime/config.js';
import { createMemoryStore, type MemoryStore } from '../../runtime/store/memory.js';
import { type RunningSwitch, startSwitch } from '../../runtime/switch.js';
import type { SwitchConfig } from '../../schemas/config.js';
import type { Devices } from './devices.js';
import { Doors } from './doors.js';
import type { Faults } from './faults.js';
import { busOf, type Mortal, type PortParts, ProcessPeer, storeOf } from './ports.js';
import type { SimulatedChannel } from './registry.js';
import type { Watch } from './watch.js';
import type { Owner, World } from './world.js';

const SWEEP = { everyMs: 5_000 };
const FLUSH_MAX_MS = 6;
const PUMP_MAX_MS = 3;
const RESTART_MIN_MS = 20;
const RESTART_MAX_MS = 8_000;

export interface Process extends Mortal {
  readonly slot: number;
  /** Set once it takes work. */
  readonly running: RunningSwitch | undefined;
  /** The devices of the channels whose edge is the loopback's. */
  readonly peers: ReadonlyMap<string, LoopbackPeer>;
  /** For the channels that run with their own agents. */
  readonly doors: Doors;
  onDeath(run: () => void): void;
}

interface Slot {
  readonly number: number;
  boots: number;
  process: Living | undefined;
}

/** A process, with what only the machine does to it. */
class Living implements Process {
  readonly name: string;
  readonly slot: number;
  dead = false;
  running: RunningSwitch | undefined;
  readonly peers = new Map<string, LoopbackPeer>();
  readonly doors: Doors;
  readonly #crashes: (site: string, label: string) => boolean;
  #deaths: (() => void)[] = [];

  constructor(
    parts: Omit<PortParts, 'process'>,
    of: { readonly name: string; readonly slot: number },
    crashes: (site: string, label: string) => boolean,
  ) {
    this.name = of.name;
    this.slot = of.slot;
    this.#crashes = crashes;
    this.doors = new Doors({ ...parts, process: this });
  }

  survives(site: string, label: string): boolean {
    if (!this.dead) this.#crashes(site, label);
    return !this.dead;
  }

  onDeath(run: () => void): void {
    this.#deaths.push(run);
  }

  die(): void {
    this.dead = true;
    for (const run of this.#deaths.splice(0)) run();
  }
}

export interface MachineParts {
  readonly world: World;
  readonly faults: Faults;
  readonly watch: Watch;
  readonly devices: Devices;
  readonly channels: readonly SimulatedChannel[];
  readonly processes: 1 | 2;
}

export class Machine {
  readonly #parts: MachineParts;
  readonly #slots: Slot[];
  readonly #config: SwitchConfig;
  store: MemoryStore;
  #bus: { readonly bus: MemoryBus; readonly owner: Owner & { dead: boolean } } | undefined;
  /** By the worker's name in the history: when it died. */
  readonly #deaths = new Map<string, number>();
  /** A handler threw: always a bug, unless the store's line breaks. */
  readonly handlerErrors: string[] = [];

  constructor(parts: MachineParts) {
    this.#parts = parts;
    const numbers = parts.processes === 1 ? [0] : [0, 1];
    this.#slots = numbers.map((number) => ({ number, boots: 0, process: undefined }));
    this.#config = configOf(parts.channels);
    const schedule = this.#soon('flush', FLUSH_MAX_MS);
    this.store = createMemoryStore({ schedule });
  }

  get #shared(): boolean {
    return this.#slots.length > 1;
  }

  #soon(what: string, maxMs: number, owner?: Owner): (run: () => void) => void {
    const { world } = this.#parts;
    return (run) => {
      world.schedule(world.draw(what).int(0, maxMs), what, run, owner);
    };
  }

  /** The processes that take work now. */
  running(): Process[] {
    return this.#slots.flatMap(({ process }) => (process?.running === undefined ? [] : process));
  }

  /** Whether the worker that the history names so was alive at that time. */
  wasAlive(worker: string, time: number): boolean {
    return (this.#deaths.get(worker) ?? 0) > time;
  }

  boot(): void {
    for (const { number } of this.#slots) void this.#bootSlot(number);
  }

  async #bootSlot(number: number): Promise<void> {
    const { world } = this.#parts;
    const slot = this.#slots[number];
    if (slot === undefined) return;
    slot.boots += 1;
    const name = `${number === 0 ? 'a' : 'b'}${slot.boots}`;
    const process: Living = new Living(this.#parts, { name, slot: number }, (site, label) =>
      this.#mayCrash(process, site, label),
    );
    slot.process = process;
    world.log(`${name} starts`);
    const parts: PortParts = { ...this.#parts, process };
    const channels = this.#parts.channels.map((one) => this.#channelOf(one, process));
    const { bus, owner } = this.#busNow();
    const port = busOf(parts, bus, owner);
    process.onDeath(() => port.leave());
    const store = storeOf(parts, this.store, { shared: this.#shared });
    const log = this.#logOf(name);
    const clock = world.clockOf(process);
    const config = this.#config;
    const door = (channel: string) => process.doors.of(channel);
    const given = { config, clock, store, bus: port, channels, log, sweep: SWEEP, door };
    try {
      const running = await startSwitch(given);
      if (process.dead) return;
      process.running = running;
      this.#deaths.set(running.worker, Number.POSITIVE_INFINITY);
      process.onDeath(() => this.#deaths.set(running.worker, world.time));
    } catch (error) {
      // A start that fails ends the process; whoever watches over it starts it again.
      world.log(`${name} does not start: ${String(error)}`);
      if (!process.dead) this.#end(process);
    }
  }

  /** As this process has it: its own agents on doors, or the loopback's with devices of ours. */
  #channelOf(one: SimulatedChannel, process: Living): Channel<never> {
    if (one.way === 'kept') return one.make();
    if (one.way === 'pages') return process.doors.watched(one.make());
    const { devices } = this.#parts;
    const peer = new ProcessPeer({ ...this.#parts, process }, { channel: one.name, devices });
    process.peers.set(one.name, peer);
    return edgeOf(one, peer);
  }

  #busNow() {
    if (this.#bus === undefined) {
      const owner = { name: 'bus', dead: false };
      const schedule = this.#soon('pump', PUMP_MAX_MS, owner);
      const onHandlerError = (subject: string, error: unknown) => {
        this.#parts.world.log(`handler of ${subject}: ${String(error)}`);
        this.handlerErrors.push(`${subject}: ${String(error)}`);
      };
      this.#bus = { bus: createMemoryBus({ schedule, onHandlerError }), owner };
    }
    return this.#bus;
  }

  #logOf(name: string): Log {
    const { world } = this.#parts;
    const tell = (event: string, facts: unknown = {}) =>
      world.log(`${name} says ${event} ${JSON.stringify(facts)}`);
    return { debug() {}, info() {}, warn: tell, error: tell };
  }

  #mayCrash(process: Living, site: string, label: string): boolean {
    if (!this.#parts.faults.crashesAt(site, `${process.name} ${label}`)) return false;
    this.#parts.world.log(`${process.name} dies at ${site} ${label}`);
    this.#end(process);
    return true;
  }

  /** It dies; what stood in it, or on its machine, goes with it. */
  #end(process: Living): void {
    const { world } = this.#parts;
    const isAlone = !this.#shared || world.draw('power').chance(0.4);
    if (!isAlone) {
      process.die();
      this.#restart(process);
      return;
    }
    const processes = this.#slots.flatMap((slot) => slot.process ?? []);
    const fallen = processes.filter(({ dead }) => !dead);
    for (const one of fallen) one.die();
    const { chance } = world.draw('kept');
    this.store = this.store.crash(chance(0.5) ? 'everything pending' : 'nothing pending');
    if (this.#bus !== undefined) this.#bus.owner.dead = true;
    this.#bus = undefined;
    world.schedule(1, 'what the disk has', () => void this.#readStore());
    for (const one of fallen) this.#restart(one);
  }

  #restart({ slot }: Process): void {
    const { world } = this.#parts;
    const process = this.#slots[slot];
    if (process !== undefined) process.process = undefined;
    const delayMs = world.draw('restart').int(RESTART_MIN_MS, RESTART_MAX_MS);
    world.schedule(delayMs, 'restart', () => void this.#bootSlot(slot));
  }

  /** Writes that were flushed although nobody was told; what was flushed must be there. */
  async #readStore(): Promise<void> {
    const { watch, world } = this.#parts;
    const keys = await keysOf(this.store);
    for (const key of keys) {
      const stored = await this.store.get(key);
      if (stored === undefined) continue;
      const known = watch.messages.get(key)?.rev ?? 0;
      if (stored.rev > known) watch.wrote(stored);
      if (stored.rev < known) world.violate('law 1', `${key} fell back to ${stored.rev}`);
    }
    const missing = [...watch.messages.keys()].filter((key) => !keys.includes(key));
    for (const key of missing) world.violate('law 1', `${key} was flushed and is gone`);
  }
}

/** Keys of everything that the watch follows. */
export async function keysOf(store: MemoryStore): Promise<string[]> {
  const range = { limit: Number.MAX_SAFE_INTEGER, order: 'ascending' } as const;
  const accounts = await store.list('keys/account/', range);
  return [...(await store.list('keys/msg/', range)), ...accounts];
}

/** The loopback's agents under another channel's name and with its facts. */
function edgeOf(
  { name, facts, receives, delivers }: SimulatedChannel,
  peer?: LoopbackPeer,
): Channel<never> {
  const { receive, deliver, ...rest } = createLoopback(name, peer);
  return {
    ...rest,
    facts,
    ...(receives && receive !== undefined && { receive }),
    ...(delivers && deliver !== undefined && { deliver }),
  };
}

function configOf(channels: readonly SimulatedChannel[]): SwitchConfig {
  const loaded = loadConfig({
    channels: channels.map((one) => (one.way === 'edge' ? edgeOf(one) : one.make())),
    flags: new Map(channels.flatMap(({ settings }) => Object.entries(settings))),
    environment: {},
    directory: import.meta.dirname,
  });
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.problems.join('\n'));
  return loaded.config;
}
