/**
 * Calls that list one's own messages: inbox, sent, held, and a conversation.
 *
 * Invariants: only index rows of the caller's own account are read; a call looks at a bounded
 * number of the newest messages, and `next` says where the following one goes on; what is held is
 * in the list of held messages alone, so that a quiet time is quiet.
 */

import Type from 'typebox';
import type { Account } from '../../../schemas/account.js';
import type { MessageSummary } from '../../../schemas/console.js';
import type { ConsoleCalls } from '../../../schemas/console-calls.js';
import type { MessageDocument } from '../../../schemas/message.js';
import { HELD } from '../../kernel/document.js';
import type { Store } from '../../store/store.js';
import { type Caller, type CallTable, type ConsoleParts, consoleCall } from '../console-call.js';
import { documentsOf } from '../operator/scan.js';
import { conversationOf, summaryOf } from '../summary.js';

/** Messages in one page of a list. */
export const PAGE = 50;
/** Messages that one search looks at before it asks to be sent on. */
export const SEARCHED_MAX = 2_000;
/** Of each box, for the messages of one conversation. */
const CONVERSATION_SEARCHED_MAX = 1_000;
const CONVERSATION_MAX = 200;
/** Held messages of one account: so many are counted, and so many shown. */
const HELD_COUNTED_MAX = 10_000;
const HELD_SHOWN_MAX = 500;
const TEXT_MAX = 1024;
const Text = Type.String({ minLength: 1, maxLength: TEXT_MAX });

type Listing = ConsoleCalls['messages.list']['out'];
type Reads = Pick<Store, 'get' | 'list'>;
type Shows = (document: MessageDocument) => boolean;

const rowOf = (box: 'inbox' | 'sent' | 'held', account: Account) => `${box}/${account.id}`;

/** The documents of the messages held for an account, the oldest first. */
export async function heldFor(store: Reads, account: Account): Promise<MessageDocument[]> {
  const held: MessageDocument[] = [];
  const range = { limit: HELD_SHOWN_MAX };
  for await (const document of documentsOf(store, rowOf('held', account), range)) {
    if (document.state === HELD) held.push(document);
  }
  return held;
}

async function countHeld(store: Reads, account: Account): Promise<number> {
  const range = { limit: HELD_COUNTED_MAX, order: 'ascending' } as const;
  return (await store.list(rowOf('held', account), range)).length;
}

/** Whether subject, people or identifier contain the text. */
function matches(message: MessageSummary, needle: string): boolean {
  const { subject, id, from, to } = message;
  const texts = [subject, id, from.name, from.address, to.name, to.address];
  return texts.some((text) => text?.toLowerCase().includes(needle));
}

interface Wanted {
  readonly box: 'inbox' | 'sent' | 'held';
  readonly before?: string;
  readonly search?: string;
}

async function pageOf(
  { store }: ConsoleParts,
  { account }: Caller,
  wanted: { readonly box: 'inbox' | 'sent'; readonly before?: string; readonly search?: string },
): Promise<{ readonly items: MessageSummary[]; readonly next?: string }> {
  const { box, before, search } = wanted;
  const needle = search?.trim().toLowerCase() ?? '';
  const shows: Shows = ({ state }) => box === 'sent' || state !== HELD;
  const items: MessageSummary[] = [];
  const from = before === undefined ? {} : { before };
  const range = { ...from, limit: SEARCHED_MAX };
  let looked = 0;
  let next: string | undefined;
  for await (const document of documentsOf(store, rowOf(box, account), range, 'descending')) {
    looked += 1;
    const message = shows(document) ? summaryOf(document, { account }) : undefined;
    if (message !== undefined && matches(message, needle)) items.push(message);
    next = items.length === PAGE || looked === SEARCHED_MAX ? document.key : undefined;
    if (next !== undefined) break;
  }
  return { items, ...(next !== undefined && { next }) };
}

async function list(parts: ConsoleParts, caller: Caller, wanted: Wanted): Promise<Listing> {
  const { box, search = '' } = wanted;
  const { account } = caller;
  const waiting = await heldFor(parts.store, account);
  const times = waiting.flatMap(({ context }) => context.heldUntil ?? []);
  const held = {
    // Beyond what is shown, by keys alone.
    held: waiting.length < HELD_SHOWN_MAX ? waiting.length : await countHeld(parts.store, account),
    ...(times.length > 0 && { heldUntil: Math.min(...times) }),
  };
  if (box !== 'held') return { ...(await pageOf(parts, caller, { ...wanted, box })), ...held };
  const all = waiting.map((document) => summaryOf(document, { account }));
  const needle = search.trim().toLowerCase();
  return { items: all.filter((message) => matches(message, needle)).reverse(), ...held };
}

/** One's own messages of a conversation, the oldest first. */
async function conversation(
  { store }: ConsoleParts,
  { account }: Caller,
  name: string,
): Promise<{ readonly items: readonly MessageSummary[] }> {
  const found = new Map<string, MessageSummary>();
  for (const box of ['inbox', 'sent'] as const) {
    const range = { limit: CONVERSATION_SEARCHED_MAX };
    for await (const document of documentsOf(store, rowOf(box, account), range, 'descending')) {
      if (conversationOf(document) !== name) continue;
      if (found.size < CONVERSATION_MAX) found.set(document.key, summaryOf(document, { account }));
    }
  }
  return { items: [...found.values()].sort((a, b) => a.at - b.at || (a.key < b.key ? -1 : 1)) };
}

export const listCalls: CallTable<'messages.list' | 'messages.conversation'> = {
  'messages.list': consoleCall(
    'own.read',
    Type.Object({
      box: Type.Enum(['inbox', 'sent', 'held']),
      before: Type.Optional(Text),
      search: Type.Optional(Type.String({ maxLength: TEXT_MAX })),
    }),
    list,
  ),
  'messages.conversation': consoleCall(
    'own.read',
    Type.Object({ conversation: Text }),
    (parts, caller, { conversation: name }) => conversation(parts, caller, name),
  ),
};
