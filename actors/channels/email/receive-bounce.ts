/** Late outcomes that come home as mail to `bounce+TOKEN@…` (RFC 3464, law 3). */

import type { Outcome } from '../../../schemas/delivery.js';
import type { Report } from '../../../schemas/umf.js';
import { readMail } from './codec.js';

/** The delivery which a return address belongs to. */
export interface BounceTarget {
  readonly messageKey: string;
  readonly delivery: number;
}

export interface LateFact extends BounceTarget {
  /** The same for the same fact, so that a bounce that comes twice changes nothing. */
  readonly id: string;
  readonly outcome: Outcome;
}

/**
 * The facts in a delivery report. Delays and relays decide nothing and are left out, as is mail
 * that is no report (a vacation notice, say): no failure is made up from it.
 */
export async function outcomesOf(bytes: Uint8Array, target: BounceTarget): Promise<LateFact[]> {
  const { report } = await readMail(bytes, target.messageKey);
  const facts: LateFact[] = [];
  for (const recipient of report?.recipients ?? []) {
    const outcome = outcomeOf(recipient);
    if (outcome === undefined) continue;
    const id = `bounce.${target.delivery}.${recipient.action}.${recipient.status}`;
    facts.push({ messageKey: target.messageKey, delivery: target.delivery, id, outcome });
  }
  // A token names one delivery, so one recipient: more would contradict each other.
  return facts.slice(0, 1);
}

function outcomeOf(recipient: Report['recipients'][number]): Outcome | undefined {
  const said = {
    status: recipient.status,
    reason: recipient.diagnostic,
    ...(recipient.remote !== undefined && { peer: recipient.remote }),
  };
  if (recipient.action === 'failed') return { result: 'failed', ...said };
  if (recipient.action === 'delivered') return { result: 'confirmed', level: 'delivered', ...said };
  return undefined;
}
