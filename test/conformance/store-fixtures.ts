/** Documents, bytes and ranges for the parts of the store's suite. */

import assert from 'node:assert/strict';
import type { DocumentHead, NewDocument, Save, Store } from '../../runtime/store/store.js';

export const OPEN: DocumentHead = {
  rows: [],
  lookAt: 1000,
  dueAt: 900,
  lane: 'lane',
  closed: false,
  outboxSize: 0,
  purgeAt: null,
  unique: null,
};
export const CLOSED: DocumentHead = { ...OPEN, lookAt: null, dueAt: null, closed: true };

/** Odd values that a store must give back exactly. */
export const ODD_VALUE = {
  zeros: '0012345',
  scientific: '1e5',
  empty: '',
  unicode: 'ünï ✓ 🙂 \u0000 end',
  bytes: Uint8Array.of(0, 1, 255),
  noBytes: new Uint8Array(),
  nothing: null,
  missing: { inside: undefined },
  time: 1_795_000_000_123,
  negative: -1,
  fraction: 0.1,
  list: [1, 'two', [null, { three: 3 }], []],
  yes: true,
  no: false,
};

export function newDocument(
  key: string,
  head: Partial<DocumentHead> = {},
  value: unknown = 1,
): NewDocument {
  return { key, value, head: { ...OPEN, ...head }, token: `token of ${key}` };
}

export function change(key: string, rev: number, head: DocumentHead, value: unknown = rev): Save {
  return { key, rev, value, head, token: `token ${rev}` };
}

export async function* chunksOf(...chunks: Uint8Array[]): AsyncIterable<Uint8Array> {
  yield* chunks;
}

export async function join(chunks: AsyncIterable<Uint8Array> | undefined): Promise<Buffer> {
  assert.ok(chunks, 'the blob can be read');
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

export function lots(bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, at) => (at * 7) % 251);
}

export const UP = { limit: 100, order: 'ascending' } as const;
export const DOWN = { limit: 100, order: 'descending' } as const;

/** What the parts of the suite work with: `fresh` opens an empty store. */
export interface Env {
  store(): Store;
  fresh(): Promise<void>;
  given(...documents: NewDocument[]): Promise<void>;
  reopen(): Promise<void>;
}
