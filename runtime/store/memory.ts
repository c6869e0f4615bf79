/**
 * The store in memory, for simulation and tests. Changes wait in a queue until the next flush; they
 * are visible, and their promises resolve, only then. A flush is one call of the given scheduler
 * (a microtask by default), so a simulator decides when it happens; no timers.
 *
 * Invariants: `crash()` gives the store that the next process finds: what was flushed and nothing
 * else. The crashed one never answers again, as a dead process does not. Documents are kept as
 * bytes, so readers and writers share no memory.
 */

import { decodeDocument, decodeRevision, encodeDocument } from './codec.js';
import { isRemovable, refuseUnlawful, uniqueTaken } from './rules.js';
import type {
  Created,
  DueRow,
  NewDocument,
  Range,
  Save,
  Saved,
  Space,
  Store,
  StoredDocument,
} from './store.js';

/** What of the changes that wait for a flush reached the disk, though nobody was told. */
export type CrashKeeps = 'nothing pending' | 'everything pending';

export interface MemoryStore extends Store {
  /** The store as the next process finds it. */
  crash(keeps?: CrashKeeps): MemoryStore;
  /** Makes every later change fail, as a full or broken disk does; undefined: heals it. */
  breakWith(reason: string | undefined): void;
}

export interface MemoryStoreOptions {
  /** Calls `flush` once, later; a microtask by default. */
  readonly schedule?: (flush: () => void) => void;
  readonly space?: () => Space;
}

interface Blob {
  readonly chunks: Uint8Array[];
  complete: boolean;
  purgeAt: number;
}

interface Contents {
  readonly documents: Map<string, Uint8Array>;
  readonly content: Map<string, Uint8Array>;
  readonly unique: Map<string, string>;
  readonly blobs: Map<string, Blob>;
}

interface Pending {
  /** Makes the change; what it returns tells the caller. */
  apply(): () => void;
  fail(error: Error): void;
}

interface Queue {
  mutate<T>(change: () => T): Promise<T>;
  answer<T>(read: () => T): Promise<T>;
  crash(keeps: CrashKeeps): void;
  breakWith(reason: string | undefined): void;
  broken(): string | undefined;
  close(): Promise<void>;
}

const ROOMY: Space = { freeBytes: 2 ** 40, totalBytes: 2 ** 40, water: 'normal' };
const ALL_KEYS = 'keys/';

export function createMemoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  const contents: Contents = {
    documents: new Map(),
    content: new Map(),
    unique: new Map(),
    blobs: new Map(),
  };
  return openMemoryStore(contents, options);
}

function openMemoryStore(contents: Contents, options: MemoryStoreOptions): MemoryStore {
  const queue = makeQueue(options.schedule ?? queueMicrotask);
  const { mutate, answer } = queue;
  return {
    description: 'memory, nothing survives the process',
    exclusive: true,
    async create(document) {
      refuseUnlawful(document.key, document.head);
      const bytes = encodeDocument({ ...document, rev: 1 }, document.value);
      const content = document.content?.slice();
      return mutate(() => create(contents, document, bytes, content));
    },
    async save(change) {
      refuseUnlawful(change.key, change.head);
      const bytes = encodeDocument({ ...change, rev: change.rev + 1 }, change.value);
      return mutate(() => save(contents, change, bytes));
    },
    get: (key) => answer(() => read(contents, key)),
    getContent: (key) => answer(() => contents.content.get(key)?.slice()),
    due: (now, limits) => answer(() => due(contents, now, limits)),
    list: (index, range) => answer(() => list(contents, index, range)),
    putBlob: (key, chunks, purgeAt) => putBlob(contents, queue, { key, chunks, purgeAt }),
    getBlob: (key) => getBlob(contents, key),
    keepBlob: (key, purgeAt) =>
      mutate(() => {
        const blob = contents.blobs.get(key);
        if (!blob?.complete) throw new Error(`There is no blob ${key} to keep.`);
        blob.purgeAt = purgeAt;
      }),
    purge: (now, limit) => mutate(() => purge(contents, now, limit)),
    unhealthy: () => queue.broken(),
    space: () => options.space?.() ?? ROOMY,
    close: queue.close,
    crash(keeps = 'nothing pending') {
      queue.crash(keeps);
      return openMemoryStore(contents, options);
    },
    breakWith: queue.breakWith,
  };
}

function makeQueue(schedule: (flush: () => void) => void): Queue {
  let pending: Pending[] = [];
  let crashed = false;
  let reason: string | undefined;
  const flush = (): void => {
    if (crashed) return;
    const batch = pending;
    pending = [];
    for (const change of batch) {
      if (reason === undefined) change.apply()();
      else change.fail(new Error(`The memory store failed: ${reason}.`));
    }
  };
  const mutate: Queue['mutate'] = (change) =>
    new Promise((resolve, reject) => {
      if (crashed) return;
      const apply = (): (() => void) => {
        try {
          const result = change();
          return () => resolve(result);
        } catch (error) {
          return () => reject(error);
        }
      };
      pending.push({ apply, fail: reject });
      if (pending.length === 1) schedule(flush);
    });
  return {
    mutate,
    answer: (read) =>
      new Promise((resolve) => {
        if (!crashed) resolve(read());
      }),
    crash(keeps) {
      crashed = true;
      if (keeps === 'everything pending') for (const change of pending) change.apply();
      pending = [];
    },
    breakWith(why) {
      reason = why;
    },
    broken: () => reason,
    close: async () => (crashed ? undefined : mutate(() => undefined)),
  };
}

