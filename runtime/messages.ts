/**
 * Finding and reading messages in a store, for people's commands: by identifier, by its unique
 * ending, by the sender's own reference (a Message-ID), or simply the last one. Changes nothing.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Failure } from '../actors/machinery.js';
import { isOwn } from '../actors/message-tracker/own-submission.js';
import { IDENTIFIER_PATTERN, splitMessageKey } from '../schemas/identifier.js';
import type { HistoryEntry, MessageDocument } from '../schemas/message.js';
import { overflowKey, rowValue } from './kernel/document.js';
import type { Store } from './store/store.js';

type Reads = Pick<Store, 'get' | 'list'>;

/** An ending is looked for among so many of the newest messages. */
export const ENDING_SEARCH_MAX = 100_000;
const PAGE = 5_000;
/** So many reports and notices in a row are passed over for `last`. */
const OWN_PASSED_MAX = 100;
const RECIPIENTS_SHOWN_MAX = 1_000;
const ENDING_PATTERN = /^[0-9a-hjkmnp-tv-z]{2,15}(\.\d+)?$/;
const ALL_MESSAGES = 'keys/msg/';

export type Resolved = { readonly ok: true; readonly keys: readonly string[] } | Failure;

/** The keys of the messages that a person means: one, or one for each recipient. */
export async function resolveMessages(store: Reads, text: string): Promise<Resolved> {
  const wanted = text.trim();
  if (wanted === 'last') {
    const key = await lastSent(store);
    return key === undefined ? unknown('There is no message yet.') : recipientsOf(store, key);
  }
  const [id = '', number] = wanted.toLowerCase().split('.');
  if (IDENTIFIER_PATTERN.test(id)) return recipientsOf(store, `msg/${id}.${number ?? 0}`, number);
  if (ENDING_PATTERN.test(wanted.toLowerCase())) {
    const byEnding = await resolveEnding(store, id, number);
    if (byEnding !== undefined) return byEnding;
  }
  return resolveReference(store, wanted);
}

/** The newest message that somebody sent; the switch's own reports and notices are not meant. */
async function lastSent(store: Reads): Promise<string | undefined> {
  const keys = await store.list(ALL_MESSAGES, { limit: OWN_PASSED_MAX, order: 'descending' });
  for (const key of keys) {
    const document = await readMessage(store, key);
    if (document !== undefined && !isOwn(document)) return key;
  }
  return keys[0];
}

async function recipientsOf(store: Reads, key: string, number?: string): Promise<Resolved> {
  const { submission } = splitMessageKey(key);
  if (number !== undefined) {
    const stored = await store.get(key);
    if (stored === undefined) return unknown(`There is no message ${submission}.${number}.`);
    return { ok: true, keys: [key] };
  }
  const range = { limit: RECIPIENTS_SHOWN_MAX, order: 'ascending' } as const;
  const keys = await store.list(`${ALL_MESSAGES}${submission}.`, range);
  if (keys.length === 0) return unknown(`There is no message ${submission}.`);
  const order = (one: string): number => splitMessageKey(one).recipient;
  return { ok: true, keys: [...keys].sort((a, b) => order(a) - order(b)) };
}

async function resolveEnding(
  store: Reads,
  ending: string,
  number: string | undefined,
): Promise<Resolved | undefined> {
  const found = new Set<string>();
  let before: string | undefined;
  for (let seen = 0; seen < ENDING_SEARCH_MAX; seen += PAGE) {
    const range = { limit: PAGE, order: 'descending' } as const;
    const keys = await store.list(
      ALL_MESSAGES,
      before === undefined ? range : { ...range, before },
    );
    for (const key of keys) {
      const { submission } = splitMessageKey(key);
      if (submission.endsWith(ending)) found.add(submission);
    }
    before = keys.at(-1);
    if (keys.length < PAGE) break;
    // The store answers without a turn of the loop: a long search lets others go first.
    await nextTurn();
  }
  const [only, ...others] = [...found];
  if (only === undefined) return undefined;
  if (others.length === 0) return recipientsOf(store, `msg/${only}.${number ?? 0}`, number);
  return unknown(`"${ending}" is not unique: ${[only, ...others].slice(0, 5).join(', ')}.`);
}

async function resolveReference(store: Reads, reference: string): Promise<Resolved> {
  const bare = reference.replace(/^<|>$/g, '');
  for (const form of [reference, bare, `<${bare}>`]) {
    const row = `reference/${rowValue(form)}`;
    const keys = await store.list(row, { limit: RECIPIENTS_SHOWN_MAX, order: 'ascending' });
    if (keys.length > 0) return { ok: true, keys };
  }
  return unknown(`There is no message "${reference}": give its id, a unique ending, or "last".`);
}

function unknown(message: string): Failure {
  return { ok: false, code: 'MESSAGE_UNKNOWN', message };
}

/** The message, or undefined when it is gone. */
export async function readMessage(store: Reads, key: string): Promise<MessageDocument | undefined> {
  const stored = await store.get(key);
  return stored?.value as MessageDocument | undefined;
}

/** The whole history, the overflow documents too, oldest first. */
export async function readHistory(
  store: Reads,
  document: MessageDocument,
): Promise<readonly HistoryEntry[]> {
  const moved: HistoryEntry[] = [];
  for (let k = 0; k < document.historyMoved; k += 1) {
    const stored = await store.get(overflowKey(document.key, k));
    moved.push(...((stored?.value as HistoryEntry[] | undefined) ?? []));
  }
  return [...moved, ...document.history];
}

/** Index rows of unfinished messages and of dead ones. */
export const QUEUE_ROWS = [
  'state/received',
  'state/stored',
  'state/routed',
  'state/dispatched',
] as const;
export const DEAD_ROW = 'state/failed.dead';

/** Messages below index rows, at most `limit` of each; `partial` says that there are more. */
export async function readRows(
  store: Reads,
  rows: readonly string[],
  options: { readonly limit: number; readonly order: 'ascending' | 'descending' },
): Promise<{ readonly documents: readonly MessageDocument[]; readonly partial: boolean }> {
  const documents: MessageDocument[] = [];
  let partial = false;
  for (const row of rows) {
    const keys = await store.list(row, options);
    partial ||= keys.length === options.limit;
    for (const key of keys) {
      const document = await readMessage(store, key);
      if (document !== undefined) documents.push(document);
    }
  }
  return { documents, partial };
}
