/** Puts the kernel together: acceptance, steps, the outbox, and what follows from each step. */

import type { Channel, Deliverer } from '../../actors/channel.js';
import type { Accepted, Clock, Log } from '../../actors/machinery.js';
import type { CachedDirectory } from '../../actors/user-manager/directory.js';
import type { Policies } from '../../actors/user-manager/policies.js';
import type { Recipient } from '../../schemas/address.js';
import type { Delivery } from '../../schemas/delivery.js';
import type { HistoryEntry, MessageDocument, MessageEvent } from '../../schemas/message.js';
import type { Submission } from '../../schemas/submission.js';
import type { Bus, Hint, Work } from '../bus/bus.js';
import type { Store } from '../store/store.js';
import type { Aside } from '../workers/aside.js';
import { type ContentReader, createContentReader } from '../workers/content.js';
import { createDelivering, type Delivering } from '../workers/deliver.js';
import {
  createLooking,
  type DeliveryHint,
  deliverQueue,
  LOOK_QUEUE,
  type Looking,
} from '../workers/look.js';
import { createRouting, type Routing } from '../workers/route.js';
import { createSweep, type Sweep, type SweepLimits } from '../workers/sweep.js';
import { type Accepting, createAccepting } from './accept.js';
import { type Committer, createCommitter, type Held } from './commit.js';
import { overflowKey, type Retention } from './document.js';
import type { Applied, Kernel } from './kernel.js';
import type { Standing } from './logic.js';
import { createOutbox } from './outbox.js';

/** Looks that one worker has under way at once. */
const LOOK_CAPACITY = 32;
const LOOKS_PER_LANE = 16;
const MIB = 2 ** 20;

export interface KernelParts {
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  /** Names this process among all that ever run on the store. */
  readonly worker: string;
  readonly directory: CachedDirectory;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly deliverers: ReadonlyMap<string, Deliverer>;
  readonly policies: () => Policies;
  readonly operators: () => Promise<readonly Recipient[]>;
  readonly retention: Retention;
  readonly sweep: SweepLimits;
  readonly aside?: Pick<Aside, 'convert' | 'read'>;
  /** Told of every stored step. */
  readonly stepped: (step: { before: MessageDocument | undefined; held: Held }) => void;
  readonly attempted: (attempt: { channel: string; outcome: string; tookMs: number }) => void;
}

export interface RunningKernel extends Kernel {
  readonly content: ContentReader;
  readonly routing: Routing;
  readonly delivering: Delivering;
  readonly sweep: Sweep;
  /** Why nothing is accepted right now. */
  refusing(): string | undefined;
  /** Begins to take hints; before that it only accepts and answers. */
  work(): void;
  stop(): Promise<void>;
}

export function createKernel(parts: KernelParts): RunningKernel {
  return new WiredKernel(parts);
}

class WiredKernel implements RunningKernel {
  readonly content: ContentReader;
  readonly routing: Routing;
  readonly delivering: Delivering;
  readonly sweep: Sweep;
  readonly #parts: KernelParts;
  readonly #committer: Committer;
  readonly #accepting: Accepting;
  readonly #looking: Looking;
  readonly #works: Work[] = [];
  #stopping = false;
  #running = 0;
  #idleWaiters: (() => void)[] = [];

  constructor(parts: KernelParts) {
    this.#parts = parts;
    const { store, clock, directory, policies, worker, retention, stepped, deliverers } = parts;
    this.content = createContentReader(store, parts.channels, parts.aside);
    this.routing = createRouting({ directory, clock, policies, deliverers });
    const laneOf = (standing: Standing) => this.#laneOf(standing);
    this.#committer = createCommitter({ store, clock, worker, retention, laneOf, stepped });
    this.#accepting = this.#makeAccepting();
    this.delivering = this.#makeDelivering();
    this.#looking = this.#makeLooking();
    this.sweep = this.#makeSweep();
  }

