/** The registry of bus adapters: one line each, and the suite in bus.ts runs over it. */

import type { Bus } from '../../runtime/bus/bus.js';
import { createMemoryBus } from '../../runtime/bus/memory.js';

export interface BusAdapter {
  readonly name: string;
  /** A bus whose window holds about `windowMax` hints. */
  open(options: { readonly windowMax: number }): Promise<Bus>;
}

export const BUSES: readonly BusAdapter[] = [
  { name: 'memory', open: async (options) => createMemoryBus(options) },
];
