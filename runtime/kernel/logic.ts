/**
 * Runs the message machine over documents: pure.
 *
 * XState's public `transition()` builds an actor at each call (~23 µs). `machine.transition` with
 * one inert scope, reused, gives the same snapshots at a quarter of that; it allows no invoke
 * and no spawn, which message machines do not have. This is the only file that knows; a test holds
 * that both agree.
 */

import type { AnyActorScope, AnyMachineSnapshot } from 'xstate';
import { createEmptyActor } from 'xstate';
import { MACHINE_VERSION, messageMachine } from '../../actors/message-manager/machine.js';
import { birth } from '../../actors/message-manager/progress.js';
import type {
  HistoryEntry,
  MessageContext,
  MessageDocument,
  MessageEvent,
  MessageInput,
} from '../../schemas/message.js';

type Snapshot = ReturnType<typeof messageMachine.getInitialSnapshot>;

function makeInertScope(): AnyActorScope {
  const self = createEmptyActor();
  const nothing = () => {};
  return {
    self,
    id: self.id,
    sessionId: self.sessionId,
    logger: nothing,
    defer: nothing,
    emit: nothing,
    system: self.system,
    stopChild: nothing,
    actionExecutor: nothing,
  };
}

const inertScope = makeInertScope();

/** `{ dispatched: 'waiting' }` → `dispatched.waiting`. */
export function dotted(value: unknown): string {
  if (typeof value === 'string') return value;
  const [outer, inner] = Object.entries(value as Record<string, unknown>)[0] ?? ['', ''];
  return `${outer}.${dotted(inner)}`;
}

/** `dispatched.waiting` → `{ dispatched: 'waiting' }`. */
export function undotted(state: string): Snapshot['value'] {
  const [outer = '', inner] = state.split('.');
  return (inner === undefined ? outer : { [outer]: inner }) as Snapshot['value'];
}

/** Where a message stands: what is stored of an XState snapshot. */
export interface Standing {
  readonly state: string;
  readonly context: MessageContext;
}

const snapshots = new Map<string, Snapshot>();

/**
 * The snapshot of a state. Finding the state's nodes costs more than the transition does, so each
 * state's snapshot is made once, and lent another context each time: nothing else of it changes.
 */
function snapshotAt({ state, context }: Standing): Snapshot {
  let known = snapshots.get(state);
  if (known === undefined) {
    known = messageMachine.resolveState({ value: undotted(state), context });
    snapshots.set(state, known);
  }
  return { ...known, context };
}

/** The machine begins nowhere else, whatever the input; only the context follows from it. */
let firstState: string | undefined;

export function begin(input: MessageInput): Standing {
  if (firstState !== undefined) return { state: firstState, context: birth(input) };
  const snapshot = messageMachine.getInitialSnapshot(inertScope as never, input);
  firstState = dotted(snapshot.value);
  return { state: firstState, context: snapshot.context };
}

/** The standing after one event; undefined when the state does not take it. */
export function transit(standing: Standing, event: MessageEvent): Standing | undefined {
  const before = snapshotAt(standing);
  const after: AnyMachineSnapshot = messageMachine.transition(before, event, inertScope as never);
  if (after === before) return undefined;
  return { state: dotted(after.value), context: after.context };
}

export function standingOf(document: MessageDocument): Standing {
  return { state: document.state, context: { ...document.context, input: document.input } };
}

export interface Walked {
  readonly standing: Standing;
  readonly entries: readonly HistoryEntry[];
}

/**
 * Applies events in order; undefined as soon as one is not taken, so that nothing is written.
 * @param from.savedAt when the message was last saved, for the handling times
 */
export function walk(
  from: { readonly standing: Standing; readonly savedAt: number; readonly worker: string },
  events: readonly MessageEvent[],
): Walked | undefined {
  let { standing } = from;
  let last = from.savedAt;
  const entries: HistoryEntry[] = [];
  for (const event of events) {
    const next = transit(standing, event);
    if (next === undefined) return undefined;
    standing = next;
    const tookMs = Math.max(0, event.at - last);
    entries.push({ event, state: standing.state, tookMs, worker: from.worker });
    last = event.at;
  }
  return { standing, entries };
}

export { MACHINE_VERSION };
