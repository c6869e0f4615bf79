/** The switch as operations take it, for calls that run them. */

import type { Operated } from '../operations/operation.js';
import type { ConsoleParts } from './console-call.js';

export function operatedBy({ running, store, clock, channels }: ConsoleParts): Operated {
  return { core: running, store, clock, channels };
}
