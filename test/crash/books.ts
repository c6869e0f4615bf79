/**
 * What the books of every round ask, whatever came and went: every message has ended, and every
 * extra copy is told of in its history.
 */

import { openEmbeddedReader } from '../../runtime/store/embedded.js';
import type { HistoryEntry, MessageDocument } from '../../schemas/message.js';

const clock = { monotonic: () => performance.now() };
const KEYS_MAX = 100_000;

/** Reads the round's messages: those whose keys are not in `before`. */
export async function readRound(
  directory: string,
  before: ReadonlySet<string>,
): Promise<MessageDocument[]> {
  const store = openEmbeddedReader({ directory, clock });
  try {
    const keys = await store.list('keys/msg/', { limit: KEYS_MAX, order: 'ascending' });
    const documents: MessageDocument[] = [];
    for (const key of keys) {
      if (before.has(key)) continue;
      const stored = await store.get(key);
      // The store's edge: what the kernel wrote under this prefix is a message.
      if (stored !== undefined) documents.push(stored.value as MessageDocument);
    }
    return documents;
  } finally {
    await store.close();
  }
}

/** Everything is closed, and no duplicate is untold. */
export function checkEnds(documents: readonly MessageDocument[]): string[] {
  const open = documents.filter(({ closed }) => !closed);
  return [
    ...open.map(({ key, state }) => `OPEN: ${key} ${state}`),
    ...documents.flatMap(checkHistory),
  ];
}

/** Attempts of whose end nobody heard. */
export function lostIn(documents: readonly MessageDocument[]): number {
  return documents.flatMap(({ history }) => history).filter(isLost).length;
}

/** A possible duplicate is one because the history tells of an attempt whose end nobody knows. */
function checkHistory({ key, context, history }: MessageDocument): string[] {
  return context.deliveries.flatMap(({ id, possibleDuplicate }) => {
    const lost = history.filter(
      ({ event }) => 'delivery' in event && event.delivery === id && isLost({ event }),
    );
    const sent = history.filter(
      ({ event }) =>
        event.type === 'SENDING' && event.delivery === id && event.phase === 'bytesSent',
    );
    if (possibleDuplicate === true && lost.length === 0) return [`UNTOLD DUPLICATE: ${key} ${id}`];
    return lost.length > sent.length ? [`${key} ${id} lost more than it sent`] : [];
  });
}

/** An attempt that had passed `bytesSent` and of whose end nobody heard. */
function isLost({ event }: Pick<HistoryEntry, 'event'>): boolean {
  return event.type === 'ATTEMPT_LOST' || (event.type === 'OUTCOME' && !!event.outcome.ambiguous);
}