  #makeAccepting(): Accepting {
    const { store, clock, worker } = this.#parts;
    return createAccepting({
      store,
      clock,
      worker,
      committer: this.#committer,
      refusing: () => this.refusing(),
      decideNow: (input) => this.routing.decide({ input, recipient: input.recipient }),
      goOn: (held) => this.#begin(held),
      keepBlob: (key, purgeAt) => store.keepBlob(key, purgeAt),
    });
  }

  #makeDelivering(): Delivering {
    const { clock, log, worker, directory, deliverers, channels, attempted, store } = this.#parts;
    return createDelivering({
      committer: this.#committer,
      clock,
      log,
      worker,
      directory,
      deliverers,
      channels,
      content: this.content,
      goOn: (held) => this.#follow(held),
      attempted,
      refusing: () => (store.space().water === 'lower' ? 'the disk is full' : store.unhealthy()),
    });
  }

  #makeLooking(): Looking {
    const { bus, clock, log, directory, operators, deliverers, channels } = this.#parts;
    const committer = this.#committer;
    const { carryOut } = createOutbox({
      accepting: this.#accepting,
      committer,
      log,
      goOn: (held) => this.#begin(held),
      operators,
      async recipientAt(address) {
        // A sender may write an address in another form than the one its owner is found by.
        const parsed = channels.get(address.channel)?.address(address.value);
        const via = parsed?.ok === true ? parsed.address : address;
        const found = await directory.find(via);
        if (found.kind === 'nobody') return { kind: 'outside', via: address };
        if (found.kind === 'tryLater') return undefined;
        return { kind: 'subscriber', account: found.account.id, via };
      },
    });
    const laneOf = (delivery: Delivery) => this.delivering.laneOf(delivery);
    const queueOf = ({ address: { channel } }: Delivery) =>
      deliverQueue(deliverers.has(channel) ? channel : undefined);
    const { routing } = this;
    return createLooking({ bus, clock, log, committer, routing, laneOf, queueOf, carryOut });
  }

  #makeSweep(): Sweep {
    const { store, bus, clock, log, sweep: limits, worker } = this.#parts;
    const committer = this.#committer;
    const isPaused = (lane: string) => this.#isPaused(lane);
    return createSweep({ store, bus, clock, log, committer, limits, worker, isPaused });
  }

  /** Whether the destination of a lane, "channel:…", is left alone for now. */
  #isPaused(lane: string): boolean {
    const end = lane.indexOf(':');
    const deliverer = this.#parts.deliverers.get(lane.slice(0, end));
    return deliverer?.paused(lane.slice(end + 1)) !== undefined;
  }

  #laneOf(standing: Standing): string {
    const open = standing.context.deliveries.find((one) => one.phase === 'ready');
    return open === undefined ? 'core' : this.delivering.laneOf(open);
  }

  refusing(): string | undefined {
    if (this.#stopping) return 'the switch is stopping';
    const { store } = this.#parts;
    const sick = store.unhealthy();
    if (sick !== undefined) return sick;
    const { water, freeBytes } = store.space();
    if (water === 'normal') return undefined;
    return `the disk is nearly full (${Math.round(freeBytes / MIB)} MiB free): make space`;
  }

  /** A message that has just been created. */
  #begin(held: Held): void {
    this.#parts.stepped({ before: undefined, held });
    this.#follow(held);
  }

  /** Goes on with a message that was just saved, by a hint to whoever has capacity. */
  #follow(held: Held): void {
    const { closed, outbox, state, key } = held.document;
    if (closed) return;
    const needsLook = outbox.length > 0 || state === 'stored' || state === 'routed.planned';
    if (needsLook) this.#parts.bus.hint(LOOK_QUEUE, { key, lane: 'core', copy: held });
    else this.#looking.hintDeliveries(held);
  }

  work(): void {
    const { bus, deliverers } = this.#parts;
    const looks = { capacity: LOOK_CAPACITY, perLane: LOOKS_PER_LANE };
    const look = (hint: Hint) =>
      this.#counted(this.#looking.look(hint.key, hint.copy as Held | undefined));
    const deliver = (hint: Hint) => {
      const { held } = (hint.copy as DeliveryHint | undefined) ?? {};
      const [key = '', delivery] = hint.key.split('#');
      return this.#counted(this.delivering.attempt({ key, delivery: Number(delivery), held }));
    };
    this.#works.push(bus.work(LOOK_QUEUE, looks, look));
    this.#works.push(bus.work(deliverQueue(), looks, deliver));
    for (const [channel, { limits }] of deliverers) {
      this.#works.push(bus.work(deliverQueue(channel), limits, deliver));
    }
    this.sweep.start();
  }

  /** Counts handlers while they run, so that `idle` can be waited for. */
  async #counted(work: Promise<void>): Promise<void> {
    this.#running += 1;
    try {
      await work;
    } finally {
      this.#running -= 1;
      if (this.#isIdle()) for (const waiter of this.#idleWaiters.splice(0)) waiter();
    }
  }

  #isIdle(): boolean {
    const waiting = Object.values(this.#parts.bus.depth());
    return this.#running === 0 && waiting.every((depth) => depth === 0);
  }

  idle(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isIdle()) resolve();
      else this.#idleWaiters.push(resolve);
    });
  }

  accept(submission: Submission): Promise<Accepted> {
    return this.#accepting.accept(submission);
  }

  async observe(key: string, event: MessageEvent): Promise<Applied> {
    const applied = await this.#committer.observe({ key }, event);
    if (!applied.ok) return applied;
    if (applied.held !== undefined) this.#follow(applied.held);
    return { ok: true, document: applied.document };
  }

  async read(key: string): Promise<MessageDocument | undefined> {
    return (await this.#committer.load(key))?.document;
  }

  async history(key: string): Promise<readonly HistoryEntry[]> {
    const document = await this.read(key);
    if (document === undefined) return [];
    const all: HistoryEntry[] = [];
    for (let k = 0; k < document.historyMoved; k += 1) {
      const stored = await this.#parts.store.get(overflowKey(key, k));
      all.push(...((stored?.value as HistoryEntry[] | undefined) ?? []));
    }
    return [...all, ...document.history];
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.sweep.stop();
    await Promise.all(this.#works.map((one) => one.stop()));
  }
}
