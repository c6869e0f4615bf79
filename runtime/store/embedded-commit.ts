/**
 * Group commit: the operations of one event-loop turn (and those that came while the last flush
 * ran) become one LMDB transaction, flushed before anybody is told.
 *
 * Stages: submit → decide on the committed state (this process is the only writer, so nothing
 * changes between the decision and the write) → one batch for LMDB's writer thread → flushed →
 * results. One batch is under way at a time.
 *
 * Invariants: two operations of a batch never share a lock; the later one waits for the next batch.
 * LMDB writes its meta page after the data is synced and only then shows the transaction to
 * readers, so whatever can be read is on stable storage. A batch that failed has changed nothing.
 * A full disk fails what is not essential and tries the rest once more on the reserve; any other
 * failure is fatal: everything waiting is rejected and nothing is acknowledged afterwards.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Database, Key, RootDatabase } from 'lmdb';

export type Table = Database<Uint8Array, Key>;

/** `value` undefined removes the row. */
export interface Write {
  readonly table: Table;
  readonly key: Key;
  readonly value: Uint8Array | undefined;
}

export interface Decided<T> {
  readonly writes: readonly Write[];
  readonly result: T;
  /** Runs after the flush, before the result is told. */
  readonly flushed?: () => void;
}

export interface Operation<T> {
  readonly locks: readonly string[];
  /** May use the reserve of a full disk. */
  readonly essential: boolean;
  /** Reads the committed state. May add to `taken` what else it touches. Throwing rejects it. */
  decide(taken: Set<string>): Decided<T>;
}

export interface GroupCommit {
  submit<T>(operation: Operation<T>): Promise<T>;
  unhealthy(): string | undefined;
  /** Takes nothing more; resolves when everything submitted is settled. */
  close(): Promise<void>;
}

export interface GroupCommitOptions {
  readonly root: RootDatabase<Uint8Array, Key>;
  /** Is there next to no room left on the disk? */
  isDiskFull(): boolean;
  onFull(): void;
  onFatal(error: Error): void;
  monotonic(): number;
  onFlushing?(): void;
  onFlush?(facts: FlushFacts): void;
}

export interface FlushFacts {
  readonly operations: number;
  readonly tookMs: number;
}

interface Waiting {
  readonly locks: readonly string[];
  readonly essential: boolean;
  readonly triedOnReserve: boolean;
  decide(taken: Set<string>): Ready;
  fail(error: Error): void;
}

interface Ready {
  readonly waiting: Waiting;
  readonly writes: readonly Write[];
  settle(): void;
}

const BATCH_OPERATIONS_MAX = 1024;
const BATCH_BYTES_MAX = 8 * 1024 * 1024;
/** Linux's ENOSPC and EDQUOT, and LMDB's MDB_MAP_FULL. */
const FULL_CODES = [28, 122, -30792];
/** LMDB calls a short write an input/output error; a full disk gives short writes. */
const IO_ERROR_CODE = 5;

/** The disk is full; nothing of the change was stored. */
export class StoreFullError extends Error {
  override readonly name = 'StoreFullError';
  readonly code = 'STORE_FULL';
}

