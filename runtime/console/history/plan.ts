/** What will happen to a message if nothing else does, for its time line: pure. */

import { spanText } from '../../../actors/message-tracker/words.js';
import type { PlannedStep } from '../../../schemas/console.js';
import type { Delivery } from '../../../schemas/delivery.js';
import type { MessageDocument } from '../../../schemas/message.js';

/** The earliest first; what has no time of its own is last. */
export function plannedSteps(document: MessageDocument, now: number): readonly PlannedStep[] {
  if (document.closed) return [];
  const planned = document.state.startsWith('dispatched')
    ? [...document.context.deliveries.flatMap((one) => ofDelivery(one, now)), ...ofPlan(document)]
    : ofHold(document);
  const { expiresAt } = document.context;
  if (expiresAt !== null) planned.push({ at: expiresAt, text: 'expires, if still unconfirmed' });
  return planned.sort((a, b) => (a.at ?? Infinity) - (b.at ?? Infinity));
}

function ofHold({ state, context }: MessageDocument): PlannedStep[] {
  if (state !== 'routed.held' || context.heldUntil === null) return [];
  const text = 'decided anew, by the profile that is active then';
  return [{ at: context.heldUntil, text, command: 'release' }];
}

function ofDelivery(delivery: Delivery, now: number): PlannedStep[] {
  const { id, address, phase, trials, policy, dueAt } = delivery;
  const base = { delivery: id, at: dueAt };
  if (phase === 'ready') {
    const text = `${address.channel}: trial ${trials + 1} of ${policy.trials}`;
    return [{ ...base, text, ...(dueAt > now ? { command: 'retry' } : {}) }];
  }
  if (phase === 'sending') return [{ ...base, text: `${address.channel}: its answer is due` }];
  if (phase !== 'accepted') return [];
  const wait = spanText(policy.confirmWithinMs);
  return [{ ...base, text: `${address.channel}: a receipt is due, within ${wait}` }];
}

function ofPlan({ context }: MessageDocument): PlannedStep[] {
  const next = context.plan?.steps[context.stepsStarted];
  if (next === undefined) return [];
  const ways = next.endpoints.map(({ address }) => address.channel).join(' and ');
  const { nextStepAt } = context;
  const when = nextStepAt === null ? 'if every way before fails' : 'if still unconfirmed';
  return [{ at: nextStepAt, text: `${ways}, ${when}` }];
}
