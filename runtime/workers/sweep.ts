/**
 * The sweep (law 2): every open message carries the time by which somebody must look again; this
 * looks. Only the sweep hints again, by a compare-and-set that pushes `lookAt` on with back-off, so
 * that it needs no lease. Destinations get their turns; what is paused is not hinted in vain.
 */

import type { Clock, Log, Timer } from '../../actors/machinery.js';
import { LOOK_MAX_MS, recover } from '../../actors/message-tracker/recovery-agent.js';
import type { MessageEvent } from '../../schemas/message.js';
import type { Bus } from '../bus/bus.js';
import type { Committer, Held } from '../kernel/commit.js';
import type { DueRow, Store } from '../store/store.js';
import { keepNeededContent } from './keep-content.js';
import { LOOK_QUEUE } from './look.js';

export interface SweepLimits {
  readonly everyMs: number;
  readonly rows: number;
  readonly perLane: number;
  /** No more hints than this may wait before the sweep adds some. */
  readonly depthMax: number;
}

export const SWEEP_LIMITS: SweepLimits = { everyMs: 1000, rows: 512, perLane: 64, depthMax: 1024 };
/** Removed at one purge. */
const PURGE_ROWS = 256;
const PURGE_EVERY_MS = 60_000;
const RECOVERY_PAGE = 512;
/** While a lane has more than one round brings, and the hints before are nearly used up. */
const REFILL_MS = 20;
const REFILL_DEPTH_MAX = 128;

export interface SweepParts {
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly committer: Committer;
  readonly limits: SweepLimits;
  readonly worker: string;
  /** Whether a lane's destination is left alone for now. */
  readonly isPaused: (lane: string) => boolean;
}

export interface Sweep {
  start(): void;
  /** One round; the number of messages hinted. */
  round(): Promise<number>;
  /** At the start of the only writer: whatever was open when it stopped is looked at now. */
  recoverAll(): Promise<number>;
  stop(): Promise<void>;
}

export function createSweep(parts: SweepParts): Sweep {
  return new TimedSweep(parts);
}

class TimedSweep implements Sweep {
  readonly #parts: SweepParts;
  #timer: Timer | undefined;
  #running: Promise<unknown> = Promise.resolve();
  #stopped = false;
  #purgedAt = 0;
  /** By the monotonic clock: when everything that is due was looked at last. */
  #fullAt = -Infinity;
  /** The last round left more than it took. */
  #hasMore = false;

  constructor(parts: SweepParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#arm();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#running;
  }

