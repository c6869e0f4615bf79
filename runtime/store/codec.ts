/**
 * How a document becomes bytes: `u32 length of the head · head · value`, both msgpack. The head
 * comes first and by itself, so that a compare-and-set need not unpack the value.
 *
 * Invariants: every adapter that keeps bytes uses this codec, so what is read back is the same
 * everywhere and shares no memory with what was written. Bytes come back as plain Uint8Array; text
 * stays text.
 */

import { Packr } from 'msgpackr';
import type { DocumentHead, StoredDocument } from './store.js';

const HEAD_LENGTH_BYTES = 4;

const packr = new Packr({ useRecords: false, variableMapSize: true, copyBuffers: true });

export interface Revision {
  readonly rev: number;
  readonly token: string;
  readonly head: DocumentHead;
}

type PackedHead = [
  rev: number,
  token: string,
  rows: string[],
  lookAt: number | null,
  dueAt: number | null,
  lane: string,
  closed: boolean,
  outboxSize: number,
  purgeAt: number | null,
  unique: string | null,
];

export function pack(value: unknown): Uint8Array {
  return packr.pack(value);
}

/** The caller knows what it packed: what is unpacked here was written by `pack`. */
export function unpack<T>(bytes: Uint8Array): T {
  return packr.unpack(plain(bytes)) as T;
}

/** A view that is no Buffer: slices of it are Uint8Arrays, in every adapter alike. */
export function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

export function encodeDocument(revision: Revision, value: unknown): Uint8Array {
  const { head } = revision;
  const packed: PackedHead = [
    revision.rev,
    revision.token,
    [...head.rows],
    head.lookAt,
    head.dueAt,
    head.lane,
    head.closed,
    head.outboxSize,
    head.purgeAt,
    head.unique,
  ];
  const headBytes = packr.pack(packed);
  const valueBytes = packr.pack(value);
  const bytes = Buffer.allocUnsafe(HEAD_LENGTH_BYTES + headBytes.length + valueBytes.length);
  bytes.writeUInt32LE(headBytes.length, 0);
  bytes.set(headBytes, HEAD_LENGTH_BYTES);
  bytes.set(valueBytes, HEAD_LENGTH_BYTES + headBytes.length);
  return bytes;
}

/** What a compare-and-set and the index rows need; the value stays packed. */
export function decodeRevision(bytes: Uint8Array): Revision {
  const view = plain(bytes);
  const [rev, token, rows, lookAt, dueAt, lane, closed, outboxSize, purgeAt, unique] =
    unpack<PackedHead>(view.subarray(HEAD_LENGTH_BYTES, headEnd(view)));
  return {
    rev,
    token,
    head: { rows, lookAt, dueAt, lane, closed, outboxSize, purgeAt, unique },
  };
}

export function decodeDocument(key: string, bytes: Uint8Array): StoredDocument {
  const view = plain(bytes);
  const { rev, token, head } = decodeRevision(view);
  return { key, rev, token, head, value: unpack<unknown>(view.subarray(headEnd(view))) };
}

function headEnd(view: Uint8Array): number {
  const [a = 0, b = 0, c = 0, d = 0] = view;
  return HEAD_LENGTH_BYTES + (a | (b << 8) | (c << 16) | (d << 24));
}
