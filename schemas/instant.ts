/** How a time reads in text that people see: the decision's reasons, reports, notices. */

/** The last time that a date can say (ECMA-262, 21.4.1.1). */
const LATEST_MS = 8_640_000_000_000_000;

/** A time in words, to the second: `2026-11-23 09:00:00 UTC`. */
export function instantText(timeMs: number): string {
  if (!Number.isFinite(timeMs) || Math.abs(timeMs) > LATEST_MS)
    return 'a time beyond all calendars';
  const [day = '', rest = ''] = new Date(timeMs).toISOString().split('T');
  return `${day} ${rest.slice(0, 8)} UTC`;
}
