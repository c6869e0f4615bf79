/** A history as the rows of a time line, with its lanes and its gaps: pure. */

import type {
  HistoryStep,
  MachineDrawing,
  MessageHistory,
  PlannedStep,
  ShownEvent,
} from '../../../../../schemas/console.js';

export type Dot = 'started' | 'good' | 'bad' | 'again' | 'open' | 'lost';

export interface Lane {
  readonly delivery: number;
  readonly channel: string;
  readonly name: string;
}

export type Row =
  | {
      readonly kind: 'step';
      readonly number: number;
      readonly at: number;
      readonly text: string;
      readonly state: string;
      /** The outermost state has changed: a station of the rail. */
      readonly isStation: boolean;
      readonly changesState: boolean;
      readonly dot?: { readonly lane: number; readonly kind: Dot };
    }
  | { readonly kind: 'gap'; readonly ms: number }
  | { readonly kind: 'omitted'; readonly text: string }
  | { readonly kind: 'planned'; readonly planned: PlannedStep; readonly lane?: number };

/** Longer than this between two steps, and the line is broken. */
const GAP_MS = 60_000;

export function lanesOf({ steps, message }: MessageHistory): readonly Lane[] {
  const lanes = new Map<number, Lane>();
  for (const { context } of steps) {
    for (const { id, address } of context?.deliveries ?? []) {
      if (lanes.has(id)) continue;
      const out = message.outs.find((one) => one.delivery === id);
      lanes.set(id, { delivery: id, channel: address.channel, name: out?.device ?? address.value });
    }
  }
  return [...lanes.values()].sort((a, b) => a.delivery - b.delivery);
}

/** @param initial the state in which a message begins */
export function rowsOf(history: MessageHistory, initial: string, at: number): readonly Row[] {
  const rows: Row[] = [];
  const lanes = lanesOf(history);
  const laneOf = (delivery: number | undefined): number =>
    lanes.findIndex((lane) => lane.delivery === delivery);
  let before = { at: history.message.at, state: initial, number: 0 };
  rows.push({
    kind: 'step',
    number: 0,
    at: before.at,
    text: `came in by ${history.message.in}`,
    state: initial,
    isStation: true,
    changesState: true,
  });
  for (const step of history.steps) {
    const isNext = step.number === before.number + 1;
    if (!isNext)
      rows.push({ kind: 'omitted', text: history.omitted ?? 'Some steps are not shown.' });
    const ms = step.entry.event.at - before.at;
    if (isNext && ms > GAP_MS) rows.push({ kind: 'gap', ms });
    rows.push(rowOf(step, before.state, laneOf));
    before = { at: step.entry.event.at, state: step.entry.state, number: step.number };
  }
  const plans = history.planned.map((planned): Row => {
    const lane = laneOf(planned.delivery);
    return { kind: 'planned', planned, ...(lane >= 0 && { lane }) };
  });
  const first = history.planned[0]?.at;
  if (first != null && first - Math.max(before.at, at) > GAP_MS) {
    rows.push({ kind: 'gap', ms: first - before.at });
  }
  return [...rows, ...plans];
}

function rowOf(
  step: HistoryStep,
  stateBefore: string,
  laneOf: (delivery: number | undefined) => number,
): Row {
  const { event, state } = step.entry;
  const kind = dotOf(event);
  const lane = 'delivery' in event ? laneOf(event.delivery) : -1;
  return {
    kind: 'step',
    number: step.number,
    at: event.at,
    text: step.lines[0] ?? event.type.toLowerCase(),
    state,
    isStation: outermost(state) !== outermost(stateBefore),
    changesState: state !== stateBefore,
    ...(kind !== undefined && lane >= 0 && { dot: { lane, kind } }),
  };
}

function dotOf(event: ShownEvent): Dot | undefined {
  if (event.type === 'SENDING') return 'started';
  if (event.type === 'ATTEMPT_LOST') return 'lost';
  if (event.type !== 'OUTCOME') return undefined;
  const { result } = event.outcome;
  if (result === 'confirmed') return 'good';
  if (result === 'failed') return 'bad';
  return result === 'accepted' ? 'open' : 'again';
}

export function outermost(state: string): string {
  return state.split('.', 1)[0] ?? state;
}

/** The rail: the machine's outermost states, each passed, current or not reached. */
export function stationsOf(
  { nodes, initial }: MachineDrawing,
  history: MessageHistory,
  number: number,
): readonly { readonly id: string; readonly standing: 'passed' | 'current' | 'ahead' }[] {
  const upTo = history.steps.filter((step) => step.number <= number);
  const states = [initial, ...upTo.map(({ entry }) => entry.state)].map(outermost);
  const current = states.at(-1);
  return nodes
    .filter(({ parent }) => parent === undefined || parent === '')
    .filter(({ id }) => id !== '')
    .map(({ id }) => ({
      id,
      standing: id === current ? 'current' : states.includes(id) ? 'passed' : 'ahead',
    }));
}
