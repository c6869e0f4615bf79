/**
 * The ports of one process, with faults in them: its store, its bus, its devices.
 *
 * Before and after every change of the store, every hint and every write at the edge stands a
 * point at which the process may die. What has died gets no answer from any port, and nothing that
 * it still does leaves it.
 */

import {
  type Behaviour,
  LoopbackPeer,
  type Received,
} from '../../actors/channels/loopback/peer.js';
import type { Bus, Hint, Work } from '../../runtime/bus/bus.js';
import type { MemoryBus } from '../../runtime/bus/memory.js';
import type { MemoryStore } from '../../runtime/store/memory.js';
import type { NewDocument, Save, Store } from '../../runtime/store/store.js';
import type { Devices } from './devices.js';
import type { Faults } from './faults.js';
import type { Watch } from './watch.js';
import type { Owner, World } from './world.js';

const DELAY_MAX_MS = 5_000;
/** A hint that waits for the one behind it waits no longer. */
const OVERTAKEN_MAX_MS = 500;
const COPY_MAX_MS = 300;

const NEVER = new Promise<never>(() => {});

export interface Mortal extends Owner {
  /** False: it died here, or was dead before. */
  survives(site: string, label: string): boolean;
}

export interface PortParts {
  readonly world: World;
  readonly faults: Faults;
  readonly watch: Watch;
  readonly process: Mortal;
}

/** An answer of the outside, unless the process is dead by then. */
async function answer<T>(process: Mortal, asked: () => Promise<T>): Promise<T> {
  if (process.dead) return NEVER;
  const result = await asked();
  return process.dead ? NEVER : result;
}

/** @param shared other processes use the store too, over a line that may break */
export function storeOf(
  parts: PortParts,
  base: MemoryStore,
  options: { readonly shared: boolean },
): Store {
  const { world, faults, watch, process } = parts;

  /** One change: the points around it, and the line that may break on the way back. */
  async function change<T>(
    site: string,
    key: string,
    make: () => Promise<T>,
    made: (result: T) => void,
  ): Promise<T> {
    if (!process.survives(`${site}:before`, key)) return NEVER;
    world.log(`${process.name} ${site} ${key}`);
    const broken = options.shared && faults.losesAnswer(`${site} ${key}`);
    // Half of what has no answer was never done.
    if (broken && world.draw(`undone ${key}`).chance(0.5)) throw new Error('the line broke');
    const result = await make().catch((error: unknown) => {
      watch.refused(key, error);
      throw error;
    });
    made(result);
    if (!process.survives(`${site}:after`, key)) return NEVER;
    if (broken) throw new Error('the line broke');
    return result;
  }

  return {
    ...base,
    exclusive: !options.shared,
    create: (document: NewDocument) =>
      change(
        'store.create',
        document.key,
        () => base.create(document),
        (result) => {
          if (result.ok) watch.wrote({ ...document, rev: result.rev });
        },
      ),
    save: (save: Save) =>
      change(
        'store.save',
        save.key,
        () => base.save(save),
        (result) => {
          world.log(`${save.key} ${result.ok ? `is at ${result.rev}` : 'lost'}`);
          if (result.ok) watch.wrote({ ...save, rev: result.rev });
        },
      ),
    get: (key) => answer(process, () => base.get(key)),
    getContent: (key) => answer(process, () => base.getContent(key)),
    due: (now, limits) => answer(process, () => base.due(now, limits)),
    list: (index, range) => answer(process, () => base.list(index, range)),
    purge: (now, limit) => answer(process, () => base.purge(now, limit)),
  };
}

/** @param owner whose the window of the bus is; hints on their way end with it */
export function busOf(parts: PortParts, base: MemoryBus, owner: Owner): Bus & { leave(): void } {
  const { world, faults, process } = parts;
  const works: Work[] = [];
  /** By queue: a hint that lets the next one pass. */
  const overtaken = new Map<string, Hint>();

  function pass(queue: string, hint: Hint): boolean {
    const taken = base.hint(queue, hint);
    const behind = overtaken.get(queue);
    overtaken.delete(queue);
    if (behind !== undefined) base.hint(queue, behind);
    return taken;
  }

  function later(queue: string, hint: Hint, maxMs: number): void {
    const delayMs = world.draw(`late ${hint.key}`).int(1, maxMs);
    world.schedule(delayMs, `late hint ${hint.key}`, () => base.hint(queue, hint), owner);
  }

  function letPass(queue: string, hint: Hint): void {
    if (overtaken.has(queue)) pass(queue, hint);
    overtaken.set(queue, hint);
    const release = (): void => {
      if (overtaken.get(queue) !== hint) return;
      overtaken.delete(queue);
      base.hint(queue, hint);
    };
    world.schedule(OVERTAKEN_MAX_MS, `overtaken hint ${hint.key}`, release, owner);
  }

  function send(queue: string, hint: Hint): boolean {
    const fate = faults.fateOfHint(`${queue} ${hint.key}`);
    if (fate === 'dropped') return true;
    if (fate === 'duplicated') later(queue, hint, COPY_MAX_MS);
    if (fate === 'delayed') later(queue, hint, DELAY_MAX_MS);
    if (fate === 'reordered') letPass(queue, hint);
    return fate === 'passed' || fate === 'duplicated' ? pass(queue, hint) : true;
  }

  return {
    ...base,
    hint(queue, hint) {
      if (!process.survives('bus.hint:before', hint.key)) return true;
      world.log(`${process.name} hints ${queue} ${hint.key}`);
      const taken = send(queue, hint);
      process.survives('bus.hint:after', hint.key);
      return taken;
    },
    work(queue, limits, handler) {
      const work = base.work(queue, limits, (hint) => (process.dead ? NEVER : handler(hint)));
      works.push(work);
      return work;
    },
    leave: () => {
      for (const work of works) void work.stop();
    },
  };
}

/** The devices of one channel, as one process reaches them. */
export class ProcessPeer extends LoopbackPeer {
  readonly #parts: PortParts;
  readonly #channel: string;
  readonly #devices: Devices;

  constructor(parts: PortParts, of: { readonly channel: string; readonly devices: Devices }) {
    super();
    this.#parts = parts;
    this.#channel = of.channel;
    this.#devices = of.devices;
  }

  override next(device: string): Exclude<Behaviour, object> | 'busy' {
    return this.#devices.next(device);
  }

  override took(message: Received): void {
    const { process, watch, world } = this.#parts;
    if (!process.survives('edge.deliver:before', message.messageKey)) return;
    world.log(`${message.device} gets ${message.messageKey} attempt ${message.attempt}`);
    watch.arrived(message, { heard: this.#devices.hears(message) });
    this.#devices.took(this.#channel, message);
    process.survives('edge.deliver:after', message.messageKey);
  }
}
