/**
 * The stored form of a message: what is written beside the machine's own data. Pure.
 *
 * Two times stand in an open message: `dueAt`, the machine's, and `lookAt` ≥ dueAt, the sweep's
 * (law 2). Work that is due at once is hinted by whoever saved it; the sweep comes LOOK_GRACE_MS
 * later, in case the hint was lost.
 */

import { followUps, whyUntold } from '../../actors/message-manager/follow-ups.js';
import { isOwn } from '../../actors/message-tracker/own-submission.js';
import type { Recipient } from '../../schemas/address.js';
import type { HistoryEntry, MessageDocument, MessageInput } from '../../schemas/message.js';
import type { DocumentHead } from '../store/store.js';
import { MACHINE_VERSION, type Standing, standingOf, type Walked } from './logic.js';

/** After this time the sweep brings a hint again that came to nothing. */
export const LOOK_GRACE_MS = 60_000;
/** So many entries of the history stand in the document; older ones move to overflow documents. */
export const HISTORY_MAX = 64;
/** However late it ended; less where it is to be kept for less. */
const SEEN_AFTER_END_MS = 7 * 24 * 3_600_000;
export const HISTORY_MOVED_AT_ONCE = 32;
/** In quiet times and until a desired time. */
export const HELD = 'routed.held';
/** Longest value of an index row made from what a sender wrote. */
const ROW_VALUE_MAX = 200;

/** How long messages are kept after their creation: the settings `retention`. */
export interface Retention {
  /** What went to somebody outside, and what the switch itself wrote. */
  readonly history: number;
  /** Subscribers' messages. */
  readonly archive: number;
}

export interface Saving {
  readonly now: number;
  readonly retention: Retention;
  /** Fairness group, from the deliveries still open. */
  readonly laneOf: (standing: Standing) => string;
}

function lookAtOf(dueAt: number, now: number): number {
  return dueAt > now ? dueAt : now + LOOK_GRACE_MS;
}

function isEnd(state: string): boolean {
  return state === 'confirmed' || state.startsWith('failed.');
}

/**
 * When a message is not kept any more. Of a submission's first message by all its recipients: the
 * others' content lies with it.
 */
export function purgeTime(
  input: MessageInput,
  recipients: readonly Recipient[],
  { history, archive }: Retention,
): number {
  const own = isOwn({ input });
  const times = recipients.map(({ kind }) => (kind === 'outside' || own ? history : archive));
  return input.createdAt + Math.max(...times);
}

/** A redirected message has another reader; one that ended late is still to be seen for a while. */
function laterPurge(before: MessageDocument, standing: Standing, saving: Saving): number {
  const { input } = before;
  const purgeAt = purgeTime(input, [standing.context.recipient], saving.retention);
  const ended = isEnd(standing.state) ? saving.now : input.createdAt;
  const seenUntil = ended + Math.min(SEEN_AFTER_END_MS, purgeAt - input.createdAt);
  return Math.max(before.purgeAt, purgeAt, seenUntil);
}

/** `context.input` stands in the document's `input`. */
function withoutInput(standing: Standing): MessageDocument['context'] {
  const { input: _, ...context } = standing.context;
  return context;
}

/** The document's times: what has something in its outbox is due at once, held or not. */
function times(
  standing: Standing,
  outboxSize: number,
  now: number,
): Pick<MessageDocument, 'closed' | 'dueAt' | 'lookAt' | 'looks'> {
  const closed = isEnd(standing.state) && outboxSize === 0;
  const machines = standing.context.dueAt ?? now;
  const dueAt = closed ? null : outboxSize > 0 ? Math.min(machines, now) : machines;
  return { closed, dueAt, lookAt: dueAt === null ? null : lookAtOf(dueAt, now), looks: 0 };
}

