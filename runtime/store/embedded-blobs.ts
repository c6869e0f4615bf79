/**
 * Blobs of the embedded store: immutable bytes that are too large to travel in one write.
 *
 * Stages: started (a record and a purge row with the time at which an unfinished or unowned blob is
 * an orphan) → chunks of at most 256 KiB, each flushed → finished (the record says its size; from
 * then on it can be read) → kept, when its owner gives it its own purge time.
 *
 * Invariants: a blob that was not finished is never readable, and goes when its time has come.
 */

import { pack, plain, unpack } from './codec.js';
import type { GroupCommit, Operation, Write } from './embedded-commit.js';
import { BLOB, PRESENT, type Tables } from './embedded-tables.js';

/** How large a stored piece is at most. */
export const CHUNK_BYTES_MAX = 256 * 1024;

interface BlobRecord {
  /** Null: not finished. */
  readonly size: number | null;
  readonly chunks: number;
  readonly purgeAt: number;
}

export interface BlobSource {
  readonly key: string;
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly purgeAt: number;
}

export async function putBlob(
  tables: Tables,
  commit: GroupCommit,
  source: BlobSource,
): Promise<number> {
  const { key, purgeAt } = source;
  await commit.submit(startOperation(tables, key, purgeAt));
  let size = 0;
  let chunks = 0;
  for await (const chunk of pieces(source.chunks)) {
    const write = { table: tables.chunks, key: [key, chunks], value: chunk };
    await commit.submit(whileUnfinished(tables, key, () => [write]));
    size += chunk.length;
    chunks += 1;
  }
  const finished: BlobRecord = { size, chunks, purgeAt };
  await commit.submit(whileUnfinished(tables, key, () => [recordWrite(tables, key, finished)]));
  return size;
}

export function getBlob(tables: Tables, key: string): AsyncIterable<Uint8Array> | undefined {
  const record = readRecord(tables, key);
  if (!record || record.size === null) return undefined;
  return readChunks(tables, key, record.chunks);
}

export function keepOperation(tables: Tables, key: string, purgeAt: number): Operation<void> {
  return {
    locks: [blobLock(key)],
    essential: true,
    decide() {
      const record = readRecord(tables, key);
      if (!record || record.size === null) throw new Error(`There is no blob ${key} to keep.`);
      return {
        writes: [
          { table: tables.purge, key: [record.purgeAt, BLOB, key], value: undefined },
          { table: tables.purge, key: [purgeAt, BLOB, key], value: PRESENT },
          recordWrite(tables, key, { ...record, purgeAt }),
        ],
        result: undefined,
      };
    },
  };
}

/** What removes a blob with its chunks. */
export function removeBlobWrites(tables: Tables, key: string): Write[] {
  const writes: Write[] = [{ table: tables.blobs, key, value: undefined }];
  const keys = tables.chunks.getKeys({ start: [key, 0], end: [key, Number.MAX_VALUE] });
  for (const chunk of keys) writes.push({ table: tables.chunks, key: chunk, value: undefined });
  return writes;
}

export function blobLock(key: string): string {
  return `b${key}`;
}

function startOperation(tables: Tables, key: string, purgeAt: number): Operation<void> {
  return {
    locks: [blobLock(key)],
    essential: false,
    decide() {
      if (readRecord(tables, key)) throw new Error(`The blob ${key} exists; blobs never change.`);
      return {
        writes: [
          recordWrite(tables, key, { size: null, chunks: 0, purgeAt }),
          { table: tables.purge, key: [purgeAt, BLOB, key], value: PRESENT },
        ],
        result: undefined,
      };
    },
  };
}

function whileUnfinished(tables: Tables, key: string, writes: () => Write[]): Operation<void> {
  return {
    locks: [blobLock(key)],
    essential: false,
    decide() {
      if (!readRecord(tables, key)) {
        throw new Error(`The blob ${key} was purged while it was written.`);
      }
      return { writes: writes(), result: undefined };
    },
  };
}

function readRecord(tables: Tables, key: string): BlobRecord | undefined {
  const bytes = tables.blobs.get(key);
  return bytes && unpack<BlobRecord>(bytes);
}

function recordWrite(tables: Tables, key: string, record: BlobRecord): Write {
  return { table: tables.blobs, key, value: pack(record) };
}

async function* readChunks(tables: Tables, key: string, chunks: number): AsyncIterable<Uint8Array> {
  for (let number = 0; number < chunks; number += 1) {
    const bytes = tables.chunks.getBinary([key, number]);
    if (!bytes) throw new Error(`The blob ${key} was purged while it was read.`);
    yield plain(bytes);
  }
}

/** Cuts and joins, so that every piece but the last is full. */
async function* pieces(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let piece = new Uint8Array(CHUNK_BYTES_MAX);
  let filled = 0;
  for await (const chunk of chunks) {
    let rest = chunk;
    while (rest.length > 0) {
      const part = rest.subarray(0, CHUNK_BYTES_MAX - filled);
      piece.set(part, filled);
      filled += part.length;
      rest = rest.subarray(part.length);
      if (filled < CHUNK_BYTES_MAX) continue;
      yield piece;
      piece = new Uint8Array(CHUNK_BYTES_MAX);
      filled = 0;
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}
