/**
 * The embedded store: LMDB in the data directory, nothing to install or run beside the switch.
 *
 * Stages of opening: the directory's lock → tables → lanes → reserve. Writes go through the group
 * commit (embedded-commit), reads straight to LMDB's snapshot of what is flushed.
 *
 * Invariants: one writing process; readers may open beside it and change nothing. Every promise of
 * a change resolves after its flush. A failed flush is fatal: `onFatal` is called once, and the
 * process should end; a clean start recovers. In the data directory: `store/` (LMDB),
 * `writer.lock`, `reserve`.
 */

import { mkdirSync, statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Key, RangeOptions } from 'lmdb';
import type { Clock } from '../../actors/machinery.js';
import { decodeDocument, plain } from './codec.js';
import { getBlob, keepOperation, putBlob } from './embedded-blobs.js';
import { type FlushFacts, type GroupCommit, makeGroupCommit } from './embedded-commit.js';
import { createOperation, saveOperation } from './embedded-documents.js';
import { type Lanes, openLanes, readLanesEachTime } from './embedded-due.js';
import { lockDirectory, syncDirectory } from './embedded-lock.js';
import { purgeOperation } from './embedded-purge.js';
import {
  openReserve,
  RESERVE_DEFAULTS,
  type Reserve,
  type ReserveLimits,
} from './embedded-reserve.js';
import { environmentPath, hasEnvironment, openTables, type Tables } from './embedded-tables.js';
import type { Range, Store } from './store.js';

export interface EmbeddedStoreOptions {
  /** The data directory; made if it is missing. */
  readonly directory: string;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly limits?: Partial<ReserveLimits>;
  /** A flush failed: nothing is acknowledged any more. Called once. */
  onFatal(error: Error): void;
  /** Before each flush, when everything in it is decided; for crash points. */
  onFlushing?(): void;
  /** After each flush, when everybody was told; for metrics. */
  onFlush?(facts: FlushFacts): void;
}

export interface EmbeddedStore extends Store {
  /** A consistent copy while the switch runs; `directory` becomes a data directory. */
  backup(directory: string): Promise<void>;
}

const ALL_KEYS = 'keys/';
const KEY_CEILING = '\u{10ffff}';
/** Less room than this after an input/output error means: the disk was full. */
const NO_ROOM_BYTES = 1024 * 1024;

