/** Puts the kernel together: acceptance, steps, the outbox, and what follows from each step. */

import type { Channel, Deliverer } from '../../actors/channel.js';
import type { Clock, Log } from '../../actors/machinery.js';
import { isTakeable } from '../../actors/message-manager/deliveries.js';
import type { CachedDirectory } from '../../actors/user-manager/directory.js';
import type { Policies } from '../../actors/user-manager/policies.js';
import type { Recipient } from '../../schemas/address.js';
import type { HistoryEntry, MessageDocument } from '../../schemas/message.js';
import type { Bus, Work } from '../bus/bus.js';
import type { Store } from '../store/store.js';
import { type ContentReader, createContentReader } from '../workers/content.js';
import { createDelivering, type Delivering } from '../workers/deliver.js';
import { createLooking, DELIVER_QUEUE, type DeliveryHint, LOOK_QUEUE } from '../workers/look.js';
import { createRouting, type Routing } from '../workers/route.js';
import { createSweep, type Sweep, type SweepLimits } from '../workers/sweep.js';
import { createAccepting } from './accept.js';
import { createCommitter, type Held } from './commit.js';
import { overflowKey } from './document.js';
import type { Kernel } from './kernel.js';
import type { Standing } from './logic.js';
import { createOutbox } from './outbox.js';

/** Looks that one worker has under way at once. */
const LOOK_CAPACITY = 32;
const LOOKS_PER_LANE = 16;

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
  readonly keepMs: number;
  readonly sweep: SweepLimits;
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
  const { store, bus, clock, directory } = parts;
  const content = createContentReader(store, parts.channels);
  const routing = createRouting({ directory, clock, policies: parts.policies });
  const works: Work[] = [];
  let stopping = false;
  let running = 0;
  let idleWaiters: (() => void)[] = [];

  /** Counts handlers while they run, so that `idle` can be waited for. */
  async function counted(work: Promise<void>): Promise<void> {
    running += 1;
    try {
      await work;
    } finally {
      running -= 1;
      if (isIdle()) for (const waiter of idleWaiters.splice(0)) waiter();
    }
  }

  function isIdle(): boolean {
    return running === 0 && Object.values(bus.depth()).every((depth) => depth === 0);
  }

  function laneOf(standing: Standing): string {
    const open = standing.context.deliveries.find((one) => one.phase === 'ready');
    return open === undefined ? 'core' : delivering.laneOf(open);
  }

  function refusing(): string | undefined {
    if (stopping) return 'the switch is stopping';
    const sick = store.unhealthy();
    if (sick !== undefined) return sick;
    const { water, freeBytes } = store.space();
    if (water === 'normal') return undefined;
    return `the disk is nearly full (${Math.round(freeBytes / 2 ** 20)} MiB free): make space`;
  }

  const { keepMs, worker, stepped } = parts;
  const committer = createCommitter({ store, clock, worker, keepMs, laneOf, stepped });
  const goOn = (held: Held) => follow(held);

  const accepting = createAccepting({
    store,
    clock,
    worker,
    committer,
    refusing,
    decideNow: (input) => routing.decide({ input, recipient: input.recipient }),
    goOn: (held) => {
      stepped({ before: undefined, held });
      follow(held);
    },
    keepBlob: (key, purgeAt) => store.keepBlob(key, purgeAt),
  });

  const { carryOut } = createOutbox({
    accepting,
    committer,
    log: parts.log,
    goOn: (held) => {
      stepped({ before: undefined, held });
      follow(held);
    },
    operators: parts.operators,
    async recipientAt(address) {
      const found = await directory.find(address);
      if (found.kind === 'nobody') return { kind: 'outside', via: address };
      if (found.kind === 'tryLater') return undefined;
      return { kind: 'subscriber', account: found.account.id, via: address };
    },
  });

  const delivering = createDelivering({
    committer,
    clock,
    log: parts.log,
    worker,
    directory,
    deliverers: parts.deliverers,
    channels: parts.channels,
    content,
    goOn,
    attempted: parts.attempted,
    refusing: () => (store.space().water === 'lower' ? 'the disk is full' : store.unhealthy()),
  });

  const looking = createLooking({
    bus,
    clock,
    log: parts.log,
    committer,
    routing,
    laneOf: (delivery) => delivering.laneOf(delivery),
    carryOut,
  });

  const sweep = createSweep({
    store,
    bus,
    clock,
    log: parts.log,
    committer,
    limits: parts.sweep,
    worker,
    isUnderWay: (key, delivery) => delivering.underWay.has(`${key}#${delivery}`),
  });

  /** Goes on with a message that was just saved: at once, or by a hint to whoever has capacity. */
  function follow(held: Held): void {
    const { closed, outbox, state, context } = held.document;
    if (closed) return;
    const now = clock.now();
    const needsLook = outbox.length > 0 || state === 'stored' || state === 'routed.planned';
    if (needsLook) {
      bus.hint(LOOK_QUEUE, { key: held.document.key, lane: 'core', copy: held });
      return;
    }
    if (context.deliveries.some((one) => isTakeable(one, now))) looking.hintDeliveries(held);
  }

  function work(): void {
    const looks = { capacity: LOOK_CAPACITY, perLane: LOOKS_PER_LANE };
    works.push(
      bus.work(LOOK_QUEUE, looks, (hint) =>
        counted(looking.look(hint.key, hint.copy as Held | undefined)),
      ),
    );
    const facts = [...parts.channels.values()].map((channel) => channel.facts);
    const capacity = facts.reduce((most, { capacity: one }) => Math.max(most, one), 1);
    const perLane = facts.reduce((most, { perLane: one }) => Math.max(most, one), 1);
    works.push(
      bus.work(DELIVER_QUEUE, { capacity, perLane }, (hint) => {
        const copy = hint.copy as DeliveryHint | undefined;
        const [key = '', delivery] = hint.key.split('#');
        return counted(delivering.attempt({ key, delivery: Number(delivery), held: copy?.held }));
      }),
    );
    sweep.start();
  }

  async function history(key: string): Promise<readonly HistoryEntry[]> {
    const held = await committer.load(key);
    if (held === undefined) return [];
    const all: HistoryEntry[] = [];
    for (let k = 0; k < held.document.historyMoved; k += 1) {
      const stored = await store.get(overflowKey(key, k));
      all.push(...((stored?.value as HistoryEntry[] | undefined) ?? []));
    }
    return [...all, ...held.document.history];
  }

  return {
    content,
    routing,
    delivering,
    sweep,
    refusing,
    work,
    history,
    accept: (submission) => accepting.accept(submission),
    async observe(key, event) {
      const applied = await committer.observe({ key }, event);
      if (!applied.ok) return applied;
      if (applied.held !== undefined) follow(applied.held);
      return { ok: true, document: applied.document };
    },
    read: async (key) => (await committer.load(key))?.document,
    idle: () =>
      new Promise((resolve) => {
        if (isIdle()) resolve();
        else idleWaiters = [...idleWaiters, resolve];
      }),
    async stop() {
      stopping = true;
      await sweep.stop();
      await Promise.all(works.map((one) => one.stop()));
    },
  };
}
