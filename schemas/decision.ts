/** What the decision maker decides, and why (C8). */

import type { Address } from './address.js';
import type { DeliveryPolicy } from './delivery.js';

export interface PlannedEndpoint {
  readonly endpoint?: string;
  readonly address: Address;
  readonly policy: DeliveryPolicy;
}

export interface PlanStep {
  readonly endpoints: readonly PlannedEndpoint[];
  readonly waitMs?: number;
}

export interface Plan {
  readonly confirms: 'any' | 'all';
  /** In order; the last one may be the place of last resort. Never empty. */
  readonly steps: readonly PlanStep[];
}

/** One sentence for each thing that was considered. */
export interface Reason {
  readonly rule: string;
  readonly effect: 'chose' | 'blocked' | 'noted';
  readonly text: string;
}

interface Decided {
  readonly accountVersion?: number;
  readonly profile?: string;
  readonly reasons: readonly Reason[];
}

export type Decision =
  | (Decided & { readonly kind: 'deliver'; readonly plan: Plan })
  | (Decided & { readonly kind: 'hold'; readonly until: number; readonly because: string })
  | (Decided & { readonly kind: 'refuse'; readonly status: string; readonly because: string });
