/** The real clock: the only place that asks the system for time or chance. */

import { randomBytes } from 'node:crypto';
import type { Clock } from '../actors/machinery.js';

/** Longest wait of one system timer; longer ones are taken in pieces. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** Random bytes are fetched from the system so many at once: a call costs more than the bytes. */
const POOL_BYTES = 4096;

/** Bytes of the system's generator; each is given out once. */
function makeRandom(): Clock['random'] {
  let pool = Buffer.alloc(0);
  let used = 0;
  return (bytes) => {
    if (bytes > POOL_BYTES) return randomBytes(bytes);
    if (used + bytes > pool.length) {
      pool = randomBytes(POOL_BYTES);
      used = 0;
    }
    const taken = Uint8Array.prototype.slice.call(pool, used, used + bytes);
    pool.fill(0, used, used + bytes);
    used += bytes;
    return taken;
  };
}

/** Time, timers and chance of this machine. Timers alone do not keep a process alive. */
export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    after(ms, run) {
      let timer: NodeJS.Timeout;
      const arm = (left: number): void => {
        const piece = Math.min(Math.max(0, left), TIMER_MAX_MS);
        timer = setTimeout(() => {
          if (left > piece) arm(left - piece);
          else run();
        }, piece);
        timer.unref();
      };
      arm(ms);
      return { cancel: () => clearTimeout(timer) };
    },
    random: makeRandom(),
  };
}

/** A command line's wait between two looks: unlike the clock's timers it keeps a process alive. */
export function pause(ms: number): Promise<void> {
  return new Promise((resume) => {
    setTimeout(resume, ms);
  });
}

/** RFC 3339 in UTC, for logs and documents: "2026-11-23T13:02:11.204Z". */
export function utcTime(at: number): string {
  return new Date(at).toISOString();
}

/** Local time of day, "14:02:11"; with milliseconds "14:02:11.204". */
export function timeOfDay(at: number, precision: 'seconds' | 'milliseconds'): string {
  const date = new Date(at);
  const parts = [date.getHours(), date.getMinutes(), date.getSeconds()];
  const time = parts.map(twoDigits).join(':');
  if (precision === 'seconds') return time;
  return `${time}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/** Local date, "2026-11-23". */
export function localDate(at: number): string {
  const date = new Date(at);
  return `${date.getFullYear()}-${twoDigits(date.getMonth() + 1)}-${twoDigits(date.getDate())}`;
}

/** The local zone's distance from UTC at that time, "+01:00". */
export function zoneOffset(at: number): string {
  const minutes = -new Date(at).getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${twoDigits(Math.floor(size / 60))}:${twoDigits(size % 60)}`;
}

/** A time as people and programs write it ("2026-11-24T07:00", "…Z", "…+01:00"); local if bare. */
export function parseTime(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/.test(text)) {
    return undefined;
  }
  const at = new Date(text.length === 10 ? `${text}T00:00` : text.replace(' ', 'T')).getTime();
  return Number.isNaN(at) ? undefined : at;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
