/**
 * Why a message goes where it goes, in words (C8), and what would happen to one that nobody sent.
 * Both use the decision itself: an explanation that could differ from it would be worth nothing.
 */

import type { Decision, PlanStep, Reason } from '../../schemas/decision.js';
import { instantText } from '../../schemas/instant.js';
import { type DecisionInput, decide } from './decision-maker.js';

const MARKS: Readonly<Record<Reason['effect'], string>> = { chose: '✓', blocked: '✗', noted: '·' };

function stepText(step: PlanStep): string {
  return step.endpoints.map((planned) => planned.address.channel).join(' and ');
}

/** The decision in one sentence. */
export function headline(decision: Decision): string {
  switch (decision.kind) {
    case 'hold':
      return `held until ${instantText(decision.until)}: ${decision.because}`;
    case 'refuse':
      return `refused (${decision.status}): ${decision.because}`;
    case 'deliver':
      return `goes by ${decision.plan.steps.map(stepText).join(', else ')}`;
  }
}

/** The headline, the account's version, then a line for each thing that was considered. */
export function explain(decision: Decision): readonly string[] {
  const version = decision.accountVersion;
  return [
    headline(decision),
    ...(version === undefined ? [] : [`decided from the account's version ${version}`]),
    ...decision.reasons.map((reason) => `${MARKS[reason.effect]} ${reason.rule}: ${reason.text}`),
  ];
}

/** What would happen to this message at the time `now` of the input; nothing is sent. */
export function dryRun(input: DecisionInput): {
  readonly decision: Decision;
  readonly lines: readonly string[];
} {
  const decision = decide(input);
  return { decision, lines: explain(decision) };
}
