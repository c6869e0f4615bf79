/**
 * One message's history on this page: loaded, kept up to date while one looks, and the step that is
 * looked at (in the address, so that a link shows the same).
 *
 * Invariants: without a step in the address the newest is shown, and follows; a change that is told
 * of while the history is being loaded loads it once more.
 */

import { computed, effect, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type {
  HistoryStep,
  MachineDrawing,
  MessageHistory,
} from '../../../../../schemas/console.js';
import { after, now } from '../../clock.js';
import { navigate, path, query } from '../../router.js';
import { call } from '../../server/call.js';
import { changed, stale } from '../../server/live.js';

/** Of somebody else's message no change is told: it is asked for, until it has ended. */
const ASK_AGAIN_MS = 3000;
/** What is planned for a time has happened a little later. */
const PLANNED_GRACE_MS = 1500;

export interface Machine {
  readonly drawing: MachineDrawing;
  readonly definition: unknown;
}

export interface MessageModel {
  readonly history: ReadonlySignal<MessageHistory | undefined>;
  readonly machine: ReadonlySignal<Machine | undefined>;
  readonly problem: ReadonlySignal<string | undefined>;
  /** The number of the step that is looked at; 0: its birth. */
  readonly number: ReadonlySignal<number>;
  readonly isFollowing: ReadonlySignal<boolean>;
  load(): Promise<void>;
  show(number: number): void;
  follow(): void;
  /** To the step before or after, or to an end. */
  move(to: 'first' | 'before' | 'after' | 'last'): void;
  /** Keeps it up to date; returns how to stop. */
  watch(): () => void;
}

export function messageModel(id: string): MessageModel {
  const history = signal<MessageHistory | undefined>(undefined);
  const machine = signal<Machine | undefined>(undefined);
  const problem = signal<string | undefined>(undefined);
  const wanted = computed(() => {
    const text = query.value.get('step');
    return text !== null && /^\d{1,6}$/.test(text) ? Number(text) : undefined;
  });
  const numbers = computed(() => [0, ...(history.value?.steps.map((step) => step.number) ?? [])]);
  const last = computed(() => numbers.value.at(-1) ?? 0);
  const number = computed(() => {
    const asked = wanted.value ?? last.value;
    return numbers.value.filter((one) => one <= asked).at(-1) ?? 0;
  });
  const load = loader(id, { history, machine, problem });
  const show = (to: number): void => navigate(`${path.value}?step=${to}`, 'replace');
  return {
    history,
    machine,
    problem,
    number,
    isFollowing: computed(() => wanted.value === undefined),
    load,
    show,
    follow: () => navigate(path.value, 'replace'),
    move(to) {
      const all = numbers.value;
      const at = all.indexOf(number.value);
      const index = { first: 0, before: at - 1, after: at + 1, last: all.length - 1 }[to];
      const next = all[Math.max(0, Math.min(all.length - 1, index))];
      if (to === 'last') navigate(path.value, 'replace');
      else if (next !== undefined && next !== number.value) show(next);
    },
    watch: () => watch(history, load),
  };
}

interface Loaded {
  readonly history: Signal<MessageHistory | undefined>;
  readonly machine: Signal<Machine | undefined>;
  readonly problem: Signal<string | undefined>;
}

function loader(id: string, { history, machine, problem }: Loaded): () => Promise<void> {
  let busy: Promise<void> | undefined;
  let again = false;
  async function ask(): Promise<void> {
    do {
      again = false;
      try {
        const loaded = await call('message.history', { id });
        machine.value ??= await call('machines.get', { name: loaded.machine });
        history.value = loaded;
        problem.value = undefined;
      } catch (error) {
        problem.value = error instanceof Error ? error.message : String(error);
      }
    } while (again);
    busy = undefined;
  }
  return () => {
    if (busy !== undefined) again = true;
    busy ??= ask();
    return busy;
  };
}

function watch(
  history: ReadonlySignal<MessageHistory | undefined>,
  load: () => Promise<void>,
): () => void {
  const ends = [
    changed.listen((message) => {
      if (message.key === history.value?.message.key) void load();
    }),
    stale.listen(() => void load()),
  ];
  let cancel: () => void = () => {};
  const stopAsking = effect(() => {
    const shown = history.value;
    cancel();
    if (shown === undefined) return;
    const isOthers = shown.message.direction === 'other' && !hasEnded(shown);
    const next = shown.planned.find(({ at }) => at !== null && at > now.peek())?.at;
    const untilPlanned = next == null ? Infinity : next - now.peek() + PLANNED_GRACE_MS;
    const waitMs = Math.min(isOthers ? ASK_AGAIN_MS : Infinity, untilPlanned);
    if (waitMs < LONGEST_WAIT_MS) cancel = after(waitMs, () => void load());
  });
  return () => {
    for (const end of ends) end();
    stopAsking();
    cancel();
  };
}

/** A browser's timer holds no more. */
const LONGEST_WAIT_MS = 2_000_000_000;

function hasEnded({ message: { state } }: MessageHistory): boolean {
  return state === 'confirmed' || state.startsWith('failed');
}

export function stepAt(history: MessageHistory, number: number): HistoryStep | undefined {
  return history.steps.find((step) => step.number === number);
}

/** The step that is recorded before this one; undefined: its birth. */
export function stepBefore(history: MessageHistory, number: number): HistoryStep | undefined {
  return history.steps.filter((step) => step.number < number).at(-1);
}
