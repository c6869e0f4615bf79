/**
 * An operator's search, from the surest to the widest: an id, its ending or a Message-ID; a
 * subscriber's name or address; words in subjects and addresses of the newest messages.
 *
 * Invariants: bounded; what was not looked at is said (`partial`), and `next` goes on there;
 * envelopes only.
 */

import type { Failure } from '../../../actors/machinery.js';
import type { Account } from '../../../schemas/account.js';
import type { MessageSummary } from '../../../schemas/console.js';
import type { ConsoleCalls } from '../../../schemas/console-calls.js';
import type { MessageDocument } from '../../../schemas/message.js';
import { readMessage, resolveMessages } from '../../messages.js';
import type { Caller, ConsoleParts } from '../console-call.js';
import { summaryOf } from '../summary.js';
import { documentsOf } from './scan.js';

export const FOUND_MAX = 50;
/** Messages whose words are looked at in one call. */
export const WORDS_LOOKED_AT_MAX = 4_000;
const ALL_MESSAGES = 'keys/msg/';

type Found = ConsoleCalls['search']['out'];

export async function search(
  parts: ConsoleParts,
  { account }: Caller,
  given: ConsoleCalls['search']['in'],
): Promise<Found | Failure> {
  const text = given.text.trim();
  if (text === '') return { items: [], partial: false };
  if (given.before === undefined) {
    const known = (await byName(parts, account, text)) ?? (await byPerson(parts, account, text));
    if (known !== undefined) return known;
  }
  return byWords(parts, account, { text, before: given.before });
}

/** Shorter ones are words, or would be endings of many. */
const NAME_CHARACTERS_MIN = 4;
/** A command's word for the newest message; in a search it is a word. */
const NO_NAMES: readonly string[] = ['last'];

/** Words that look like an id's ending but are none are looked for as words. */
async function byName(
  { store }: ConsoleParts,
  account: Account,
  text: string,
): Promise<Found | undefined> {
  if (text.length < NAME_CHARACTERS_MIN || NO_NAMES.includes(text)) return undefined;
  const resolved = await resolveMessages(store, text);
  if (!resolved.ok) return undefined;
  const items: MessageSummary[] = [];
  for (const key of resolved.keys.slice(0, FOUND_MAX)) {
    const document = await readMessage(store, key);
    if (document !== undefined) items.push(summaryOf(document, { account }));
  }
  return { items, partial: resolved.keys.length > FOUND_MAX };
}

/** What a subscriber got and sent, the newest first. */
async function byPerson(
  { store, running }: ConsoleParts,
  account: Account,
  text: string,
): Promise<Found | undefined> {
  const person = await running.accounts.find(text);
  if (person === undefined) return undefined;
  const range = { limit: FOUND_MAX, order: 'descending' } as const;
  const rows = [`inbox/${person.id}`, `sent/${person.id}`];
  const keys = await Promise.all(rows.map((row) => store.list(row, range)));
  const newest = [...new Set(keys.flat())].sort().reverse();
  const items: MessageSummary[] = [];
  for (const key of newest.slice(0, FOUND_MAX)) {
    const document = await readMessage(store, key);
    if (document !== undefined) items.push(summaryOf(document, { account }));
  }
  if (items.length === 0) return undefined;
  return { items, partial: newest.length > FOUND_MAX };
}

async function byWords(
  { store }: ConsoleParts,
  account: Account,
  { text, before }: { readonly text: string; readonly before: string | undefined },
): Promise<Found> {
  const words = text.toLowerCase().split(/\s+/);
  const items: MessageSummary[] = [];
  const from = before === undefined ? {} : { before: `msg/${before}` };
  const range = { ...from, limit: WORDS_LOOKED_AT_MAX };
  let seen = 0;
  for await (const document of documentsOf(store, ALL_MESSAGES, range, 'descending')) {
    seen += 1;
    if (hasWords(document, words)) items.push(summaryOf(document, { account }));
    if (items.length === FOUND_MAX || seen === WORDS_LOOKED_AT_MAX) {
      return { items, partial: true, next: document.key.slice('msg/'.length) };
    }
  }
  return { items, partial: false };
}

function hasWords({ input, context }: MessageDocument, words: readonly string[]): boolean {
  const { sender, header, recipient } = input;
  const deliveries = context.deliveries.map(({ address }) => address.value);
  const parts = [
    sender.name,
    sender.address?.value,
    recipient.via.value,
    context.recipient.via.value,
  ];
  const text = [header.subject, ...parts, ...deliveries].join('\n').toLowerCase();
  return words.every((word) => text.includes(word));
}
