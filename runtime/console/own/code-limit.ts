/**
 * How many codes may be sent: nobody's mailbox is filled by codes that others ask for, and nobody
 * guesses one by asking often enough.
 *
 * Invariants: counts by account, and by address over all accounts; in memory, of one process;
 * bounded: beyond ENTRIES_MAX what was counted longest ago is forgotten.
 */

import type { Clock } from '../../../actors/machinery.js';
import { type Address, addressKey } from '../../../schemas/address.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const ENTRIES_MAX = 10_000;

interface Window {
  readonly withinMs: number;
  readonly max: number;
}

/** Five tries a code: 50 guesses a day among a million. */
export const CODES_FOR_ADDRESS: readonly Window[] = [
  { withinMs: HOUR_MS, max: 3 },
  { withinMs: DAY_MS, max: 10 },
];
export const CODES_FOR_ACCOUNT: readonly Window[] = [
  { withinMs: HOUR_MS, max: 10 },
  { withinMs: DAY_MS, max: 30 },
];

export class CodeLimit {
  readonly #clock: Clock;
  /** When codes were sent, the oldest first. */
  readonly #sent = new Map<string, readonly number[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts a code that is about to be sent; or how long that must wait, and nothing is counted. */
  take(account: string, address: Address): number {
    const keys = [`account/${account}`, addressKey(address)] as const;
    const waitMs = Math.max(
      this.#waitMs(keys[0], CODES_FOR_ACCOUNT),
      this.#waitMs(keys[1], CODES_FOR_ADDRESS),
    );
    if (waitMs === 0) for (const key of keys) this.#count(key);
    return waitMs;
  }

  #waitMs(key: string, windows: readonly Window[]): number {
    const now = this.#clock.monotonic();
    const sent = this.#sent.get(key) ?? [];
    const waits = windows.map(({ withinMs, max }) => {
      const first = sent.at(-max);
      return first === undefined ? 0 : first + withinMs - now;
    });
    return Math.max(0, ...waits);
  }

  #count(key: string): void {
    const now = this.#clock.monotonic();
    const sent = (this.#sent.get(key) ?? []).filter((at) => now - at < DAY_MS);
    this.#sent.delete(key);
    this.#sent.set(key, [...sent, now]);
    const oldest = this.#sent.keys().next();
    if (this.#sent.size > ENTRIES_MAX && !oldest.done) this.#sent.delete(oldest.value);
  }
}