  /** A worker that is alone knows: attempts of other workers are over. */
  async #endLostAttempts(held: Held): Promise<Held> {
    const { clock, committer, store, worker } = this.#parts;
    const { key, context } = held.document;
    let standing = held;
    if (!store.exclusive) return held;
    for (const { id: delivery, phase, attempt } of context.deliveries) {
      if (phase !== 'sending' || attempt === undefined || attempt.worker === worker) continue;
      const lost = { delivery, attempt: attempt.id, id: `${attempt.id}:lost`, at: clock.now() };
      const event: MessageEvent = { type: 'ATTEMPT_LOST', ...lost };
      const applied = await committer.observe({ key, held: standing }, event);
      if (applied.ok && applied.held !== undefined) standing = applied.held;
    }
    return standing;
  }

  async #hintOne(row: DueRow): Promise<boolean> {
    const held = await this.#parts.committer.load(row.key);
    if (held === undefined || held.document.closed) return false;
    const now = this.#parts.clock.now();
    const decision = recover(held.document, now);
    if (decision.kind === 'stuck') {
      this.#parts.log.error('message.stuck', { key: row.key, looks: held.document.looks });
      const stuck = await this.#parts.committer.decide(held, [decision.event]);
      if (stuck.ok || stuck.reason === 'lost') return stuck.ok && this.#hint(stuck.held, row.lane);
    }
    // An end that still has something to create has nowhere to go: it is tried on, slowly.
    const lookAt = decision.kind === 'stuck' ? now + LOOK_MAX_MS : decision.lookAt;
    const pushed = await this.#parts.committer.pushLook(held, lookAt);
    return pushed.ok && this.#hint(pushed.held, row.lane);
  }

  /** What cannot be read must not keep the sweep from the others. */
  #hintSafely(row: DueRow): Promise<boolean> {
    return this.#hintOne(row).catch((error: unknown) => {
      this.#parts.log.error('sweep.trouble', { key: row.key, reason: String(error) });
      return false;
    });
  }

  #hint(held: Held, lane: string): boolean {
    return this.#parts.bus.hint(LOOK_QUEUE, { key: held.document.key, lane, copy: held });
  }

  async round(): Promise<number> {
    const { bus, limits, store } = this.#parts;
    const waiting = bus.depth()[LOOK_QUEUE] ?? 0;
    // At lower water nobody claims: a look would use up the reserve, and count as one in vain.
    const mayClaim = store.unhealthy() === undefined && store.space().water !== 'lower';
    if (waiting >= limits.depthMax || !mayClaim) return 0;
    const now = this.#parts.clock.now();
    const rows = await this.#parts.store.due(now, {
      rows: this.#parts.limits.rows,
      perLane: this.#parts.limits.perLane,
    });
    const open = rows.filter(({ lane }) => !this.#parts.isPaused(lane));
    // What is paused gets its look too, so that it ends in time, but at the slow pace only.
    const isFull = !this.#hasMore || this.#isFullDue();
    if (isFull) this.#fullAt = this.#parts.clock.monotonic();
    const looked = isFull ? rows : open;
    const hinted = await Promise.all(looked.map((row) => this.#hintSafely(row)));
    this.#hasMore = open.length >= limits.perLane;
    if (now - this.#purgedAt >= PURGE_EVERY_MS) {
      this.#purgedAt = now;
      await keepNeededContent(this.#parts, now);
      const purged = await this.#parts.store.purge(now, PURGE_ROWS);
      // More is waiting: a minute each time would fall behind for ever at a few mails a second.
      if (purged >= PURGE_ROWS) this.#purgedAt = 0;
    }
    return hinted.filter(Boolean).length;
  }

  /** Hints what was due or under way; what waits for its time is left to the rounds. */
  async #recoverOne(key: string): Promise<boolean> {
    const stored = await this.#parts.committer.load(key);
    if (stored === undefined || stored.document.closed) return false;
    const held = await this.#endLostAttempts(stored);
    const { dueAt } = held.document;
    return dueAt !== null && dueAt <= this.#parts.clock.now()
      ? this.#hint(held, 'recovery')
      : false;
  }

  async recoverAll(): Promise<number> {
    let found = 0;
    for (const state of ['received', 'stored', 'routed', 'dispatched', 'confirmed', 'failed']) {
      let after: string | undefined;
      for (;;) {
        const from = after === undefined ? {} : { after };
        const range = { ...from, limit: RECOVERY_PAGE, order: 'ascending' } as const;
        const keys = await this.#parts.store.list(`state/${state}`, range);
        const hinted = await Promise.all(keys.map((key) => this.#recoverOne(key)));
        found += hinted.filter(Boolean).length;
        if (keys.length < RECOVERY_PAGE) break;
        after = keys.at(-1);
      }
    }
    return found;
  }

  #depth(): number {
    return Object.values(this.#parts.bus.depth()).reduce((sum, depth) => sum + depth, 0);
  }

  /** However long the queue of one lane is: at the usual pace everything has its round. */
  #isFullDue(): boolean {
    const { clock, limits } = this.#parts;
    return clock.monotonic() - this.#fullAt >= limits.everyMs;
  }

  #arm(): void {
    if (this.#stopped) return;
    const { clock, limits } = this.#parts;
    this.#timer = clock.after(this.#hasMore ? REFILL_MS : limits.everyMs, () => {
      // More hints than are being used up would be dropped, each after a write in vain.
      const mayWait = this.#hasMore && !this.#isFullDue();
      if (mayWait && this.#depth() > REFILL_DEPTH_MAX) return this.#arm();
      this.#running = this.round()
        .catch((error: unknown) =>
          this.#parts.log.error('sweep.trouble', { reason: String(error) }),
        )
        .then(() => this.#arm());
    });
  }
}
