/**
 * Recovery agent (E2): when the sweep looks at an open message again, and when it gives up. Pure.
 *
 * Every look that finds the machine unmoved pushes the next one further on; a message that was
 * looked at LOOKS_MAX times and never moved is broken, not slow: it becomes STUCK and so dead,
 * where an operator sees it (law 9). One that waits in a long queue for its turn is not broken: its
 * deliveries end by their own time.
 */

import type { Delivery } from '../../schemas/delivery.js';
import { isTakeable } from '../message-manager/deliveries.js';

/** After the first look in vain. */
export const LOOK_FIRST_MS = 60_000;
export const LOOK_MAX_MS = 3_600_000;
/** About 15 hours with the times above: longer than a night's outage. */
export const LOOKS_MAX = 20;

/** The time until the next look, after `looks` looks that moved nothing. */
export function lookAfterMs(looks: number): number {
  const doublings = Math.min(Math.max(0, looks), 30);
  return Math.min(LOOK_MAX_MS, LOOK_FIRST_MS * 2 ** doublings);
}

export type Recovery =
  | { readonly kind: 'lookAgain'; readonly lookAt: number }
  | { readonly kind: 'stuck'; readonly event: { type: 'STUCK'; looks: number; at: number } };

/** What the sweep does with a message that is due: hint it and look again later, or give up. */
export function recover(
  message: {
    readonly looks: number;
    readonly context?: { readonly deliveries: readonly Delivery[] };
  },
  now: number,
): Recovery {
  const { looks, context } = message;
  const queues = context?.deliveries.some((delivery) => isTakeable(delivery, now)) === true;
  if (looks >= LOOKS_MAX && !queues)
    return { kind: 'stuck', event: { type: 'STUCK', looks, at: now } };
  return { kind: 'lookAgain', lookAt: now + lookAfterMs(looks) };
}
