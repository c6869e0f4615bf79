/**
 * What else must be created when a message has moved (law 4): pure. The identifiers follow from the
 * message, its round and its state, so that creating twice is creating once.
 */

import type { MessageContext, OutboxEntry } from '../../schemas/message.js';
import { whyNotTold } from './telling.js';

interface Moved {
  readonly before: string;
  readonly after: string;
  readonly context: MessageContext;
}

const FAILED = 'failed.';

export function followUps({ before, after, context }: Moved): readonly OutboxEntry[] {
  if (before === after) return [];
  const { input, round } = context;
  const failsNow = after.startsWith(FAILED) && !before.startsWith(FAILED);
  const entries: OutboxEntry[] = [];
  const mayTell = whyNotTold(input) === undefined;
  if (failsNow && input.report.failure && mayTell) {
    entries.push({ kind: 'report', id: `report.${round}.failed`, action: 'failed' });
  }
  if (after === 'confirmed' && input.report.success && mayTell) {
    const outside = context.recipient.kind === 'outside';
    const action = outside ? 'relayed' : 'delivered';
    entries.push({ kind: 'report', id: `report.${round}.${action}`, action });
  }
  if (failsNow && after === 'failed.dead') {
    entries.push({ kind: 'deadNotice', id: `dead.${round}` });
  }
  return entries;
}
