/**
 * Creating and saving documents in the embedded store: each decides on the committed head, and
 * writes the document together with the difference of its index rows.
 *
 * Invariants: index rows follow from heads alone, so the rows of a document are always those of its
 * stored head. The value is packed when the call is made; later changes to it are not seen.
 */

import type { Key } from 'lmdb';
import { decodeRevision, encodeDocument, pack, type Revision } from './codec.js';
import type { Decided, Operation, Write } from './embedded-commit.js';
import type { Lanes } from './embedded-due.js';
import { DOCUMENT, PRESENT, type Tables } from './embedded-tables.js';
import { isRemovable, refuseUnlawful, uniqueTaken } from './rules.js';
import type { Created, DocumentHead, NewDocument, Save, Saved } from './store.js';

const LOST: Decided<Saved> = { writes: [], result: { ok: false, reason: 'lost' } };

export function createOperation(
  tables: Tables,
  lanes: Lanes,
  document: NewDocument,
): Operation<Created> {
  const { key, head } = document;
  refuseUnlawful(key, head);
  const bytes = encodeDocument({ rev: 1, token: document.token, head }, document.value);
  const content = document.content && Uint8Array.from(document.content);
  return {
    locks: locksOf(key, head),
    essential: false,
    decide() {
      const standing = standingFor(tables, key, head.unique);
      if (standing) return { writes: [], result: standing };
      const writes: Write[] = [{ table: tables.documents, key, value: bytes }];
      if (content) writes.push({ table: tables.content, key, value: content });
      writes.push(...indexWrites(tables, key, undefined, head));
      return {
        writes,
        result: { ok: true, rev: 1 },
        flushed: () => lanes.noteRow(head),
      };
    },
  };
}

export function saveOperation(tables: Tables, lanes: Lanes, save: Save): Operation<Saved> {
  const { key, head } = save;
  refuseUnlawful(key, head);
  const bytes = encodeDocument({ rev: save.rev + 1, token: save.token, head }, save.value);
  return {
    locks: locksOf(key, head),
    essential: true,
    decide() {
      const old = readRevision(tables, key);
      if (!old || old.rev !== save.rev) return LOST;
      const { unique } = head;
      if (unique !== null && unique !== old.head.unique) {
        const holder = tables.unique.get(unique);
        if (holder) throw uniqueTaken(key, textOf(holder));
      }
      return {
        writes: [
          { table: tables.documents, key, value: bytes },
          ...indexWrites(tables, key, old.head, head),
        ],
        result: { ok: true, rev: save.rev + 1 },
        flushed: () => lanes.noteRow(head),
      };
    },
  };
}

/** What removes a document with its content and rows. */
export function removeWrites(tables: Tables, key: string, head: DocumentHead): Write[] {
  return [
    { table: tables.documents, key, value: undefined },
    { table: tables.content, key, value: undefined },
    ...indexWrites(tables, key, head, undefined),
  ];
}

export function readRevision(tables: Tables, key: string): Revision | undefined {
  const bytes = tables.documents.getBinaryFast(key);
  return bytes && decodeRevision(bytes);
}

export function documentLock(key: string): string {
  return `d${key}`;
}

export function uniqueLock(unique: string): string {
  return `u${unique}`;
}

function locksOf(key: string, head: DocumentHead): string[] {
  if (head.unique === null) return [documentLock(key)];
  return [documentLock(key), uniqueLock(head.unique)];
}

function standingFor(tables: Tables, key: string, unique: string | null): Created | undefined {
  const own = readRevision(tables, key);
  if (own) return { ok: false, reason: 'exists', key, rev: own.rev, token: own.token };
  const holder = unique === null ? undefined : tables.unique.get(unique);
  if (!holder) return undefined;
  const holderKey = textOf(holder);
  const other = readRevision(tables, holderKey);
  if (!other) throw new Error(`The unique value of ${holderKey} points at nothing.`);
  return { ok: false, reason: 'exists', key: holderKey, rev: other.rev, token: other.token };
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}

function indexWrites(
  tables: Tables,
  key: string,
  old: DocumentHead | undefined,
  head: DocumentHead | undefined,
): Write[] {
  const writes: Write[] = [];
  const move = (table: Write['table'], from: Key | undefined, to: Key | undefined): void => {
    if (from !== undefined) writes.push({ table, key: from, value: undefined });
    if (to !== undefined) writes.push({ table, key: to, value: PRESENT });
  };
  for (const row of old?.rows ?? []) {
    if (!head?.rows.includes(row)) move(tables.rows, [row, key], undefined);
  }
  for (const row of head?.rows ?? []) {
    if (!old?.rows.includes(row)) move(tables.rows, undefined, [row, key]);
  }
  const purgeBefore = old && isRemovable(old) ? old.purgeAt : undefined;
  const purgeAfter = head && isRemovable(head) ? head.purgeAt : undefined;
  if (purgeBefore !== purgeAfter) {
    move(tables.purge, purgeKey(purgeBefore, key), purgeKey(purgeAfter, key));
  }
  writes.push(...uniqueWrites(tables, key, old, head), ...dueWrites(tables, key, old, head));
  return writes;
}

function purgeKey(purgeAt: number | undefined, key: string): Key | undefined {
  return purgeAt === undefined ? undefined : [purgeAt, DOCUMENT, key];
}

function uniqueWrites(
  tables: Tables,
  key: string,
  old: DocumentHead | undefined,
  head: DocumentHead | undefined,
): Write[] {
  const before = old?.unique ?? null;
  const after = head?.unique ?? null;
  if (before === after) return [];
  const writes: Write[] = [];
  if (before !== null) writes.push({ table: tables.unique, key: before, value: undefined });
  if (after !== null) writes.push({ table: tables.unique, key: after, value: Buffer.from(key) });
  return writes;
}

function dueWrites(
  tables: Tables,
  key: string,
  old: DocumentHead | undefined,
  head: DocumentHead | undefined,
): Write[] {
  const before = old?.lookAt ?? null;
  const after = head?.lookAt ?? null;
  const stays = before === after && old?.lane === head?.lane;
  if (stays && old?.dueAt === head?.dueAt) return [];
  const writes: Write[] = [];
  if (old && before !== null && !stays) {
    writes.push({ table: tables.due, key: [old.lane, before, key], value: undefined });
  }
  if (head && after !== null) {
    writes.push({ table: tables.due, key: [head.lane, after, key], value: pack(head.dueAt) });
  }
  return writes;
}
