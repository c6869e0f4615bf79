/**
 * The tables of the embedded store, one LMDB environment:
 *
 *   documents  key → head and value          content  key → bytes of its creation
 *   rows       [row, key]                    due      [lane, lookAt, key] → dueAt
 *   unique     value → key                   purge    [purgeAt, kind, key]
 *   blobs      key → state                   chunks   [key, number] → bytes
 *   about      'format' → number
 *
 * Invariants: no table is ever cleared as a whole. Syncs do not overlap with later commits: what a
 * reader sees has been flushed.
 */

import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Key, open, type RootDatabase } from 'lmdb';
import { pack, unpack } from './codec.js';
import type { Table } from './embedded-commit.js';

export interface Tables {
  readonly root: RootDatabase<Uint8Array, Key>;
  readonly documents: Table;
  readonly content: Table;
  readonly rows: Table;
  readonly due: Table;
  readonly unique: Table;
  readonly purge: Table;
  readonly blobs: Table;
  readonly chunks: Table;
}

/** In the purge table. */
export const DOCUMENT = 'document';
export const BLOB = 'blob';

/** A row that says all with its key. */
export const PRESENT = Uint8Array.of(1);

/** Sorts after every time. */
export const END_OF_TIME = Number.MAX_VALUE;

const ENVIRONMENT = 'store';
const DATA_FILE = 'data.mdb';
const FORMAT = 1;
const TABLES_MAX = 16;

/** Where the environment of a data directory lies; a backup has the same shape. */
export function environmentPath(directory: string): string {
  return join(directory, ENVIRONMENT);
}

export function hasEnvironment(directory: string): boolean {
  return existsSync(join(environmentPath(directory), DATA_FILE));
}

export function openTables(directory: string, mode: 'write' | 'read'): Tables {
  const path = environmentPath(directory);
  if (mode === 'read' && !hasEnvironment(directory)) {
    throw new Error(`There is no store in ${directory}: start the switch there first.`);
  }
  if (mode === 'write') mkdirSync(path, { recursive: true, mode: 0o700 });
  const root = open<Uint8Array, Key>({
    path,
    encoding: 'binary',
    maxDbs: TABLES_MAX,
    readOnly: mode === 'read',
    overlappingSync: false,
    // Our group commit gathers the turn; LMDB's own would lose the error of a failed commit.
    eventTurnBatching: false,
  });
  const table = (name: string): Table => root.openDB(name, { encoding: 'binary' });
  const about = table('about');
  const format = about.get('format');
  if (format !== undefined && unpack<number>(format) > FORMAT) {
    throw new Error(`The store in ${directory} was written by a newer release; use that one.`);
  }
  if (format === undefined && mode === 'write') about.putSync('format', pack(FORMAT));
  return {
    root,
    documents: table('documents'),
    content: table('content'),
    rows: table('rows'),
    due: table('due'),
    unique: table('unique'),
    purge: table('purge'),
    blobs: table('blobs'),
    chunks: table('chunks'),
  };
}
