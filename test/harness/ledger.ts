/**
 * The ledger: balances what senders were told against what the tracker says and what arrived.
 *
 * Per recipient: accepted = confirmed + failed + in flight (expired and dead are among the failed,
 * held among those in flight). Nothing acknowledged is missing, nothing arrived that is not its
 * recipient's, what is confirmed did arrive, and no more copies than there were attempts whose end
 * nobody knew, each of them recorded (law 5).
 * A mail is told from others by its Message-ID, which is the token everywhere here.
 */

import assert from 'node:assert/strict';
import type { Store } from '../../runtime/store/store.js';
import type { Delivery } from '../../schemas/delivery.js';
import { splitMessageKey } from '../../schemas/identifier.js';
import type { MessageDocument } from '../../schemas/message.js';
import type { Recorded } from './recorder.js';

/** One try of a sender; `id` is absent when it was not told that the mail was accepted. */
export interface Submitted {
  readonly token: string;
  readonly recipients: readonly string[];
  readonly id?: string;
}

/** One mail for one address at a sink. */
export interface Arrival {
  readonly token: string;
  readonly address: string;
}

export interface Books {
  readonly submitted: readonly Submitted[];
  readonly arrivals: readonly Arrival[];
  readonly documents: readonly MessageDocument[];
  /** The channel whose deliveries the sinks see. */
  readonly channel: string;
  /** The token in a document; absent: its reference. */
  readonly tokenIn?: (document: MessageDocument) => string;
}

export interface Balance {
  readonly accepted: number;
  readonly confirmed: number;
  readonly failed: number;
  readonly inFlight: number;
  readonly arrived: number;
  /** Copies beyond the first, all of them recorded if there are no problems. */
  readonly duplicates: number;
  /** Sentences; a balanced ledger has none. */
  readonly problems: readonly string[];
}

const MESSAGE_ID = /^message-id:\s*<?([^>\r\n]+)>?/im;
const QUEUED_AS = /^250 .*queued as (\S+)/i;
const DOCUMENTS_AT_ONCE = 1000;

/** The Message-ID of a mail's content; '' when it has none. */
export function tokenOf(content: Buffer): string {
  const end = content.indexOf('\r\n\r\n');
  const head = content.subarray(0, end < 0 ? content.length : end).toString('latin1');
  return MESSAGE_ID.exec(head)?.[1]?.trim() ?? '';
}

/** What senders did, from the recorder that stands before the switch. */
export function submittedFrom(recorded: readonly Recorded[]): Submitted[] {
  return recorded.map(({ content, recipients, reply }) => {
    const id = QUEUED_AS.exec(reply)?.[1];
    return { token: tokenOf(content), recipients, ...(id !== undefined && { id }) };
  });
}

/** What came out, from the recorder that stands before a sink which took it. */
export function arrivalsFrom(recorded: readonly Recorded[]): Arrival[] {
  return recorded
    .filter(({ reply }) => reply.startsWith('250'))
    .flatMap(({ content, recipients }) =>
      recipients.map((address) => ({ token: tokenOf(content), address })),
    );
}

/** Every message in a store. */
export async function readDocuments(
  store: Pick<Store, 'get' | 'list'>,
): Promise<MessageDocument[]> {
  const documents: MessageDocument[] = [];
  let after: string | undefined;
  for (;;) {
    const range = { limit: DOCUMENTS_AT_ONCE, order: 'ascending' } as const;
    const page = after === undefined ? range : { ...range, after };
    const keys = await store.list('keys/msg/', page);
    for (const key of keys) {
      const stored = await store.get(key);
      // The store's edge: what the kernel wrote under this prefix is a message.
      if (stored !== undefined) documents.push(stored.value as MessageDocument);
    }
    after = keys.at(-1);
    if (after === undefined || keys.length < DOCUMENTS_AT_ONCE) return documents;
  }
}

