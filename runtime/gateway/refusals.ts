/** What the web door refused: counted by its reason, and told in the log now and then. */

import type { Clock, Log } from '../../actors/machinery.js';

/** Somebody who is refused again and again is told about once in this time, for each reason. */
const LOG_EVERY_MS = 10_000;

export class Refusals {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #counted: ((reason: string) => void) | undefined;
  readonly #since = new Map<string, { loggedAt: number; unlogged: number }>();

  constructor(clock: Clock, log: Log, counted: ((reason: string) => void) | undefined) {
    this.#clock = clock;
    this.#log = log;
    this.#counted = counted;
  }

  /** Reasons are a few fixed words. */
  count(reason: string): void {
    this.#counted?.(reason);
    const now = this.#clock.monotonic();
    const entry = this.#since.get(reason) ?? { loggedAt: -Infinity, unlogged: 0 };
    this.#since.set(reason, entry);
    entry.unlogged += 1;
    if (now - entry.loggedAt < LOG_EVERY_MS) return;
    this.#log.warn('http.refused', { reason, count: entry.unlogged });
    entry.loggedAt = now;
    entry.unlogged = 0;
  }
}
