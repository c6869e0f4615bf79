/**
 * A message's recorded history as steps: each with the context that replay gives, the transitions
 * taken, the guards asked and the tracker's words. Pure.
 *
 * Invariants: a step's state is the recorded one, never what today's machine makes of it; from the
 * first difference on there are neither contexts nor transitions; no content.
 */

import type { MachineEntry } from '../../../actors/machines.js';
import { describeHistory, type LocalTime } from '../../../actors/message-tracker/tracker.js';
import type { HistoryStep, ShownEvent } from '../../../schemas/console.js';
import type {
  HistoryEntry,
  MessageContext,
  MessageDocument,
  MessageEvent,
} from '../../../schemas/message.js';
import { begin, type Standing } from '../../kernel/logic.js';
import { describeDifference, replay } from '../../kernel/replay.js';
import { harmlessLine } from '../harmless.js';
import { followCourse, type StepCourse } from './course.js';

const NO_COURSE: StepCourse = { taken: [], guards: [] };

export interface Told {
  readonly steps: readonly HistoryStep[];
  readonly birth?: NonNullable<HistoryStep['context']>;
  readonly differs?: string;
}

interface Telling {
  readonly document: MessageDocument;
  readonly history: readonly HistoryEntry[];
  readonly time: LocalTime;
}

/** The whole history, from the first step. */
export function toldSteps(telling: Telling, { machine }: MachineEntry): Told {
  const { document, history } = telling;
  const first = replay(document, history);
  const same = first.ok ? history : history.slice(0, first.step);
  const replayed = first.ok ? first : replay(document, same);
  const standings = replayed.ok ? replayed.steps : [];
  const events = same.map(({ event }) => event);
  const courses = followCourse(machine, document.input, events);
  const steps = history.map((entry, index) => {
    const standing = standings[index];
    return {
      ...recordedStep({ ...telling, entry, number: index + 1, standing }),
      ...(courses[index] ?? NO_COURSE),
      ...(standing === undefined ? {} : { context: shownContext(standing.context) }),
    };
  });
  const birth = shownContext(begin(document.input).context);
  if (first.ok) return { steps, birth };
  return { steps, birth, differs: describeDifference(first, history) };
}

/** The end of a history whose beginning is not at hand: nothing of it can be replayed. */
export function toldEnd(telling: Telling, moved: number): Told {
  const steps = telling.history.map((entry, index) => ({
    ...recordedStep({ ...telling, entry, number: moved + index + 1, standing: undefined }),
    ...NO_COURSE,
  }));
  return { steps };
}

interface Recorded extends Telling {
  readonly entry: HistoryEntry;
  readonly number: number;
  readonly standing: Standing | undefined;
}

function recordedStep({ document, entry, number, standing, time }: Recorded) {
  // Deliveries of earlier rounds are only in the contexts of their time.
  const context = standing?.context ?? document.context;
  const then = { ...document, state: entry.state, context };
  const [, ...lines] = describeHistory({ document: then, history: [entry], now: 0, time });
  return {
    number,
    entry: { ...entry, event: withoutContent(entry.event) },
    lines: lines.map(({ since, what, detail }) => {
      const words = [since.startsWith('+') ? '' : since, what].filter((text) => text !== '');
      return harmlessLine([words.join(' '), detail].filter((text) => text !== '').join(': '));
    }),
  };
}

function shownContext(context: MessageContext): NonNullable<HistoryStep['context']> {
  const { input: _, content: __, ...shown } = context;
  return shown;
}

function withoutContent(event: MessageEvent): ShownEvent {
  if (event.type === 'SENDING') {
    const { copy: _, ...rest } = event;
    return rest;
  }
  if (event.type !== 'EDIT') return event;
  const { content, ...rest } = event;
  return content.kind === 'umf' ? { ...rest, bytes: JSON.stringify(content.umf).length } : rest;
}
