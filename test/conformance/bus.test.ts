import { describeBus } from './bus.js';
import { BUSES } from './buses.js';

for (const adapter of BUSES) describeBus(adapter);
