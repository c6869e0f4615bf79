/**
 * A message as one line of a list, for who looks at it: pure.
 *
 * Invariants: who may not see a message gets no summary of it (`maySee`); its sender learns the
 * honest word, never the recipient's devices, endpoints, quiet times or profile; only envelopes,
 * no content; what strangers wrote is harmless to show.
 */

import { may } from '../../actors/authentication-manager/rights.js';
import { messageName } from '../../actors/message-tracker/tracker.js';
import { honestPhrase, honestWord } from '../../actors/message-tracker/words.js';
import type { Account } from '../../schemas/account.js';
import type { MessageSummary, OutSummary, PartySummary } from '../../schemas/console.js';
import type { Delivery } from '../../schemas/delivery.js';
import { splitMessageKey } from '../../schemas/identifier.js';
import type { MessageDocument } from '../../schemas/message.js';
import { HISTORY_MOVED_AT_ONCE } from '../kernel/document.js';
import { harmlessLine, harmlessName } from './harmless.js';

/** Who looks. */
export interface Viewer {
  readonly account: Account;
}

/** What the message is to an account: its own to read, its own sent, or somebody else's. */
export function directionFor(
  document: MessageDocument,
  account: Account,
): MessageSummary['direction'] {
  const { recipient } = document.context;
  if (recipient.kind === 'subscriber' && recipient.account === account.id) return 'in';
  return document.input.sender.account === account.id ? 'out' : 'other';
}

/** Whether the account may see the message's envelope at all. */
export function maySee(document: MessageDocument, account: Account): boolean {
  return directionFor(document, account) !== 'other' || may(account, 'message.track');
}

/** What a conversation is known by: its own name, else the first message's. */
export function conversationOf(document: MessageDocument): string {
  const { conversation, reference } = document.input.header;
  return conversation ?? reference ?? splitMessageKey(document.key).submission;
}

/** The delivery that a reading is noted on: the farthest of those that were tried. */
export function readableDelivery(document: MessageDocument): Delivery | undefined {
  const rank = ({ phase }: Delivery): number => BEST_FIRST.indexOf(phase);
  return document.context.deliveries
    .filter(({ trials }) => trials > 0)
    .sort((a, b) => rank(a) - rank(b) || b.id - a.id)[0];
}

const BEST_FIRST: readonly Delivery['phase'][] = [
  'confirmed',
  'accepted',
  'sending',
  'ready',
  'skipped',
  'failed',
];

/** The message as `viewer` may see it; the caller has asked `maySee`. */
export function summaryOf(document: MessageDocument, viewer: Viewer): MessageSummary {
  const { account } = viewer;
  const { input, context } = document;
  const direction = directionFor(document, account);
  const isOpen = direction === 'in' || may(account, 'message.track');
  return {
    key: document.key,
    id: messageName(document.key),
    at: input.createdAt,
    direction,
    from: senderOf(document),
    to: recipientFor(document, isOpen),
    subject: harmlessLine(input.header.subject ?? ''),
    word: honestWord(document),
    phrase: harmlessLine(honestPhrase(document)),
    state: isOpen ? document.state : senderState(document.state),
    unread: direction === 'in' && isUnread(document),
    conversation: conversationOf(document),
    priority: input.header.priority,
    size: input.header.size,
    in: input.origin.channel,
    outs: outsFor(document, account, direction),
    ...(isOpen && whenAndWhy(document)),
    steps: document.historyMoved * HISTORY_MOVED_AT_ONCE + document.history.length,
    savedAt: document.savedAt,
    ...(!isOpen && ended(document) && context.because !== undefined
      ? { because: harmlessLine(context.because) }
      : {}),
  };
}

function senderOf({ input: { sender } }: MessageDocument): PartySummary {
  const { address, verification } = sender;
  const name = sender.name && harmlessName(sender.name, address?.value);
  return {
    ...(name ? { name } : {}),
    ...(address && { address: harmlessLine(address.value), channel: address.channel }),
    how: harmlessLine(verification.how),
    verified: verification.verified,
  };
}

/** The sender sees whom it wrote to, not to whom an operator redirected it. */
function recipientFor({ input, context }: MessageDocument, isOpen: boolean): PartySummary {
  const { via } = isOpen ? context.recipient : input.recipient;
  return { address: harmlessLine(via.value), channel: via.channel };
}

function ended({ state }: MessageDocument): boolean {
  return state === 'confirmed' || state.startsWith('failed');
}

/** That somebody is not to be disturbed is theirs to tell: held looks like any other waiting. */
function senderState(state: string): string {
  const [top = state] = state.split('.');
  return top === 'routed' ? 'stored' : top;
}

function isUnread(document: MessageDocument): boolean {
  const { deliveries } = document.context;
  if (deliveries.some(({ level }) => level === 'read')) return false;
  const best = readableDelivery(document);
  if (best === undefined) return false;
  return ended(document) || best.phase === 'confirmed' || best.phase === 'accepted';
}

function whenAndWhy({ context, state, dueAt, closed }: MessageDocument): Partial<MessageSummary> {
  const { heldUntil, because } = context;
  return {
    ...(because === undefined ? {} : { because: harmlessLine(because) }),
    ...(state === 'routed.held' && heldUntil !== null ? { heldUntil } : {}),
    ...(closed || dueAt === null ? {} : { dueAt }),
  };
}

function outsFor(
  document: MessageDocument,
  account: Account,
  direction: MessageSummary['direction'],
): readonly OutSummary[] {
  const { deliveries, recipient } = document.context;
  const sees = direction === 'in' || may(account, 'message.track');
  // Whom its sender wrote to outside has no devices here that could be told of.
  const isPrivate = [recipient, document.input.recipient].some(({ kind }) => kind === 'subscriber');
  if (!sees && isPrivate) return [];
  return deliveries.map((delivery) => outOf(delivery, direction === 'in' ? account : undefined));
}

function outOf(delivery: Delivery, owner: Account | undefined): OutSummary {
  const { id, address, endpoint, phase, level, last } = delivery;
  const device = owner?.devices.find((one) => one.endpoints.some((own) => own.id === endpoint));
  return {
    delivery: id,
    channel: address.channel,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(device && { device: device.name }),
    phase,
    ...(level === undefined ? {} : { level }),
    ...(last && { reason: harmlessLine(last.reason), at: last.at }),
  };
}
