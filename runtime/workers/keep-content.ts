/**
 * Before anything is purged: the content that a submission's messages share lies with its first
 * one (its own bytes, or a blob of the same purge time). Where a later recipient's message is still
 * open, held for long, say, or dead and waiting for an operator, the first one is kept on with it.
 *
 * Invariants: a purge time only ever moves on; what is kept on is kept by a compare-and-set, and
 * looked at again at the next purge.
 */

import { makeIdentifier, messageKey, splitMessageKey } from '../../schemas/identifier.js';
import type { MessageDocument } from '../../schemas/message.js';
import type { Committer } from '../kernel/commit.js';
import type { Store } from '../store/store.js';

/** Longer than any time between two purges. */
const KEEP_ON_MS = 24 * 3_600_000;
const PAGE = 256;
/** Whatever is not at its end, or ended so that somebody may send it again. */
const ROWS = ['received', 'stored', 'routed', 'dispatched', 'confirmed', 'failed', 'failed.dead'];

interface Parts {
  readonly store: Pick<Store, 'list' | 'keepBlob'>;
  readonly committer: Committer;
}

/** Keeps on what messages as old as the shortest retention still need at `now`. */
export async function keepNeededContent(parts: Parts, now: number): Promise<void> {
  const { retention } = parts.committer.saving();
  const youngest = now + KEEP_ON_MS - Math.min(retention.history, retention.archive);
  if (youngest <= 0) return;
  const before = messageKey(makeIdentifier(youngest, new Uint8Array(7)), 0);
  for (const state of ROWS) {
    let after: string | undefined;
    for (;;) {
      const range = { before, limit: PAGE, order: 'ascending', ...(after && { after }) } as const;
      const keys = await parts.store.list(`state/${state}`, range);
      for (const key of keys) await keepFor(parts, key, now);
      if (keys.length < PAGE) break;
      after = keys.at(-1);
    }
  }
}

async function keepFor({ store, committer }: Parts, key: string, now: number): Promise<void> {
  const held = await committer.load(key);
  if (held === undefined) return;
  const { content } = held.document.context;
  if (content.kind !== 'raw') return;
  const until = neededUntil(held.document, now);
  const { submission } = splitMessageKey(key);
  const first = await committer.load(messageKey(submission, 0));
  if (first === undefined || first.document.purgeAt >= until) return;
  const kept = await committer.keepOn(first, until);
  if (kept.ok && content.at.in === 'blob') await store.keepBlob(content.at.key, until);
}

function neededUntil(document: MessageDocument, now: number): number {
  return document.closed ? document.purgeAt : now + KEEP_ON_MS;
}
