/**
 * Replay: runs the recorded events of a message through today's machine and compares each state
 * with the recorded one. Contexts are not stored at each step; replay is how they are shown.
 */

import type { HistoryEntry, MessageDocument } from '../../schemas/message.js';
import { begin, type Standing, transit } from './logic.js';

export type Replayed =
  | { readonly ok: true; readonly steps: readonly Standing[] }
  | {
      readonly ok: false;
      /** Index of the first entry that differs. */
      readonly step: number;
      readonly expected: string;
      /** The state reached, or `not taken`. */
      readonly got: string;
    };

export function replay(
  document: Pick<MessageDocument, 'input'>,
  history: readonly HistoryEntry[],
): Replayed {
  let standing = begin(document.input);
  const steps: Standing[] = [];
  for (const [step, entry] of history.entries()) {
    const next = transit(standing, entry.event);
    const got = next?.state ?? 'not taken';
    if (next === undefined || got !== entry.state) {
      return { ok: false, step, expected: entry.state, got };
    }
    standing = next;
    steps.push(standing);
  }
  return { ok: true, steps };
}

/** The first difference in words: the step, its event, the state then and the state now. */
export function describeDifference(
  { step, expected, got }: Replayed & { readonly ok: false },
  history: readonly HistoryEntry[],
): string {
  const before = history[step - 1]?.state ?? 'its birth';
  const event = history[step]?.event.type ?? 'no event';
  const now = got === 'not taken' ? 'does not take it' : `goes to ${got}`;
  const where = `step ${step + 1} of ${history.length}`;
  return `${where}: ${event} led from ${before} to ${expected}; today's machine ${now}`;
}
