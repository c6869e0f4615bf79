/**
 * The books of one round of the mail scenarios: what the store says of the round's messages against
 * what senders and next hop know; the ledger balances them, and more is asked here.
 */

import type { MessageDocument } from '../../schemas/message.js';
import { type Arrival, balance, type Submitted } from '../harness/ledger.js';
import { checkEnds, lostIn } from './books.js';
import type { Checked, Expected } from './world.js';

/** What senders and next hop know. */
export interface MailFacts {
  readonly submitted: readonly Submitted[];
  arrivals(): Arrival[];
}

/** Balances a round; the switch must be drained. */
export function checkMail(
  world: MailFacts,
  documents: readonly MessageDocument[],
  expected: readonly Expected[],
): Checked {
  const arrivals = named(world.arrivals(), documents);
  const books = { submitted: world.submitted, arrivals, documents, channel: 'email' };
  const { problems, duplicates } = balance(books);
  const lost = lostIn(documents);
  return {
    duplicates,
    problems: [
      ...problems,
      ...checkEnds(documents),
      ...expected.flatMap((one) => checkExpected(one, documents, arrivals)),
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

/** Law 13: the same input twice is one message. */
function checkSubmissions({ submitted }: MailFacts): string[] {
  const ids = new Map<string, Set<string>>();
  for (const { token, id } of submitted) {
    if (id !== undefined) ids.set(token, (ids.get(token) ?? new Set()).add(id));
  }
  return [...ids].flatMap(([token, { size }]) => (size > 1 ? [`TWICE ACCEPTED: ${token}`] : []));
}