export function makeGroupCommit(options: GroupCommitOptions): GroupCommit {
  let queue: Waiting[] = [];
  let running: Promise<void> | undefined;
  let trouble: { readonly error: Error; readonly fatal: boolean } | undefined;
  let closed = false;

  const fatal = (error: Error): void => {
    trouble = { error, fatal: true };
    const waiting = queue;
    queue = [];
    for (const one of waiting) one.fail(error);
    options.onFatal(error);
  };
  const failed = (batch: readonly Ready[], cause: Error): void => {
    if (!isFull(cause, options)) {
      const error = new Error(`The store could not flush: ${cause.message}.`, { cause });
      for (const ready of batch) ready.waiting.fail(error);
      fatal(error);
      return;
    }
    options.onFull();
    const error = new StoreFullError('The disk is full: nothing of this change was stored.');
    trouble = { error, fatal: false };
    const again: Waiting[] = [];
    for (const { waiting } of batch) {
      if (waiting.essential && !waiting.triedOnReserve) {
        again.push({ ...waiting, triedOnReserve: true });
      } else waiting.fail(error);
    }
    queue = [...again, ...queue];
  };
  const commitSome = async (): Promise<void> => {
    const { batch, rest } = takeBatch(queue);
    queue = rest;
    const isEmpty = batch.every((ready) => ready.writes.length === 0);
    const startedAt = options.monotonic();
    if (!isEmpty) options.onFlushing?.();
    const failure = isEmpty ? undefined : await write(options.root, batch);
    if (failure) {
      failed(batch, failure);
      return;
    }
    for (const ready of batch) ready.settle();
    if (isEmpty) return;
    trouble = undefined;
    options.onFlush?.({ operations: batch.length, tookMs: options.monotonic() - startedAt });
  };
  const run = async (): Promise<void> => {
    do {
      // The rest of this turn may bring more for the same flush.
      await nextTurn();
      await commitSome();
    } while (queue.length > 0);
    running = undefined;
  };
  return {
    submit: (operation) =>
      new Promise((resolve, reject) => {
        if (trouble?.fatal) return reject(trouble.error);
        if (closed) return reject(new Error('The store is closed.'));
        queue.push(waitingFor(operation, resolve, reject));
        running ??= run();
      }),
    unhealthy: () => trouble?.error.message,
    async close() {
      closed = true;
      await running;
    },
  };
}

function waitingFor<T>(
  operation: Operation<T>,
  resolve: (result: T) => void,
  fail: (error: Error) => void,
): Waiting {
  return {
    locks: operation.locks,
    essential: operation.essential,
    triedOnReserve: false,
    decide(taken) {
      const { writes, result, flushed } = operation.decide(taken);
      const settle = (): void => {
        flushed?.();
        resolve(result);
      };
      return { waiting: this, writes, settle };
    },
    fail,
  };
}

/** Decides as many operations as fit; those whose locks are taken keep their order in the rest. */
function takeBatch(queue: readonly Waiting[]): { batch: Ready[]; rest: Waiting[] } {
  const batch: Ready[] = [];
  const rest: Waiting[] = [];
  const taken = new Set<string>();
  let bytes = 0;
  for (const waiting of queue) {
    const full = batch.length >= BATCH_OPERATIONS_MAX || bytes >= BATCH_BYTES_MAX;
    if (full || waiting.locks.some((lock) => taken.has(lock))) {
      // Later operations on the same keys must not overtake it.
      for (const lock of waiting.locks) taken.add(lock);
      rest.push(waiting);
      continue;
    }
    for (const lock of waiting.locks) taken.add(lock);
    try {
      const ready = waiting.decide(taken);
      batch.push(ready);
      for (const { value } of ready.writes) bytes += value?.length ?? 0;
    } catch (error) {
      waiting.fail(error instanceof Error ? error : new Error(String(error)));
    }
  }
  return { batch, rest };
}

/** Undefined: flushed. */
async function write(
  root: RootDatabase<Uint8Array, Key>,
  batch: readonly Ready[],
): Promise<Error | undefined> {
  let ofWrites: Promise<boolean> | undefined;
  const whole = root.batch(() => {
    for (const { writes } of batch) {
      for (const { table, key, value } of writes) {
        const written = value === undefined ? table.remove(key) : table.put(key, value);
        ofWrites ??= written;
      }
    }
  });
  try {
    // Without overlapping syncs LMDB resolves a commit only after it is synced: both is flushed.
    await Promise.all([whole, ofWrites]);
    return undefined;
  } catch (error) {
    return causeOf(error);
  }
}

/** LMDB hands its reason on as a second, rejected promise. */
async function causeOf(error: unknown): Promise<Error> {
  if (!(error instanceof Error)) return new Error(String(error));
  if (!('commitError' in error)) return error;
  try {
    await error.commitError;
    return error;
  } catch (cause) {
    return cause instanceof Error ? cause : error;
  }
}

function isFull(error: Error, options: GroupCommitOptions): boolean {
  const code = 'code' in error && typeof error.code === 'number' ? error.code : 0;
  return FULL_CODES.includes(code) || (code === IO_ERROR_CODE && options.isDiskFull());
}
