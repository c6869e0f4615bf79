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
  /** Whether a delay was told before. */
  readonly delayTold?: boolean;
}

const FAILED = 'failed.';

function failsNow({ before, after }: Moved): boolean {
  return after.startsWith(FAILED) && !before.startsWith(FAILED);
}

/** Law 9: where a message fails and its sender is not told, the reason is recorded. */
export function whyUntold(moved: Moved): string | undefined {
  if (!failsNow(moved)) return undefined;
  const { input } = moved.context;
  const why = whyNotTold(input);
  if (why !== undefined) return `not told: ${why}`;
  return input.report.failure ? undefined : 'not told: the sender asked for no such report';
}

export function followUps(moved: Moved): readonly OutboxEntry[] {
  const { before, after, context } = moved;
  const { input, round } = context;
  const isLate = context.delayTold === true && moved.delayTold !== true;
  if (isLate && after.startsWith('dispatched')) {
    return [{ kind: 'report', id: `report.${round}.delayed`, action: 'delayed' }];
  }
  if (before === after) return [];
  const fails = failsNow(moved);
  const entries: OutboxEntry[] = [];
  const mayTell = whyNotTold(input) === undefined;
  if (fails && input.report.failure && mayTell) {
    entries.push({ kind: 'report', id: `report.${round}.failed`, action: 'failed' });
  }
  if (after === 'confirmed' && input.report.success && mayTell) {
    const outside = context.recipient.kind === 'outside';
    const action = outside ? 'relayed' : 'delivered';
    entries.push({ kind: 'report', id: `report.${round}.${action}`, action });
  }
  if (fails && after === 'failed.dead') {
    entries.push({ kind: 'deadNotice', id: `dead.${round}` });
  }
  return entries;
}
