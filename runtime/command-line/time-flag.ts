/** A flag that names a time: an instant, or a span from now. */

import { parseTime } from '../clock.js';
import { parseSpan } from '../configuration/settings.js';
import { type Call, text, UsageError } from './call.js';

/** Throws UsageError for what is no time; undefined: the flag is not given. */
export function timeFlag(call: Call, flag: string): number | undefined {
  const given = text(call, flag);
  if (given === undefined) return undefined;
  const span = parseSpan(given);
  const at = span === undefined ? parseTime(given) : call.clock.now() + span;
  if (at === undefined)
    throw new UsageError(`--${flag} "${given}" is no time: 2026-11-24T07:00, or 1h`);
  return at;
}
