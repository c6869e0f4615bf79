/**
 * How much runs through the switch, and how fast: columns of ten seconds for some hours, in memory
 * only. Fed by every stored step, so that a page can draw them; nothing here can change or delay a
 * message.
 *
 * Invariants: a step costs a few additions; memory is taken once, whatever the traffic; times lie
 * in buckets whose bounds grow by a fixed ratio, so a quantile is at most that ratio too large.
 */

import type { Clock } from '../../actors/machinery.js';
import type { RatePoint } from '../../schemas/console.js';
import type { MessageDocument } from '../../schemas/message.js';
import type { Step } from '../core.js';

export const COLUMN_MS = 10_000;
export const KEPT_MS = 6 * 3_600_000;
/** Columns of an answer: longer spans get wider ones. */
export const POINTS_MAX = 360;

const COLUMNS = KEPT_MS / COLUMN_MS;
const BUCKETS = 64;
/** The bounds are FIRST_MS · RATIO^n: from half a millisecond to about ten minutes. */
const FIRST_MS = 0.5;
const RATIO = 1.25;
const LOG_RATIO = Math.log(RATIO);
/** What was tried more often, or longer ago, is not a measure of the switch's own speed. */
const HISTORY_LOOKED_AT = 8;

export interface Rates {
  /** Told of every stored step. */
  stepped(step: Step): void;
  /** What the last `spanMs` brought, the oldest first; nothing from before the start. */
  points(spanMs: number): { readonly everyMs: number; readonly points: readonly RatePoint[] };
}

/** The rates of one process, from now on. */
export function createRates(clock: Clock): Rates {
  return new Columns(clock);
}

/** Sums of some columns. */
interface Sum {
  accepted: number;
  finished: number;
  failed: number;
  readonly times: Uint32Array;
}

class Columns implements Rates {
  readonly #clock: Clock;
  readonly #startedAt: number;
  /** Which column of all time stands at each place; another one there means: empty. */
  readonly #numbers = new Float64Array(COLUMNS).fill(-1);
  readonly #accepted = new Uint32Array(COLUMNS);
  readonly #finished = new Uint32Array(COLUMNS);
  readonly #failed = new Uint32Array(COLUMNS);
  readonly #times = new Uint32Array(COLUMNS * BUCKETS);

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAt = clock.now();
  }

  stepped({ before, held }: Step): void {
    const { document } = held;
    const place = this.#placeNow();
    if (before === undefined) add(this.#accepted, place);
    if (isEnd(document.state) && document.state !== before?.state) {
      add(this.#finished, place);
      if (document.state !== 'confirmed') add(this.#failed, place);
    }
    const tookMs = handledIn(document);
    if (tookMs !== undefined) add(this.#times, place * BUCKETS + bucketOf(tookMs));
  }

  points(spanMs: number): { everyMs: number; points: readonly RatePoint[] } {
    const span = Math.min(KEPT_MS, Math.max(COLUMN_MS, spanMs));
    const merged = Math.ceil(span / COLUMN_MS / POINTS_MAX);
    const everyMs = merged * COLUMN_MS;
    const now = this.#clock.now();
    const from = Math.max(
      Math.floor(this.#startedAt / everyMs),
      Math.floor((now - span) / everyMs),
    );
    // The ring's oldest place is the one that is written next.
    const oldest = Math.floor(now / COLUMN_MS) - COLUMNS + 1;
    const points: RatePoint[] = [];
    for (let at = from; at * everyMs <= now; at += 1) {
      const first = Math.max(oldest, at * merged);
      points.push(this.#point(at * everyMs, first, at * merged + merged));
    }
    return { everyMs, points };
  }

  #point(at: number, first: number, end: number): RatePoint {
    const times = new Uint32Array(BUCKETS);
    const sum: Sum = { accepted: 0, finished: 0, failed: 0, times };
    for (let number = first; number < end; number += 1) this.#addTo(sum, number);
    const { accepted, finished, failed } = sum;
    const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)];
    return { at, accepted, finished, failed, p50, p99 };
  }

  #addTo(sum: Sum, number: number): void {
    const place = number % COLUMNS;
    if (this.#numbers[place] !== number) return;
    sum.accepted += this.#accepted[place] ?? 0;
    sum.finished += this.#finished[place] ?? 0;
    sum.failed += this.#failed[place] ?? 0;
    const base = place * BUCKETS;
    for (let i = 0; i < BUCKETS; i += 1) {
      sum.times[i] = (sum.times[i] ?? 0) + (this.#times[base + i] ?? 0);
    }
  }

  #placeNow(): number {
    const number = Math.floor(this.#clock.now() / COLUMN_MS);
    const place = number % COLUMNS;
    if (this.#numbers[place] !== number) {
      this.#numbers[place] = number;
      this.#accepted[place] = 0;
      this.#finished[place] = 0;
      this.#failed[place] = 0;
      this.#times.fill(0, place * BUCKETS, (place + 1) * BUCKETS);
    }
    return place;
  }
}

function add(counts: Uint32Array, place: number): void {
  counts[place] = (counts[place] ?? 0) + 1;
}

function isEnd(state: string): boolean {
  return state === 'confirmed' || state.startsWith('failed');
}

/** From the sender's first word to the first outcome; undefined: not this step, or it was held. */
function handledIn({ history, historyMoved, input }: MessageDocument): number | undefined {
  const last = history.at(-1)?.event;
  if (last?.type !== 'OUTCOME' || historyMoved > 0 || history.length > HISTORY_LOOKED_AT) return;
  for (let i = 0; i < history.length - 1; i += 1) {
    const entry = history[i];
    if (entry?.event.type === 'OUTCOME' || entry?.state === 'routed.held') return undefined;
  }
  return Math.max(0, last.at - input.origin.startedAt);
}

function bucketOf(ms: number): number {
  if (ms <= FIRST_MS) return 0;
  return Math.min(BUCKETS - 1, Math.ceil(Math.log(ms / FIRST_MS) / LOG_RATIO));
}

/** The upper bound of the bucket in which the quantile lies; null: nothing was counted. */
function quantile(times: Uint32Array, share: number): number | null {
  let total = 0;
  for (const count of times) total += count;
  if (total === 0) return null;
  let left = Math.ceil(total * share);
  for (let i = 0; i < BUCKETS; i += 1) {
    left -= times[i] ?? 0;
    if (left <= 0) return Math.round(FIRST_MS * RATIO ** i * 10) / 10;
  }
  return null;
}