export function firstDocument(
  input: MessageInput,
  walked: Walked,
  saving: Saving,
  further: MessageDocument['outbox'] = [],
): MessageDocument {
  const { standing, entries } = walked;
  const { state: after, context } = standing;
  // It may end at once: an account that is gone, or one that no channel reaches.
  const moved = { before: 'received', after, context };
  const outbox = [...further, ...followUps(moved)];
  const senderTold = whyUntold(moved);
  return {
    key: input.key,
    machineVersion: MACHINE_VERSION,
    state: standing.state,
    input,
    context: withoutInput(standing),
    outbox,
    ...(senderTold === undefined ? {} : { senderTold }),
    history: entries,
    historyMoved: 0,
    ...times(standing, outbox.length, saving.now),
    purgeAt: purgeTime(input, [input.recipient], saving.retention),
    savedAt: saving.now,
  };
}

/** What machinery, not the machine, knows anew since the last save. */
export interface Noted {
  readonly answered?: true;
  readonly senderTold?: string;
  /** Outbox entries that have been carried out. */
  readonly done?: ReadonlySet<string>;
}

export interface Next {
  readonly document: MessageDocument;
  /** Entries to be written as an overflow document first. */
  readonly overflow?: { readonly key: string; readonly entries: readonly HistoryEntry[] };
}

export function nextDocument(
  before: MessageDocument,
  walked: Walked | undefined,
  noted: Noted,
  saving: Saving,
): Next {
  const standing = walked?.standing ?? standingOf(before);
  const context = standing.context;
  const { delayTold = false } = before.context;
  const moved = { before: before.state, after: standing.state, context, delayTold };
  const fresh = followUps(moved);
  const senderTold = noted.senderTold ?? whyUntold(moved);
  const outbox = [...before.outbox, ...fresh].filter((entry) => !noted.done?.has(entry.id));
  const { fanout, unique, ...rest } = before;
  const stillFansOut = outbox.some((entry) => entry.kind === 'fanout');
  const answered = noted.answered ?? before.answered;
  const { history, overflow } = trimmed(before, walked?.entries ?? []);
  const document: MessageDocument = {
    ...rest,
    ...(stillFansOut && fanout ? { fanout } : {}),
    ...(unique !== undefined && noted.answered === undefined ? { unique } : {}),
    ...(answered === undefined ? {} : { answered }),
    ...(senderTold === undefined ? {} : { senderTold }),
    state: standing.state,
    context: withoutInput(standing),
    outbox,
    history,
    historyMoved: before.historyMoved + (overflow === undefined ? 0 : 1),
    ...times(standing, outbox.length, saving.now),
    purgeAt: laterPurge(before, standing, saving),
    savedAt: saving.now,
  };
  return overflow === undefined ? { document } : { document, overflow };
}

export function overflowKey(key: string, number: number): string {
  return `history/${key}/${number}`;
}

function trimmed(before: MessageDocument, entries: readonly HistoryEntry[]) {
  const history = [...before.history, ...entries];
  if (history.length <= HISTORY_MAX) return { history, overflow: undefined };
  const moved = history.slice(0, HISTORY_MOVED_AT_ONCE);
  const key = overflowKey(before.key, before.historyMoved);
  return { history: history.slice(HISTORY_MOVED_AT_ONCE), overflow: { key, entries: moved } };
}

export function rowValue(text: string): string {
  return text.slice(0, ROW_VALUE_MAX);
}

/** Index rows: what is open or dead by state, by its people, by the sender's own reference. */
function rowsOf(document: MessageDocument): string[] {
  const { input, state, closed } = document;
  const rows: string[] = [];
  if (!closed) rows.push(`state/${state.split('.')[0]}`);
  else if (state === 'failed.dead') rows.push('state/failed.dead');
  const { recipient } = document.context;
  if (recipient.kind === 'subscriber') {
    rows.push(`inbox/${recipient.account}`);
    if (state === HELD) rows.push(`held/${recipient.account}`);
  }
  if (input.sender.account !== undefined) rows.push(`sent/${input.sender.account}`);
  const { reference } = input.header;
  if (reference !== undefined) rows.push(`reference/${rowValue(reference)}`);
  return rows;
}

export function headOf(document: MessageDocument, saving: Saving): DocumentHead {
  return {
    rows: rowsOf(document),
    lookAt: document.lookAt,
    dueAt: document.dueAt,
    lane: saving.laneOf(standingOf(document)),
    closed: document.closed,
    outboxSize: document.outbox.length,
    purgeAt: document.purgeAt,
    unique: document.unique ?? null,
  };
}
