/** A clock that moves only when a test says so; timers run as it passes them, in order. */

import { createHash } from 'node:crypto';
import type { Clock } from '../../actors/machinery.js';

export interface ManualClock extends Clock {
  advance(ms: number): void;
}

/** Starts at `start`; chance is a fixed sequence, different at each call. */
export function manualClock(start = 1_700_000_000_000): ManualClock {
  let elapsed = 0;
  let drawn = 0;
  let timers: { readonly at: number; readonly run: () => void }[] = [];
  return {
    now: () => start + elapsed,
    monotonic: () => elapsed,
    after(ms, run) {
      const timer = { at: elapsed + ms, run };
      timers.push(timer);
      return {
        cancel: () => {
          timers = timers.filter((other) => other !== timer);
        },
      };
    },
    random(bytes) {
      drawn += 1;
      return createHash('shake256', { outputLength: bytes }).update(`${drawn}`).digest();
    },
    advance(ms) {
      const until = elapsed + ms;
      for (;;) {
        const next = timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        timers = timers.filter((other) => other !== next);
        elapsed = Math.max(elapsed, next.at);
        next.run();
      }
      elapsed = until;
    },
  };
}
