/**
 * One breaker for each destination (lane): after several connections in a row that failed, the
 * lane is paused, each time longer; then one delivery alone probes it.
 *
 * closed ── failures in a row ──▶ paused ── pause over ──▶ probing ── success ──▶ closed
 *                                   ▲────────────── failure, longer ──────┘
 *
 * Invariants: a paused lane costs no connection; while one probes, the others wait; what is kept
 * is bounded, and a lane without trouble keeps nothing.
 */

import type { Clock } from '../../machinery.js';

/** Connections in a row that must fail before the destination is left alone. */
const FAILURES_BEFORE_PAUSE = 3;
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 300_000;
/** When to ask again while another delivery probes. */
const PROBE_WAIT_MS = 2_000;
/** Destinations in trouble that are remembered; the oldest is forgotten first. */
const LANES_MAX = 10_000;

export interface Paused {
  /** By the wall clock, for people and for the queue. */
  readonly until: number;
  readonly reason: string;
}

interface Trouble {
  readonly failures: number;
  readonly reason: string;
  readonly pauseMs: number;
  /** By the monotonic clock; 0: not paused yet. */
  readonly until: number;
  readonly probing: boolean;
}

export class Breaker {
  readonly #clock: Clock;
  readonly #lanes = new Map<string, Trouble>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Is the lane paused? Only looks. */
  paused(lane: string): Paused | undefined {
    const trouble = this.#lanes.get(lane);
    if (trouble === undefined || trouble.until === 0) return undefined;
    const restMs = Math.ceil(trouble.until - this.#clock.monotonic());
    if (restMs > 0) return { until: this.#clock.now() + restMs, reason: trouble.reason };
    if (!trouble.probing) return undefined;
    return { until: this.#clock.now() + PROBE_WAIT_MS, reason: `probing: ${trouble.reason}` };
  }

  /** Asks to use the lane. Undefined: go on; after a pause the caller is then the only probe. */
  enter(lane: string): Paused | undefined {
    const paused = this.paused(lane);
    if (paused !== undefined) return paused;
    const trouble = this.#lanes.get(lane);
    if (trouble !== undefined && trouble.until > 0) {
      this.#lanes.set(lane, { ...trouble, probing: true });
    }
    return undefined;
  }

  /** The destination took a connection or answered: all is forgotten. */
  succeeded(lane: string): void {
    this.#lanes.delete(lane);
  }

  failed(lane: string, reason: string): void {
    const before = this.#lanes.get(lane);
    const failures = (before?.failures ?? 0) + 1;
    const tripped = failures >= FAILURES_BEFORE_PAUSE;
    const stillPaused = before !== undefined && before.until > this.#clock.monotonic();
    if (stillPaused) return;
    const pauseMs = tripped
      ? Math.min(Math.max(FIRST_PAUSE_MS, (before?.pauseMs ?? 0) * 2), LONGEST_PAUSE_MS)
      : 0;
    const until = tripped ? this.#clock.monotonic() + pauseMs : 0;
    this.#lanes.delete(lane);
    this.#lanes.set(lane, { failures, reason, pauseMs, until, probing: false });
    if (this.#lanes.size > LANES_MAX) {
      const oldest = this.#lanes.keys().next();
      if (!oldest.done) this.#lanes.delete(oldest.value);
    }
  }

  /** The caller of `enter` is done; if it was the probe and learned nothing, the next one is. */
  leave(lane: string): void {
    const trouble = this.#lanes.get(lane);
    if (trouble?.probing) this.#lanes.set(lane, { ...trouble, probing: false });
  }
}
