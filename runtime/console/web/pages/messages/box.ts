/**
 * The boxes: what came, what was sent, what waits. Kept for as long as the page is open.
 *
 * Stages: the first page is asked for → older ones on demand → every change that the live line
 * tells is merged → after a gap (`stale`) the first page is asked for again.
 * Invariants: a key stands in a box once; of two states of a message the newer one is shown.
 */

import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { MessageSummary } from '../../../../../schemas/console.js';
import { after } from '../../clock.js';
import { call } from '../../server/call.js';
import { changed, stale } from '../../server/live.js';
import type { BoxName } from './place.js';

/** Changes come in bursts; what waits is counted once for each burst. */
const RECOUNT_MS = 300;

/** What waits for the end of a quiet time, whichever box is shown. */
export const held = signal<{ readonly count: number; readonly until?: number }>({ count: 0 });

export interface Box {
  readonly name: BoxName;
  /** Newest first; undefined: not yet known. */
  readonly messages: ReadonlySignal<readonly MessageSummary[] | undefined>;
  readonly hasMore: ReadonlySignal<boolean>;
  readonly busy: Signal<boolean>;
  readonly problem: Signal<string | undefined>;
  /** What is looked for; '' everything. */
  readonly sought: Signal<string>;
  /** Keys that came while the list was looked at, to be shown as such. */
  readonly arrived: ReadonlySet<string>;
  /** The list is shown anew: what is there has arrived before. */
  settle(): void;
  load(): Promise<void>;
  loadMore(): Promise<void>;
  seek(text: string): Promise<void>;
}

/** Which of two states of one message is the newer one. */
export function newer(one: MessageSummary, other: MessageSummary): MessageSummary {
  if (one.steps !== other.steps) return one.steps > other.steps ? one : other;
  return one.savedAt >= other.savedAt ? one : other;
}

function belongs(box: BoxName, message: MessageSummary): boolean {
  if (box === 'sent') return message.direction === 'out';
  const waits = message.heldUntil !== undefined;
  return message.direction === 'in' && waits === (box === 'held');
}

function makeBox(name: BoxName): Box & { take(message: MessageSummary): void } {
  const known = signal<ReadonlyMap<string, MessageSummary> | undefined>(undefined);
  const next = signal<string | undefined>(undefined);
  const busy = signal(false);
  const problem = signal<string | undefined>(undefined);
  const sought = signal('');
  const arrived = new Set<string>();
  /** Told by the line while a list was awaited: the list may be older than that. */
  let meanwhile = new Set<string>();
  let latest = 0;

  async function list(before: string | undefined): Promise<void> {
    latest += 1;
    const mine = latest;
    busy.value = true;
    meanwhile = new Set();
    try {
      const search = sought.value === '' ? {} : { search: sought.value };
      const from = before === undefined ? {} : { before };
      const answer = await call('messages.list', { box: name, ...from, ...search });
      if (mine !== latest) return;
      const oldest = answer.items.at(-1);
      // Where older pages stay, so does the way on from them.
      const touches = oldest !== undefined && known.value?.has(oldest.key) === true;
      if (before !== undefined || !touches) next.value = answer.next;
      const base =
        before === undefined ? withoutGap(known.value, answer.items, meanwhile) : known.value;
      known.value = merged(base, answer.items);
      const { held: count, heldUntil: until } = answer;
      held.value = { count, ...(until !== undefined && { until }) };
      problem.value = undefined;
    } catch (error) {
      if (mine === latest) problem.value = error instanceof Error ? error.message : String(error);
    } finally {
      if (mine === latest) busy.value = false;
    }
  }

  return {
    name,
    messages: computed(() => known.value && inOrder(known.value)),
    hasMore: computed(() => next.value !== undefined),
    busy,
    problem,
    sought,
    arrived,
    settle: () => arrived.clear(),
    load: () => list(undefined),
    loadMore: () => list(next.value),
    async seek(text) {
      if (text === sought.value) return;
      sought.value = text;
      known.value = undefined;
      await list(undefined);
    },
    take(message) {
      const before = known.value;
      if (before === undefined) return;
      const old = before.get(message.key);
      // A search's answer is not guessed at: it only follows what it already holds.
      if (old === undefined && (sought.value !== '' || !belongs(name, message))) return;
      meanwhile.add(message.key);
      const after = new Map(before);
      // What one writes to oneself came and was sent; it stays in both.
      if (belongs(name, message) || name === 'sent') {
        if (old === undefined) arrived.add(message.key);
        after.set(message.key, old === undefined ? message : newer(message, old));
      } else after.delete(message.key);
      known.value = after;
    },
  };
}

/** What stays beside a fresh first page: nothing, if there may be a gap between the two. */
function withoutGap(
  known: ReadonlyMap<string, MessageSummary> | undefined,
  fresh: readonly MessageSummary[],
  meanwhile: ReadonlySet<string>,
): ReadonlyMap<string, MessageSummary> | undefined {
  if (known === undefined) return undefined;
  const oldest = fresh.at(-1);
  const touches = oldest !== undefined && known.has(oldest.key);
  const stays = new Set([...meanwhile, ...(touches ? fresh.map(({ key }) => key) : [])]);
  return new Map(
    [...known].filter(([key, { at }]) => stays.has(key) || (touches && at < oldest.at)),
  );
}

function merged(
  known: ReadonlyMap<string, MessageSummary> | undefined,
  more: readonly MessageSummary[],
): ReadonlyMap<string, MessageSummary> {
  const all = new Map(known);
  for (const message of more) {
    const old = all.get(message.key);
    all.set(message.key, old === undefined ? message : newer(message, old));
  }
  return all;
}

function inOrder(known: ReadonlyMap<string, MessageSummary>): readonly MessageSummary[] {
  return [...known.values()].sort(
    (one, other) => other.at - one.at || (one.key < other.key ? 1 : -1),
  );
}

const boxes = { inbox: makeBox('inbox'), sent: makeBox('sent'), held: makeBox('held') };

export function boxOf(name: BoxName): Box {
  return boxes[name];
}

let recounting = false;

/** Messages that begin or end to wait are counted by the switch, not by the page. */
function recount(): void {
  if (recounting) return;
  recounting = true;
  after(RECOUNT_MS, () => {
    recounting = false;
    void boxes.held.load();
  });
}

changed.listen((message) => {
  for (const box of Object.values(boxes)) box.take(message);
  if (message.heldUntil !== undefined || held.value.count > 0) recount();
});

stale.listen(() => {
  for (const box of Object.values(boxes)) if (box.messages.value !== undefined) void box.load();
});
