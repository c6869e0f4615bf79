/**
 * Looking through the queue for an operator, in small bites: what each unfinished or dead message
 * waits for, and why.
 *
 * Invariants: no turn of the loop reads more than BITE documents, so that a queue of a hundred
 * thousand holds nobody up; each row is looked through to a limit, and `partial` says where it was
 * met; several pages that look at once share one look, which costs a bounded part of the time.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../../actors/machinery.js';
import { waitsFor } from '../../../actors/message-tracker/queue.js';
import type { MessageDocument } from '../../../schemas/message.js';
import { DEAD_ROW, QUEUE_ROWS, readMessage } from '../../messages.js';
import type { Store } from '../../store/store.js';
import { harmlessLine } from '../harmless.js';

type Reads = Pick<Store, 'get' | 'list'>;

/** Documents read in one turn of the loop: about ten milliseconds. */
const BITE = 128;
/** Keys listed in one turn. */
const KEYS_BITE = 2_000;
/** Documents looked at for an overview, of each row. */
export const LOOKED_AT_MAX = 10_000;
/** Keys counted of each row: more are "at least so many". */
export const COUNTED_MAX = 100_000;
/** A look is shared so many times as long as it took, so that looking is a small part of all. */
const SHARED_TIMES = 20;
const SHARED_MIN_MS = 1_000;
const CAUSE_CHARACTERS_MAX = 140;

export const ALL_ROWS: readonly string[] = [...QUEUE_ROWS, DEAD_ROW];

/** What an operator's overview needs of one message; the document itself is not kept. */
export interface Waiting {
  readonly key: string;
  readonly row: string;
  readonly what: string;
  readonly cause: string;
  readonly createdAt: number;
  readonly dueAt: number | null;
  /** Where its open deliveries go. */
  readonly addresses: readonly { readonly channel: string; readonly value: string }[];
}

export interface Looked {
  readonly waiting: readonly Waiting[];
  /** Messages below each row, counted by keys alone. */
  readonly counted: ReadonlyMap<string, { readonly count: number; readonly partial: boolean }>;
  /** Rows of which not every message was looked at. */
  readonly partial: ReadonlySet<string>;
}

const MAIL_LIKE = /[^\s<>"'(),;:@[\]]+@[^\s<>"'(),;@]+/g;
/** Moments as the switch writes them. */
const INSTANT = /\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?( ?UTC|Z)?/g;
/** Times and identifiers: what makes each of many equal answers its own. Hosts are kept. */
const PARTICULAR = /(?<![\w.])(?=[\w:+-]*\d)[\w:+-]{7,}/g;

/** A cause without what is particular to one message, so that equal troubles are one group. */
export function causeOf(text: string): string {
  const general = harmlessLine(text)
    .replace(MAIL_LIKE, '…')
    .replace(INSTANT, '…')
    .replace(PARTICULAR, '…');
  if (general.length <= CAUSE_CHARACTERS_MAX) return general;
  return `${harmlessLine(general.slice(0, CAUSE_CHARACTERS_MAX))}…`;
}

/** That every way failed says less than what the last one said. */
function lastRefusal({ context }: MessageDocument): string | undefined {
  const failed = context.deliveries.filter(({ phase }) => phase === 'failed');
  return failed.at(-1)?.last?.reason;
}

export function waitingOf(document: MessageDocument, row: string): Waiting {
  const { what, cause } = waitsFor(document);
  const said = row === DEAD_ROW ? lastRefusal(document) : undefined;
  const open = document.closed ? [] : document.context.deliveries;
  return {
    key: document.key,
    row,
    what,
    cause: causeOf(said ?? cause),
    createdAt: document.input.createdAt,
    dueAt: document.dueAt,
    addresses: open
      .filter(({ phase }) => phase === 'ready' || phase === 'sending')
      .map(({ address }) => address),
  };
}

/** "retry" means every "retry …"; without a cause, every cause. */
export function matches(
  { what, cause }: Pick<Waiting, 'what' | 'cause'>,
  wanted: { readonly what: string; readonly cause?: string | undefined },
): boolean {
  if (what !== wanted.what && !what.startsWith(`${wanted.what} `)) return false;
  return wanted.cause === undefined || cause === wanted.cause;
}

/** Documents below a row in key order (or the other way), bite by bite. */
export async function* documentsOf(
  store: Reads,
  row: string,
  range: { readonly after?: string; readonly before?: string; readonly limit: number },
  order: 'ascending' | 'descending' = 'ascending',
): AsyncGenerator<MessageDocument> {
  let { after, before } = range;
  for (let seen = 0; seen < range.limit; ) {
    const limit = Math.min(BITE, range.limit - seen);
    const bounds = {
      ...(after !== undefined && { after }),
      ...(before !== undefined && { before }),
    };
    const keys = await store.list(row, { ...bounds, limit, order });
    for (const key of keys) {
      const document = await readMessage(store, key);
      if (document !== undefined) yield document;
    }
    if (keys.length < limit) return;
    seen += keys.length;
    if (order === 'ascending') after = keys.at(-1);
    else before = keys.at(-1);
    await nextTurn();
  }
}

/** Looks through rows, the oldest messages of each first, at most `limit` of each. */
export async function* waitingIn(
  store: Reads,
  rows: readonly string[],
  limit: number,
): AsyncGenerator<Waiting> {
  for (const row of rows) {
    for await (const document of documentsOf(store, row, { limit })) yield waitingOf(document, row);
  }
}

async function countRow(store: Reads, row: string): Promise<{ count: number; partial: boolean }> {
  let count = 0;
  let after: string | undefined;
  while (count < COUNTED_MAX) {
    const from = after === undefined ? {} : { after };
    const keys = await store.list(row, { ...from, limit: KEYS_BITE, order: 'ascending' });
    count += keys.length;
    if (keys.length < KEYS_BITE) return { count, partial: false };
    after = keys.at(-1);
    await nextTurn();
  }
  return { count, partial: true };
}

async function lookAtAll(store: Reads, limit: number): Promise<Looked> {
  const waiting: Waiting[] = [];
  const partial = new Set<string>();
  const counted = new Map<string, { count: number; partial: boolean }>();
  for (const row of ALL_ROWS) {
    const count = await countRow(store, row);
    counted.set(row, count);
    if (count.count > limit) partial.add(row);
    for await (const one of waitingIn(store, [row], limit)) waiting.push(one);
  }
  return { waiting, counted, partial };
}

interface Shared {
  readonly looked: Promise<Looked>;
  until: number;
}

const shared = new WeakMap<Reads, Shared>();

/** The queue as it is, or as it was a moment ago. */
export function look(
  store: Reads,
  clock: Pick<Clock, 'monotonic'>,
  limit: number = LOOKED_AT_MAX,
): Promise<Looked> {
  const startedAt = clock.monotonic();
  const known = shared.get(store);
  if (known !== undefined && known.until > startedAt) return known.looked;
  const fresh: Shared = { looked: lookAtAll(store, limit), until: Infinity };
  shared.set(store, fresh);
  const ended = (): void => {
    const now = clock.monotonic();
    fresh.until = now + Math.max(SHARED_MIN_MS, (now - startedAt) * SHARED_TIMES);
  };
  fresh.looked.then(ended, () => shared.delete(store));
  return fresh.looked;
}

/** Somebody has just changed the queue: the next look is a new one. */
export function lookAnew(store: Reads): void {
  shared.delete(store);
}
