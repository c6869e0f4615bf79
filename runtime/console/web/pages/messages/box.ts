/**
 * The boxes: what came, what was sent, what waits. Kept for as long as the page is open.
 *
 * Stages: the first page is asked for → older ones on demand → every change that the live line
 * tells is merged → after a gap (`stale`) the first page is asked for again.
 * Invariants: a key stands in a box once; of two states of a message the newer one is shown.
 */

import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Listed, MessageSummary } from '../../../../../schemas/console.js';
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

type Known = ReadonlyMap<string, MessageSummary>;

class ListedBox implements Box {
  readonly name: BoxName;
  readonly busy = signal(false);
  readonly problem = signal<string | undefined>(undefined);
  readonly sought = signal('');
  readonly messages: Box['messages'];
  readonly hasMore: Box['hasMore'];
  readonly arrived = new Set<string>();
  readonly #known = signal<Known | undefined>(undefined);
  readonly #next = signal<string | undefined>(undefined);
  /** Told by the line while a list was awaited: the list may be older than that. */
  readonly #meanwhile = new Map<string, MessageSummary>();
  #latest = 0;

  constructor(name: BoxName) {
    this.name = name;
    this.messages = computed(() => this.#known.value && inOrder(this.#known.value));
    this.hasMore = computed(() => this.#next.value !== undefined);
  }

  settle(): void {
    this.arrived.clear();
  }

  load(): Promise<void> {
    return this.#list(undefined);
  }

  loadMore(): Promise<void> {
    return this.#list(this.#next.value);
  }

  async seek(text: string): Promise<void> {
    if (text === this.sought.value) return;
    this.sought.value = text;
    this.#known.value = undefined;
    await this.load();
  }

  /** A change that the live line tells. */
  take(message: MessageSummary): void {
    if (this.busy.value) this.#meanwhile.set(message.key, message);
    const known = this.#known.value;
    if (known === undefined) return;
    const isNew = !known.has(message.key);
    const changed = this.#changed(known, message);
    if (isNew && changed.has(message.key)) this.arrived.add(message.key);
    this.#known.value = changed;
  }

  #changed(known: Known, message: MessageSummary): Known {
    const old = known.get(message.key);
    // What one writes to oneself came and was sent; it stays in both.
    const stays = belongs(this.name, message) || (old !== undefined && this.name === 'sent');
    // A search's answer is not guessed at: it only follows what it already holds.
    if (old === undefined && (this.sought.value !== '' || !stays)) return known;
    const after = new Map(known);
    if (stays) after.set(message.key, old === undefined ? message : newer(message, old));
    else after.delete(message.key);
    return after;
  }

  async #list(before: string | undefined): Promise<void> {
    this.#latest += 1;
    const mine = this.#latest;
    this.busy.value = true;
    if (before === undefined) this.#meanwhile.clear();
    try {
      const search = this.sought.value === '' ? {} : { search: this.sought.value };
      const from = before === undefined ? {} : { before };
      const answer = await call('messages.list', { box: this.name, ...from, ...search });
      if (mine !== this.#latest) return;
      this.#show(answer, before);
      const { held: count, heldUntil: until } = answer;
      held.value = { count, ...(until !== undefined && { until }) };
      this.problem.value = undefined;
    } catch (error) {
      if (mine !== this.#latest) return;
      this.problem.value = error instanceof Error ? error.message : String(error);
    } finally {
      if (mine === this.#latest) this.busy.value = false;
    }
  }

  #show(answer: Listed<MessageSummary>, before: string | undefined): void {
    const known = this.#known.value;
    const oldest = answer.items.at(-1);
    // Where older pages stay, so does the way on from them.
    const touches = oldest !== undefined && known?.has(oldest.key) === true;
    if (before !== undefined || !touches) this.#next.value = answer.next;
    const base = before === undefined ? withoutGap(known, answer.items) : known;
    let all = merged(base, answer.items);
    for (const message of this.#meanwhile.values()) all = this.#changed(all, message);
    this.#known.value = all;
  }
}

/** What stays beside a fresh first page: nothing, if there may be a gap between the two. */
function withoutGap(known: Known | undefined, fresh: readonly MessageSummary[]): Known | undefined {
  const oldest = fresh.at(-1);
  if (known === undefined || oldest === undefined || !known.has(oldest.key)) return undefined;
  const isFresh = new Set(fresh.map(({ key }) => key));
  return new Map([...known].filter(([key, { at }]) => isFresh.has(key) || at < oldest.at));
}

function merged(known: Known | undefined, more: readonly MessageSummary[]): Known {
  const all = new Map(known);
  for (const message of more) {
    const old = all.get(message.key);
    all.set(message.key, old === undefined ? message : newer(message, old));
  }
  return all;
}

function inOrder(known: Known): readonly MessageSummary[] {
  return [...known.values()].sort(
    (one, other) => other.at - one.at || (one.key < other.key ? 1 : -1),
  );
}

const boxes = {
  inbox: new ListedBox('inbox'),
  sent: new ListedBox('sent'),
  held: new ListedBox('held'),
};

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
