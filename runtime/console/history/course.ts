/**
 * Which transitions of a machine a row of events takes, and which guards were asked on the way: of
 * any machine, from XState's own inspection.
 *
 * Invariants: nothing runs but the machine (time stands still for it); the machine is followed to
 * the first event that it does not take.
 */

import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyTransitionDefinition,
  createActor,
  getNextTransitions,
  isMachineSnapshot,
} from 'xstate';
import type { HistoryStep } from '../../../schemas/console.js';
import { type DrawnEdge, drawEdges } from './drawing.js';

export type StepCourse = Pick<HistoryStep, 'taken' | 'guards'>;

interface Microstep {
  readonly before: AnyMachineSnapshot;
  readonly transitions: readonly AnyTransitionDefinition[];
  /** '' where it was taken at once. */
  readonly event: string;
}

const STANDING_CLOCK = { setTimeout: () => 0, clearTimeout: () => {} };
const AT_ONCE = '';

/** One entry for each event; fewer where an event is not taken or the machine fails. */
export function followCourse(
  machine: AnyStateMachine,
  input: unknown,
  events: readonly { readonly type: string }[],
): readonly StepCourse[] {
  const edges = drawEdges(machine);
  const seen: { snapshot: AnyMachineSnapshot; transitions: AnyTransitionDefinition[] }[] = [];
  let failed = false;
  const actor = createActor(machine, {
    input,
    clock: STANDING_CLOCK,
    inspect(inspected) {
      if (inspected.type !== '@xstate.microstep' || inspected.actorRef !== actor) return;
      const { snapshot, _transitions: transitions } = inspected;
      if (isMachineSnapshot(snapshot)) seen.push({ snapshot, transitions });
    },
  });
  actor.subscribe({
    error: () => {
      failed = true;
    },
  });
  actor.start();
  const courses: StepCourse[] = [];
  for (const event of events) {
    let before: AnyMachineSnapshot = actor.getSnapshot();
    seen.length = 0;
    actor.send(event);
    const steps: Microstep[] = [];
    for (const { snapshot, transitions } of seen) {
      const isFirst = steps.length === 0;
      steps.push({ before, transitions, event: isFirst ? event.type : AT_ONCE });
      before = snapshot;
    }
    if (failed || !steps.some(({ transitions }) => transitions.length > 0)) break;
    steps.push({ before, transitions: [], event: AT_ONCE });
    courses.push({
      taken: steps.flatMap(({ transitions }) => idsOf(edges, transitions)),
      guards: steps.flatMap((step) => guardsAsked(edges, step)),
    });
  }
  actor.stop();
  return courses;
}

function idsOf(edges: readonly DrawnEdge[], taken: readonly AnyTransitionDefinition[]): string[] {
  return edges.filter(({ transition }) => taken.includes(transition)).map(({ id }) => id);
}

/** Guards are asked in order, from the innermost state outwards, until one lets through. */
function guardsAsked(edges: readonly DrawnEdge[], step: Microstep): StepCourse['guards'] {
  const asked: { edge: string; held: boolean }[] = [];
  for (const transition of getNextTransitions(step.before)) {
    if (transition.eventType !== step.event) continue;
    const held = step.transitions.includes(transition);
    const [edge] = edges.filter((one) => one.transition === transition);
    if (edge?.guard !== undefined) asked.push({ edge: edge.id, held });
    if (held) break;
  }
  return asked;
}