/** Opens for writing; throws, naming the holder, when another process writes there. */
export function openEmbeddedStore(options: EmbeddedStoreOptions): EmbeddedStore {
  const directory = resolve(options.directory);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const lock = lockDirectory(directory);
  try {
    return openLocked(directory, options, () => lock.release());
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Opens beside a running switch, or alone: reads what is flushed, and changes nothing. */
export function openEmbeddedReader(options: {
  readonly directory: string;
  readonly clock: Pick<Clock, 'monotonic'>;
}): EmbeddedStore {
  const directory = resolve(options.directory);
  const tables = openTables(directory, 'read');
  const refuse = (): Promise<never> =>
    Promise.reject(new Error(`The store in ${directory} was opened for reading only.`));
  return {
    description: 'lmdb, read only',
    exclusive: false,
    ...readerOf(tables, readLanesEachTime(tables), () => tables.root.resetReadTxn()),
    create: refuse,
    save: refuse,
    putBlob: refuse,
    keepBlob: refuse,
    purge: refuse,
    unhealthy: () => undefined,
    space() {
      const { bavail, blocks, bsize } = statfsSync(directory);
      return { freeBytes: bavail * bsize, totalBytes: blocks * bsize, water: 'normal' };
    },
    backup: (to) => backup(tables, to),
    close: () => tables.root.close(),
  };
}

function openLocked(
  directory: string,
  options: EmbeddedStoreOptions,
  unlock: () => void,
): EmbeddedStore {
  const tables = openTables(directory, 'write');
  for (const path of [environmentPath(directory), directory, dirname(directory)]) {
    syncDirectory(path);
  }
  const lanes = openLanes(tables);
  const limits = { ...RESERVE_DEFAULTS, ...options.limits };
  const reserve = openReserve(directory, limits, options.clock);
  const commit = commitFor(tables, reserve, directory, options);
  return {
    description: 'lmdb, every accept flushed',
    exclusive: true,
    ...readerOf(tables, lanes, () => undefined),
    create: async (document) => commit.submit(createOperation(tables, lanes, document)),
    save: async (save) => commit.submit(saveOperation(tables, lanes, save)),
    putBlob: (key, chunks, purgeAt) => putBlob(tables, commit, { key, chunks, purgeAt }),
    keepBlob: (key, purgeAt) => commit.submit(keepOperation(tables, key, purgeAt)),
    purge: (now, limit) => commit.submit(purgeOperation(tables, now, limit)),
    unhealthy: () => commit.unhealthy(),
    space: () => reserve.space(),
    backup: (to) => backup(tables, to),
    async close() {
      await commit.close();
      await reserve.close();
      await tables.root.close();
      unlock();
    },
  };
}

function commitFor(
  tables: Tables,
  reserve: Reserve,
  directory: string,
  options: EmbeddedStoreOptions,
): GroupCommit {
  const { clock, onFlush, onFlushing } = options;
  return makeGroupCommit({
    root: tables.root,
    isDiskFull() {
      const { bavail, bsize } = statfsSync(directory);
      return bavail * bsize < NO_ROOM_BYTES;
    },
    onFull: () => reserve.giveUp(),
    onFatal: options.onFatal,
    monotonic: () => clock.monotonic(),
    ...(onFlush && { onFlush }),
    ...(onFlushing && { onFlushing }),
  });
}

type Reads = Pick<Store, 'get' | 'getContent' | 'due' | 'list' | 'getBlob'>;

/** `refresh` is called before each answer: a reader beside the writer must see what it wrote. */
function readerOf(tables: Tables, lanes: Lanes, refresh: () => void): Reads {
  return {
    async get(key) {
      refresh();
      const bytes = tables.documents.getBinaryFast(key);
      return bytes && decodeDocument(key, bytes);
    },
    async getContent(key) {
      refresh();
      const bytes = tables.content.getBinary(key);
      return bytes && plain(bytes);
    },
    async due(now, limits) {
      refresh();
      return lanes.due(now, limits);
    },
    async list(index, range) {
      refresh();
      if (index.startsWith(ALL_KEYS)) return listKeys(tables, index.slice(ALL_KEYS.length), range);
      return listRow(tables, index, range);
    },
    getBlob(key) {
      refresh();
      return getBlob(tables, key);
    },
  };
}

function listRow(tables: Tables, row: string, range: Range): string[] {
  const low = range.after === undefined ? [row] : [row, range.after];
  const high = [row, range.before ?? KEY_CEILING];
  const stored = tables.rows.getKeys(between(low, high, range));
  return within(stored, range, (key) => (Array.isArray(key) ? key[1] : undefined));
}

function listKeys(tables: Tables, prefix: string, range: Range): string[] {
  const { after = '', before } = range;
  const ceiling = prefix + KEY_CEILING;
  const low = after > prefix ? after : prefix;
  const high = before !== undefined && before < ceiling ? before : ceiling;
  if (low >= high) return [];
  const stored = tables.documents.getKeys(between(low === '' ? undefined : low, high, range));
  return within(stored, range, (key) => key);
}

/** Both bounds are included; `within` leaves them out. */
function between(low: Key | undefined, high: Key, range: Range): RangeOptions {
  // The two bounds themselves may be met on the way.
  const limit = range.limit + 2;
  if (range.order === 'descending') {
    return { start: high, ...(low && { end: low }), inclusiveEnd: true, reverse: true, limit };
  }
  return { ...(low && { start: low }), end: high, inclusiveEnd: true, limit };
}

function within(
  stored: Iterable<unknown>,
  range: Range,
  keyOf: (stored: unknown) => unknown,
): string[] {
  const keys: string[] = [];
  for (const one of stored) {
    const key = keyOf(one);
    if (typeof key !== 'string' || key === range.after || key === range.before) continue;
    if (keys.length === range.limit) break;
    keys.push(key);
  }
  return keys;
}

async function backup(tables: Tables, directory: string): Promise<void> {
  const to = resolve(directory);
  if (hasEnvironment(to)) throw new Error(`There is a store in ${to} already: choose another.`);
  const path = environmentPath(to);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  await tables.root.backup(path, false);
  for (const made of [path, to, dirname(to)]) syncDirectory(made);
}
