/** Runs the bus suite over every registered adapter. */

import { describeBus } from './bus.js';
import { BUSES } from './buses.js';

for (const adapter of BUSES) describeBus(adapter);
