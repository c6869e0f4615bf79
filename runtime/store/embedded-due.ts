/**
 * What is due, oldest first, fair to every lane, whatever the lanes' lengths.
 *
 * Rows lie by (lane, lookAt, key). For each lane this process remembers a time not later than its
 * oldest row. A question merges the lanes by that time, lazily: a lane is opened only when it is
 * its turn, and read in small pieces, so a question costs what it returns, not what waits.
 *
 * Invariants: the remembered time may be too early (then the lane is looked at once and the time
 * corrected), never too late; a lane without rows is forgotten when that shows.
 */

import { unpack } from './codec.js';
import { END_OF_TIME, type Tables } from './embedded-tables.js';
import type { DocumentHead, DueRow } from './store.js';

export interface DueLimits {
  readonly rows: number;
  readonly perLane: number;
}

export interface Lanes {
  /** A row of this head is now stored. */
  noteRow(head: DocumentHead): void;
  due(now: number, limits: DueLimits): DueRow[];
}

/** A lane in the merge: the rows of it that were read and not yet returned. */
interface Cursor {
  readonly lane: string;
  /** Not later than its next row. */
  at: number;
  rows: readonly DueRow[];
  next: number;
  returned: number;
  readonly last: DueRow | undefined;
}

const FIRST_PIECE_ROWS = 4;
const PIECE_ROWS = 32;

/** Of the only writer: it knows every lane. */
export function openLanes(tables: Tables): Lanes {
  const oldest = readLanes(tables);
  return {
    noteRow(head) {
      if (head.lookAt === null) return;
      const known = oldest.get(head.lane);
      if (known === undefined || head.lookAt < known) oldest.set(head.lane, head.lookAt);
    },
    due: (now, limits) => mergeDue(tables, oldest, now, limits),
  };
}

/** Of a reader beside the writer: the lanes are found anew for every question. */
export function readLanesEachTime(tables: Tables): Lanes {
  return {
    noteRow: () => undefined,
    due: (now, limits) => mergeDue(tables, readLanes(tables), now, limits),
  };
}

/** Skips from lane to lane. */
function readLanes(tables: Tables): Map<string, number> {
  const oldest = new Map<string, number>();
  let start: [string, number] | undefined;
  for (;;) {
    const found = firstKey(tables, start);
    if (!found) return oldest;
    oldest.set(found.lane, found.lookAt);
    start = [found.lane, END_OF_TIME];
  }
}

function firstKey(
  tables: Tables,
  start: [string, number] | undefined,
): { lane: string; lookAt: number } | undefined {
  for (const key of tables.due.getKeys({ ...(start && { start }), limit: 1 })) {
    const { lane, lookAt } = rowOf(key, null);
    return { lane, lookAt };
  }
  return undefined;
}

function mergeDue(
  tables: Tables,
  oldest: Map<string, number>,
  now: number,
  limits: DueLimits,
): DueRow[] {
  const heap: Cursor[] = [];
  for (const [lane, at] of oldest) {
    if (at <= now) heapPush(heap, { lane, at, rows: [], next: 0, returned: 0, last: undefined });
  }
  const due: DueRow[] = [];
  while (due.length < limits.rows) {
    const cursor = heapPop(heap);
    if (!cursor) break;
    const row = cursor.rows[cursor.next];
    if (row) {
      due.push(row);
      if (cursor.returned + 1 < limits.perLane) {
        heapPush(heap, afterReturning(cursor, row));
      }
      continue;
    }
    const read = readPiece(tables, cursor, now, limits.perLane);
    const [first] = read.rows;
    if (cursor.returned === 0) noteOldest(oldest, cursor.lane, read.head);
    if (first) heapPush(heap, { ...cursor, at: first.lookAt, rows: read.rows, next: 0 });
  }
  return due;
}

function afterReturning(cursor: Cursor, row: DueRow): Cursor {
  const next = cursor.next + 1;
  const at = cursor.rows[next]?.lookAt ?? row.lookAt;
  return { ...cursor, at, next, returned: cursor.returned + 1, last: row };
}

function noteOldest(oldest: Map<string, number>, lane: string, head: number | undefined): void {
  if (head === undefined) oldest.delete(lane);
  else oldest.set(lane, head);
}

/** The next due rows of a lane, and the time of the first row, due or not. */
function readPiece(
  tables: Tables,
  cursor: Cursor,
  now: number,
  perLane: number,
): { rows: DueRow[]; head: number | undefined } {
  const { lane, last, returned } = cursor;
  const rows: DueRow[] = [];
  const range = tables.due.getRange({
    start: last ? [lane, last.lookAt, last.key] : [lane],
    exclusiveStart: last !== undefined,
    end: [lane, END_OF_TIME],
    limit: Math.min(perLane - returned, returned === 0 ? FIRST_PIECE_ROWS : PIECE_ROWS),
  });
  let head: number | undefined;
  for (const { key, value } of range) {
    const row = rowOf(key, unpack<number | null>(value));
    head ??= row.lookAt;
    if (row.lookAt > now) break;
    rows.push(row);
  }
  return { rows, head };
}

function rowOf(stored: unknown, dueAt: number | null): DueRow {
  if (Array.isArray(stored)) {
    const [lane, lookAt, key] = stored;
    if (typeof lane === 'string' && typeof lookAt === 'number' && typeof key === 'string') {
      return { key, lookAt, dueAt, lane };
    }
  }
  throw new Error('The due table has a row that is none: restore the store from a backup.');
}

function isBefore(a: Cursor, b: Cursor): boolean {
  return a.at < b.at || (a.at === b.at && a.lane < b.lane);
}

function heapPush(heap: Cursor[], cursor: Cursor): void {
  let at = heap.length;
  heap.push(cursor);
  while (at > 0) {
    const parentAt = (at - 1) >> 1;
    const parent = heap[parentAt];
    if (!parent || !isBefore(cursor, parent)) break;
    heap[at] = parent;
    at = parentAt;
  }
  heap[at] = cursor;
}

function heapPop(heap: Cursor[]): Cursor | undefined {
  const top = heap[0];
  const last = heap.pop();
  if (!top || !last || heap.length === 0) return top;
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    const [a, b] = [heap[left], heap[left + 1]];
    const child = a && b && isBefore(b, a) ? b : a;
    if (!child || !isBefore(child, last)) break;
    heap[at] = child;
    at = child === a ? left : left + 1;
  }
  heap[at] = last;
  return top;
}
