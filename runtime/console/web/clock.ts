/** The page's time: a signal that ticks each second, and times as people read them. */

import { signal } from '@preact/signals';
import { LANGUAGE } from './language.js';

const TICK_MS = 1000;

/** Milliseconds since the epoch. */
export const now = signal(Date.now());

setInterval(() => {
  now.value = Date.now();
}, TICK_MS);

/** Milliseconds of a clock that never jumps; only differences mean something. */
export function monotonic(): number {
  return performance.now();
}

export function after(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
}

/** Hours as the command line and the log write them. */
const HOURS = { hourCycle: 'h23' } as const;
const time = new Intl.DateTimeFormat(LANGUAGE, { hour: '2-digit', minute: '2-digit', ...HOURS });
const day = new Intl.DateTimeFormat(LANGUAGE, { day: 'numeric', month: 'short' });
const full = new Intl.DateTimeFormat(LANGUAGE, {
  dateStyle: 'medium',
  timeStyle: 'medium',
  ...HOURS,
});
const precise = new Intl.DateTimeFormat(LANGUAGE, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  ...HOURS,
});

/** "14:02" today, "3 Nov" on other days. */
export function shortTime(at: number): string {
  const date = new Date(at);
  const isToday = date.toDateString() === new Date(now.value).toDateString();
  return isToday ? time.format(date) : day.format(date);
}

/** "14:02" today, "3 Nov 14:02" on other days: for "until …". */
export function untilTime(at: number): string {
  const short = shortTime(at);
  const clock = time.format(new Date(at));
  return short === clock ? clock : `${short} ${clock}`;
}

export function fullTime(at: number): string {
  return full.format(new Date(at));
}

/** "14:02:11.204" */
export function preciseTime(at: number): string {
  return precise.format(new Date(at));
}

/** The next time that the clock on the wall shows this hour on another day than today. */
export function tomorrowAt(hour: number): number {
  const date = new Date(now.value);
  date.setDate(date.getDate() + 1);
  return date.setHours(hour, 0, 0, 0);
}

/** The value of a `datetime-local` field, in the browser's own time. */
export function toTimeField(at: number): string {
  const date = new Date(at);
  return new Date(at - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** What a `datetime-local` field says; undefined: no time. */
export function fromTimeField(text: string): number | undefined {
  const at = new Date(text).getTime();
  return Number.isFinite(at) ? at : undefined;
}

/** A name that nobody else has chosen: what is sent under it twice is one message. */
export function freshReference(): string {
  return crypto.randomUUID();
}
