/** Runs the store suite over every registered adapter. */

import { describeStore } from './store.js';
import { STORES } from './stores.js';

for (const adapter of STORES) describeStore(adapter);
