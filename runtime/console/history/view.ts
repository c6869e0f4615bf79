/**
 * What of a message's history somebody may see: pure.
 *
 * Its recipient and operators see the whole of it, envelopes only. Its sender alone sees the course
 * of its states: not the recipient's devices, ways, quiet times, nor reasons that name them; a
 * message that is held looks like any other that waits. Of what went to somebody outside the sender
 * sees all, but not which worker did it.
 */

import { may } from '../../../actors/authentication-manager/rights.js';
import { headline, standing } from '../../../actors/message-tracker/tracker.js';
import { honestPhrase } from '../../../actors/message-tracker/words.js';
import type { Account } from '../../../schemas/account.js';
import type { HistoryStep } from '../../../schemas/console.js';
import type { HistoryEntry, MessageDocument } from '../../../schemas/message.js';
import { utcTime } from '../../clock.js';
import { harmlessLine } from '../harmless.js';
import { directionFor } from '../summary.js';

/** The page shows times as they are where the reader is. */
export const UTC = { precise: utcTime, short: utcTime };

export type View = 'operator' | 'own' | 'outside' | 'course';

export function viewFor(document: MessageDocument, account: Account): View | undefined {
  if (may(account, 'message.track')) return 'operator';
  const direction = directionFor(document, account);
  if (direction === 'in') return 'own';
  if (direction !== 'out') return undefined;
  return isOutside(document) ? 'outside' : 'course';
}

/** Nobody of ours is or was its recipient, and it still goes where its sender sent it. */
function isOutside({ input, context }: MessageDocument): boolean {
  const [then, now] = [input.recipient, context.recipient];
  if (then.kind !== 'outside' || now.kind !== 'outside') return false;
  return then.via.channel === now.via.channel && then.via.value === now.via.value;
}

/** Who wrote to whom, and about what. */
export function headlineFor(document: MessageDocument, view: View): string {
  if (view !== 'course') return harmlessLine(headline(document));
  const { input, context } = document;
  const asSent = { ...document, context: { ...context, recipient: input.recipient } };
  return harmlessLine(headline(asSent));
}

/** Where it stands; the page counts down to what is planned by itself. */
export function standingFor(document: MessageDocument, view: View): string {
  if (view === 'course') return harmlessLine(honestPhrase(document));
  return harmlessLine(
    standing({ document: { ...document, dueAt: null }, now: 0, time: UTC, history: [] }),
  );
}

/** A sender's steps: one for each state that it may know of. */
export function courseSteps(history: readonly HistoryEntry[]): readonly HistoryStep[] {
  const steps: HistoryStep[] = [];
  for (const { event, state } of history) {
    const shown = courseState(state);
    if (steps.at(-1)?.entry.state === shown) continue;
    steps.push({
      number: steps.length + 1,
      entry: { event: plainEvent(shown, event.at), state: shown, tookMs: 0, worker: '' },
      taken: [],
      guards: [],
      lines: [shown],
    });
  }
  return steps;
}

/** Without substates; what was only decided looks as if it were not yet. */
function courseState(state: string): string {
  const [top = state] = state.split('.');
  return top === 'routed' ? 'stored' : top;
}

/** Which event it was is the recipient's affair; that the time came is nobody's secret. */
function plainEvent(state: string, at: number): HistoryStep['entry']['event'] {
  if (state === 'stored') return { type: 'STORED', at };
  return state === 'dispatched' ? { type: 'DISPATCHED', at } : { type: 'DUE', at };
}

/** Which of our workers did it is for operators. */
export function withoutWorkers(step: HistoryStep): HistoryStep {
  const { event } = step.entry;
  const unnamed = event.type === 'SENDING' ? { ...event, worker: '' } : event;
  return { ...step, entry: { ...step.entry, event: unnamed, worker: '' } };
}
