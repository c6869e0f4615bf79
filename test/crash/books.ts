/**
 * The books of one round of the crash matrix: what the store says of the round's messages against
 * what senders and next hop know; the ledger balances them, and more is asked here: every message
 * has ended, as it should, and every extra copy is told of in its history.
 */

import { openEmbeddedReader } from '../../runtime/store/embedded.js';
import type { HistoryEntry, MessageDocument } from '../../schemas/message.js';
import { type Arrival, balance } from '../harness/ledger.js';
import type { World } from './world.js';

/** How a recipient's message must end. */
export interface Expected {
  readonly token: string;
  /** The address as the sender wrote it. */
  readonly to: string;
  readonly state: string;
  /** Where it must have arrived outside, if anywhere. */
  readonly at?: string;
  /** An event that its history must tell of. */
  readonly told?: string;
}

export interface Checked {
  readonly problems: readonly string[];
  /** Copies beyond the first, each of them recorded. */
  readonly duplicates: number;
}

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

/** Balances a round; the switch must be drained. */
export function checkRound(
  world: World,
  documents: readonly MessageDocument[],
  expected: readonly Expected[],
): Checked {
  const arrivals = named(world.arrivals(), documents);
  const books = { submitted: world.submitted, arrivals, documents, channel: 'email' };
  const { problems, duplicates } = balance(books);
  const lost = documents.flatMap(({ history }) => history).filter(isLost).length;
  return {
    duplicates,
    problems: [
      ...problems,
      ...documents.filter(({ closed }) => !closed).map(({ key, state }) => `OPEN: ${key} ${state}`),
      ...expected.flatMap((one) => checkExpected(one, documents, arrivals)),
      ...documents.flatMap(checkHistory),
      ...checkSubmissions(world),
      ...(duplicates > lost ? [`${duplicates} duplicates of ${lost} lost attempts`] : []),
    ],
  };
}

/** Mail that the switch wrote itself is known in its documents by what it tells of. */
function named(arrivals: readonly Arrival[], documents: readonly MessageDocument[]): Arrival[] {
  const own = new Map(
    documents
      .filter(({ input }) => input.header.reference?.includes(':msg/'))
      .map(({ key, input }) => [key.slice('msg/'.length, -2), input.header.reference ?? '']),
  );
  return arrivals.map((arrival) => {
    const [id = ''] = arrival.token.split('.');
    return { ...arrival, token: own.get(id) ?? arrival.token };
  });
}

function checkExpected(
  { token, to, state, at, told }: Expected,
  documents: readonly MessageDocument[],
  arrivals: readonly Arrival[],
): string[] {
  const of = documents.filter(
    ({ input }) => input.recipient.via.value === to && refersTo(input.header.reference, token),
  );
  const problems: string[] = [];
  if (of.length === 0) problems.push(`MISSING: no message ${token} for ${to}`);
  for (const document of of) {
    if (document.state !== state) problems.push(`${token} for ${to} is ${document.state}`);
    const events = document.history.map(({ event }) => event);
    const isTold = events.some((event) => 'id' in event && event.id.startsWith(told ?? ''));
    if (told !== undefined && !isTold) problems.push(`${token}: its history has no ${told}`);
  }
  if (at === undefined) return problems;
  const arrived = arrivals.some((one) => refersTo(one.token, token) && one.address === at);
  return arrived ? problems : [...problems, `${token} did not arrive at ${at}`];
}

/** `token` may be the beginning of a reference, where its end is not known beforehand. */
function refersTo(reference: string | undefined, token: string): boolean {
  return reference?.replace(/^<|>$/g, '').startsWith(token) === true;
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

/** Law 13: the same input twice is one message. */
function checkSubmissions({ submitted }: World): string[] {
  const ids = new Map<string, Set<string>>();
  for (const { token, id } of submitted) {
    if (id !== undefined) ids.set(token, (ids.get(token) ?? new Set()).add(id));
  }
  return [...ids].flatMap(([token, { size }]) => (size > 1 ? [`TWICE ACCEPTED: ${token}`] : []));
}
