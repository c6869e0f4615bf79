/** Times as the reader of a terminal knows them: local, the date only when it is not today's. */

import type { LocalTime } from '../../actors/message-tracker/tracker.js';
import { localDate, timeOfDay, zoneOffset } from '../clock.js';

/** Local times around `now`. */
export function localTime(now: number): LocalTime {
  const today = localDate(now);
  return {
    precise: (at) => timeOfDay(at, 'milliseconds'),
    short: (at) => {
      const time = timeOfDay(at, 'seconds');
      return localDate(at) === today ? time : `${localDate(at)} ${time}`;
    },
  };
}

/** "2026-11-23 14:02:11 +01:00" */
export function fullTime(at: number): string {
  return `${localDate(at)} ${timeOfDay(at, 'seconds')} ${zoneOffset(at)}`;
}

/** A table whose columns are as wide as their widest cell. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  }
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