/** Counts everything and lists what does not add up. */
export function balance(books: Books): Balance {
  const states = books.documents.map(({ state }) => state);
  const confirmed = states.filter((state) => state === 'confirmed').length;
  const failed = states.filter((state) => state.startsWith('failed')).length;
  // Recipients whose message has still to be created are in flight too.
  const toCreate = books.documents.reduce((sum, { fanout }) => sum + (fanout?.length ?? 0), 0);
  const { duplicates, problems } = checkArrivals(books);
  return {
    accepted: acceptedOf(books).size,
    confirmed,
    failed,
    inFlight: states.length - confirmed - failed + toCreate,
    arrived: books.arrivals.length,
    duplicates,
    problems: [...checkAccepted(books), ...problems],
  };
}

/** Acknowledged recipients; an answer repeated for the same mail counts once (law 13). */
function acceptedOf({ submitted }: Books): Set<string> {
  return new Set(
    submitted.flatMap(({ id, recipients }) =>
      id === undefined ? [] : recipients.map((to) => `${id} ${normal(to)}`),
    ),
  );
}

/** Balances, and fails with every problem when something does not add up. */
export function assertBalanced(books: Books): Balance {
  const result = balance(books);
  assert.deepEqual(result.problems, []);
  return result;
}

/** Everything acknowledged has exactly one message for each of its recipients. */
function checkAccepted({ submitted, documents }: Books): string[] {
  const bySubmission = new Map<string, MessageDocument[]>();
  for (const document of documents) {
    const { submission } = splitMessageKey(document.key);
    bySubmission.set(submission, [...(bySubmission.get(submission) ?? []), document]);
  }
  return submitted.flatMap(({ id, recipients, token }) => {
    if (id === undefined) return [];
    const owned = (bySubmission.get(id) ?? []).flatMap(({ input, fanout }) => [
      input.recipient.via.value,
      ...(fanout ?? []).map(({ to }) => to.via.value),
    ]);
    return [...new Set(recipients.map(normal))].flatMap((address) => {
      const count = owned.filter((own) => normal(own) === address).length;
      if (count === 1) return [];
      const what = count === 0 ? 'LOST: acknowledged, and nowhere' : `${count} messages`;
      return [`${what}: ${token} (${id}) for ${address}`];
    });
  });
}

interface Line {
  /** Copies that the messages of this token account for at this address. */
  expected: number;
  /** More copies which are recorded as possible. */
  possible: number;
  confirmed: number;
  arrived: number;
}

/** Right person, every confirmed one, no copy too many. */
function checkArrivals(books: Books): { duplicates: number; problems: string[] } {
  const lines = new Map<string, Line>();
  for (const document of books.documents) {
    const { tokenIn = referenceIn } = books;
    const token = bare(tokenIn(document));
    for (const delivery of document.context.deliveries) {
      if (delivery.address.channel !== books.channel) continue;
      enter(lines, `${token} to ${normal(delivery.address.value)}`, delivery);
    }
  }
  const problems: string[] = [];
  for (const { token, address } of books.arrivals) {
    const line = lines.get(`${bare(token)} to ${normal(address)}`);
    if (line === undefined) problems.push(`WRONG PERSON: ${token} arrived at ${address}`);
    else line.arrived += 1;
  }
  let duplicates = 0;
  for (const [what, line] of lines) {
    const copies = Math.max(0, line.arrived - line.expected);
    duplicates += copies;
    if (copies > line.possible)
      problems.push(`UNRECORDED DUPLICATE: ${what}, ${line.arrived} times`);
    if (line.arrived < line.confirmed) problems.push(`CONFIRMED, NEVER ARRIVED: ${what}`);
  }
  return { duplicates, problems };
}

function enter(lines: Map<string, Line>, what: string, delivery: Delivery): void {
  const line = lines.get(what) ?? { expected: 0, possible: 0, confirmed: 0, arrived: 0 };
  line.expected += 1;
  if (delivery.possibleDuplicate === true) line.possible += Math.max(1, delivery.trials - 1);
  if (delivery.phase === 'confirmed') line.confirmed += 1;
  lines.set(what, line);
}

function referenceIn({ input }: MessageDocument): string {
  return input.header.reference ?? '';
}

function bare(token: string): string {
  return token.replace(/^<|>$/g, '');
}

/** Domains are compared without case (RFC 5321 2.4), local parts as they are. */
function normal(address: string): string {
  const cut = address.lastIndexOf('@');
  return cut < 0 ? address : address.slice(0, cut) + address.slice(cut).toLowerCase();
}
