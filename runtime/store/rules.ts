/**
 * What every store refuses, whoever keeps the bytes. A refusal is a bug of the caller, so it is an
 * exception; nothing has been written when it comes.
 *
 * Invariants (law 9): an open document of a machine has a time at which somebody looks again, and a
 * closed one has nothing left to create.
 */

import type { DocumentHead } from './store.js';

/** Longest key, row, lane or unique value in bytes of UTF-8: two of them fit one index row. */
export const KEY_BYTES_MAX = 900;

/** Keys under this prefix are messages: they always have a machine. */
const MESSAGE_PREFIX = 'msg/';

/** Throws what is wrong with a document about to be written. */
export function refuseUnlawful(key: string, head: DocumentHead): void {
  const wrong = unlawful(key, head);
  if (wrong !== undefined) throw new Error(`The store refuses ${key || 'a document'}: ${wrong}.`);
}

/** A document that no clock and no machine waits for any more. */
export function isRemovable(head: DocumentHead): head is DocumentHead & { purgeAt: number } {
  return head.purgeAt !== null && (head.closed || head.lookAt === null);
}

/** A save may give a unique value up; one that takes another document's is a bug. */
export function uniqueTaken(key: string, holder: string): Error {
  return new Error(`The store refuses ${key}: its unique value is held by ${holder} (law 13).`);
}

function unlawful(key: string, head: DocumentHead): string | undefined {
  const isMessage = key.startsWith(MESSAGE_PREFIX);
  if (!head.closed && (isMessage || head.dueAt !== null) && head.lookAt === null) {
    return 'it is open and has no lookAt, so nobody would ever look at it again (law 9)';
  }
  if (!head.closed && isMessage && head.dueAt === null) {
    return 'it is open and has no dueAt, so it would never end (law 9)';
  }
  if (head.closed && head.outboxSize > 0) {
    return `it is closed with ${head.outboxSize} in its outbox (law 9)`;
  }
  return malformed(key, head);
}

function malformed(key: string, head: DocumentHead): string | undefined {
  if (key === '') return 'its key is empty';
  for (const time of [head.lookAt, head.dueAt, head.purgeAt]) {
    if (time !== null && !Number.isFinite(time)) return `${time} is no time`;
  }
  const texts = [key, head.lane, ...head.rows];
  if (head.unique !== null) texts.push(head.unique);
  for (const text of texts) {
    // A string has at most three bytes of UTF-8 for each of its units: measure only long ones.
    if (text.length * 3 > KEY_BYTES_MAX && Buffer.byteLength(text) > KEY_BYTES_MAX) {
      return `"${text.slice(0, 40)}…" is longer than ${KEY_BYTES_MAX} bytes`;
    }
  }
  return undefined;
}
