/**
 * Removes what nobody needs any more: documents that are closed (or never wait for anything) and
 * blobs, each when its purge time has come.
 *
 * Invariants: one bounded batch a call; what another operation of the same batch touches is left
 * for the next call.
 */

import { blobLock, removeBlobWrites } from './embedded-blobs.js';
import type { Operation, Write } from './embedded-commit.js';
import { documentLock, readRevision, removeWrites, uniqueLock } from './embedded-documents.js';
import { BLOB, type Tables } from './embedded-tables.js';

/** However many a caller asks for: deletions of one batch stall other writes. */
const REMOVED_AT_ONCE_MAX = 1000;

export function purgeOperation(tables: Tables, now: number, limit: number): Operation<number> {
  return {
    locks: [],
    essential: true,
    decide(taken) {
      const writes: Write[] = [];
      let removed = 0;
      const range = { limit: Math.min(limit, REMOVED_AT_ONCE_MAX) };
      for (const row of [...tables.purge.getKeys(range)]) {
        const { purgeAt, kind, key } = purgeRowOf(row);
        if (purgeAt > now) break;
        const removal = kind === BLOB ? blob(tables, key, taken) : document(tables, key, taken);
        if (!removal) continue;
        writes.push(...removal, { table: tables.purge, key: row, value: undefined });
        removed += 1;
      }
      return { writes, result: removed };
    },
  };
}

function document(tables: Tables, key: string, taken: Set<string>): Write[] | undefined {
  const revision = readRevision(tables, key);
  // A row without its document: only the row goes.
  if (!revision) return [];
  const { unique } = revision.head;
  const locks = [documentLock(key), ...(unique === null ? [] : [uniqueLock(unique)])];
  if (!take(taken, locks)) return undefined;
  return removeWrites(tables, key, revision.head);
}

function blob(tables: Tables, key: string, taken: Set<string>): Write[] | undefined {
  if (!take(taken, [blobLock(key)])) return undefined;
  return removeBlobWrites(tables, key);
}

function take(taken: Set<string>, locks: readonly string[]): boolean {
  if (locks.some((lock) => taken.has(lock))) return false;
  for (const lock of locks) taken.add(lock);
  return true;
}

function purgeRowOf(row: unknown): { purgeAt: number; kind: string; key: string } {
  if (Array.isArray(row)) {
    const [purgeAt, kind, key] = row;
    if (typeof purgeAt === 'number' && typeof kind === 'string' && typeof key === 'string') {
      return { purgeAt, kind, key };
    }
  }
  throw new Error('The purge table has a row that is none: restore the store from a backup.');
}
