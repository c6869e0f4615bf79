/**
 * The sweep (law 2): every open message carries the time by which somebody must look again; this
 * looks. Only the sweep hints again, by a compare-and-set that pushes `lookAt` on with back-off, so
 * that it needs no lease. Destinations get their turns; what is paused is not hinted in vain.
 */

import type { Clock, Log, Timer } from '../../actors/machinery.js';
import { recover } from '../../actors/message-tracker/recovery-agent.js';
import type { Bus } from '../bus/bus.js';
import type { Committer, Held } from '../kernel/commit.js';
import type { DueRow, Store } from '../store/store.js';
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

export interface SweepParts {
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly committer: Committer;
  readonly limits: SweepLimits;
  readonly worker: string;
  /** Whether an attempt of this worker is under way. */
  readonly isUnderWay: (key: string, delivery: number) => boolean;
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
  const { store, bus, clock, committer, limits } = parts;
  let timer: Timer | undefined;
  let running: Promise<unknown> = Promise.resolve();
  let stopped = false;
  let purgedAt = 0;

  /** A worker that is alone knows: attempts of other workers are over. */
  async function endLostAttempts(held: Held): Promise<Held> {
    let standing = held;
    for (const { id, phase, attempt } of held.document.context.deliveries) {
      if (phase !== 'sending' || attempt === undefined || !store.exclusive) continue;
      if (attempt.worker === parts.worker && parts.isUnderWay(held.document.key, id)) continue;
      if (attempt.worker === parts.worker) continue;
      const applied = await committer.observe(
        { key: held.document.key, held: standing },
        {
          type: 'ATTEMPT_LOST',
          at: clock.now(),
          id: `${attempt.id}:lost`,
          delivery: id,
          attempt: attempt.id,
        },
      );
      if (applied.ok && applied.held !== undefined) standing = applied.held;
    }
    return standing;
  }

  async function hintOne(row: DueRow): Promise<boolean> {
    const held = await committer.load(row.key);
    if (held === undefined || held.document.closed) return false;
    const decision = recover(held.document, clock.now());
    if (decision.kind === 'stuck') {
      parts.log.error('message.stuck', { key: row.key, looks: held.document.looks });
      const stuck = await committer.decide(held, [decision.event]);
      return stuck.ok && hint(stuck.held, row.lane);
    }
    const pushed = await committer.pushLook(held, decision.lookAt);
    return pushed.ok && hint(pushed.held, row.lane);
  }

  function hint(held: Held, lane: string): boolean {
    return bus.hint(LOOK_QUEUE, { key: held.document.key, lane, copy: held });
  }

  async function round(): Promise<number> {
    const waiting = bus.depth()[LOOK_QUEUE] ?? 0;
    if (waiting >= limits.depthMax || store.unhealthy() !== undefined) return 0;
    const now = clock.now();
    const rows = await store.due(now, { rows: limits.rows, perLane: limits.perLane });
    const hinted = await Promise.all(rows.map((row) => hintOne(row)));
    if (now - purgedAt >= PURGE_EVERY_MS) {
      purgedAt = now;
      await store.purge(now, PURGE_ROWS);
    }
    return hinted.filter(Boolean).length;
  }

  /** Hints what was due or under way; what waits for its time is left to the rounds. */
  async function recoverOne(key: string): Promise<boolean> {
    const stored = await committer.load(key);
    if (stored === undefined || stored.document.closed) return false;
    const held = await endLostAttempts(stored);
    const { dueAt } = held.document;
    return dueAt !== null && dueAt <= clock.now() ? hint(held, 'recovery') : false;
  }

  async function recoverAll(): Promise<number> {
    let found = 0;
    for (const state of ['received', 'stored', 'routed', 'dispatched', 'confirmed', 'failed']) {
      let after: string | undefined;
      for (;;) {
        const from = after === undefined ? {} : { after };
        const range = { ...from, limit: RECOVERY_PAGE, order: 'ascending' } as const;
        const keys = await store.list(`state/${state}`, range);
        const hinted = await Promise.all(keys.map(recoverOne));
        found += hinted.filter(Boolean).length;
        if (keys.length < RECOVERY_PAGE) break;
        after = keys.at(-1);
      }
    }
    return found;
  }

  function arm(): void {
    if (stopped) return;
    timer = clock.after(limits.everyMs, () => {
      running = round()
        .catch((error: unknown) => parts.log.error('sweep.trouble', { reason: String(error) }))
        .then(arm);
    });
  }

  return {
    start: arm,
    round,
    recoverAll,
    async stop() {
      stopped = true;
      timer?.cancel();
      await running;
    },
  };
}