function read(contents: Contents, key: string): StoredDocument | undefined {
  const bytes = contents.documents.get(key);
  return bytes && decodeDocument(key, bytes);
}

function create(
  contents: Contents,
  document: NewDocument,
  bytes: Uint8Array,
  content: Uint8Array | undefined,
): Created {
  const { unique } = document.head;
  const standing = contents.documents.has(document.key)
    ? document.key
    : unique !== null && contents.unique.get(unique);
  if (standing) {
    const { rev, token } = revisionOf(contents, standing);
    return { ok: false, reason: 'exists', key: standing, rev, token };
  }
  contents.documents.set(document.key, bytes);
  if (content) contents.content.set(document.key, content);
  if (unique !== null) contents.unique.set(unique, document.key);
  return { ok: true, rev: 1 };
}

function save(contents: Contents, change: Save, bytes: Uint8Array): Saved {
  if (!contents.documents.has(change.key)) return { ok: false, reason: 'lost' };
  const old = revisionOf(contents, change.key);
  if (old.rev !== change.rev) return { ok: false, reason: 'lost' };
  const { unique } = change.head;
  if (unique !== old.head.unique) {
    const holder = unique === null ? undefined : contents.unique.get(unique);
    if (holder !== undefined) throw uniqueTaken(change.key, holder);
    if (old.head.unique !== null) contents.unique.delete(old.head.unique);
    if (unique !== null) contents.unique.set(unique, change.key);
  }
  contents.documents.set(change.key, bytes);
  return { ok: true, rev: change.rev + 1 };
}

function revisionOf(contents: Contents, key: string): ReturnType<typeof decodeRevision> {
  const bytes = contents.documents.get(key);
  if (!bytes) throw new Error(`The unique value of ${key} points at nothing.`);
  return decodeRevision(bytes);
}

function due(
  contents: Contents,
  now: number,
  limits: { readonly rows: number; readonly perLane: number },
): DueRow[] {
  const rows: DueRow[] = [];
  for (const [key, bytes] of contents.documents) {
    const { lookAt, dueAt, lane } = decodeRevision(bytes).head;
    if (lookAt !== null && lookAt <= now) rows.push({ key, lookAt, dueAt, lane });
  }
  rows.sort(compareDue);
  const taken = new Map<string, number>();
  const fair = rows.filter((row) => {
    const before = taken.get(row.lane) ?? 0;
    taken.set(row.lane, before + 1);
    return before < limits.perLane;
  });
  return fair.slice(0, limits.rows);
}

/** Oldest first; of the same age by lane and key, so that every store answers alike. */
function compareDue(a: DueRow, b: DueRow): number {
  return a.lookAt - b.lookAt || compareText(a.lane, b.lane) || compareText(a.key, b.key);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function list(contents: Contents, index: string, range: Range): string[] {
  const prefix = index.startsWith(ALL_KEYS) ? index.slice(ALL_KEYS.length) : undefined;
  const keys: string[] = [];
  for (const [key, bytes] of contents.documents) {
    if (range.after !== undefined && key <= range.after) continue;
    if (range.before !== undefined && key >= range.before) continue;
    const below =
      prefix === undefined
        ? decodeRevision(bytes).head.rows.includes(index)
        : key.startsWith(prefix);
    if (below) keys.push(key);
  }
  keys.sort(compareText);
  if (range.order === 'descending') keys.reverse();
  return keys.slice(0, range.limit);
}

async function putBlob(
  contents: Contents,
  queue: Queue,
  source: { key: string; chunks: AsyncIterable<Uint8Array>; purgeAt: number },
): Promise<number> {
  const { key, purgeAt } = source;
  let size = 0;
  await queue.mutate(() => {
    if (contents.blobs.has(key)) throw new Error(`The blob ${key} exists; blobs never change.`);
    contents.blobs.set(key, { chunks: [], complete: false, purgeAt });
  });
  for await (const chunk of source.chunks) {
    const copy = Uint8Array.from(chunk);
    size += copy.length;
    await queue.mutate(() => unfinished(contents, key).chunks.push(copy));
  }
  await queue.mutate(() => {
    unfinished(contents, key).complete = true;
  });
  return size;
}

function unfinished(contents: Contents, key: string): Blob {
  const blob = contents.blobs.get(key);
  if (!blob) throw new Error(`The blob ${key} was purged while it was written.`);
  return blob;
}

function getBlob(contents: Contents, key: string): AsyncIterable<Uint8Array> | undefined {
  const blob = contents.blobs.get(key);
  if (!blob?.complete) return undefined;
  return chunksOf(blob.chunks);
}

async function* chunksOf(chunks: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  for (const chunk of chunks) yield chunk.slice();
}

function purge(contents: Contents, now: number, limit: number): number {
  const found: { at: number; remove: () => void }[] = [];
  for (const [key, bytes] of contents.documents) {
    const { head } = decodeRevision(bytes);
    if (!isRemovable(head) || head.purgeAt > now) continue;
    const remove = (): void => {
      contents.documents.delete(key);
      contents.content.delete(key);
      if (head.unique !== null) contents.unique.delete(head.unique);
    };
    found.push({ at: head.purgeAt, remove });
  }
  for (const [key, blob] of contents.blobs) {
    if (blob.purgeAt > now) continue;
    found.push({ at: blob.purgeAt, remove: () => contents.blobs.delete(key) });
  }
  found.sort((a, b) => a.at - b.at);
  const removed = found.slice(0, limit);
  for (const one of removed) one.remove();
  return removed.length;
}
