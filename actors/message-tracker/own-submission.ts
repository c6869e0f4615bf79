/**
 * Messages that the switch itself writes: reports to senders and notices to operators.
 *
 * Invariants: pure; the identifier follows from the message told of, so that making one twice makes
 * one (law 4); the reverse path is null and the header says automatic (RFC 3834), so that no answer
 * can come back and no loop can start.
 */

import { createHash } from 'node:crypto';
import type { Recipient } from '../../schemas/address.js';
import { IDENTIFIER_PATTERN, makeIdentifier, timeOfIdentifier } from '../../schemas/identifier.js';
import type { MessageDocument } from '../../schemas/message.js';
import type { Submission } from '../../schemas/submission.js';
import type { Party, Report, Umf } from '../../schemas/umf.js';

/** No receiving agent writes this as a peer: an agent's peer is a network address. */
const OWN_PEER = 'this switch';
const HASHED_BYTES = 7;
const SUBJECT_CHARACTERS_MAX = 200;

const NO_REPORT = { success: false, failure: false, delay: false } as const;

/** `msg/<submission>.<n>` without its `msg/`: how people name the message. */
export function messageName(document: MessageDocument): string {
  return document.key.slice('msg/'.length);
}

/** The identifier of what follows from a message: its time, and a hash over it and `what`. */
export function followingIdentifier(document: MessageDocument, what: string): string {
  const submission = messageName(document).slice(0, 16);
  const timeMs = IDENTIFIER_PATTERN.test(submission)
    ? timeOfIdentifier(submission)
    : document.input.createdAt;
  const hash = createHash('sha256').update(`${document.key}\n${what}`).digest();
  return makeIdentifier(timeMs, hash.subarray(0, HASHED_BYTES));
}

/** A subject that is at hand for people: one line, bounded. */
export function subjectOf(document: MessageDocument): string {
  const subject = (document.input.header.subject ?? '').replace(/\s+/g, ' ').trim();
  if (subject === '') return '(no subject)';
  const short = subject.slice(0, SUBJECT_CHARACTERS_MAX);
  return short.length < subject.length ? `${short}…` : short;
}

/** Whether the switch wrote this message itself. */
export function isOwn(document: Pick<MessageDocument, 'input'>): boolean {
  const { origin, sender, header } = document.input;
  return origin.peer === OWN_PEER && sender.address === undefined && header.automatic === true;
}

/** Names what kind of own message it is; isOwn says whether to believe it. */
export function ownKind(document: MessageDocument): string | undefined {
  return isOwn(document) ? document.input.header.reference?.split(':')[0] : undefined;
}

export interface OwnText {
  readonly kind: 'report' | 'deadNotice';
  readonly id: string;
  readonly to: readonly Recipient[];
  readonly subject: string;
  readonly lines: readonly string[];
  readonly report?: Report;
}

function party(recipient: Recipient): Party {
  return { channel: recipient.via.channel, address: recipient.via.value };
}

/** A submission of the switch's own about `document`. */
export function ownSubmission(document: MessageDocument, own: OwnText): Submission {
  const { input } = document;
  const text = `${own.lines.join('\n')}\n`;
  const reference = input.header.reference;
  const conversation = input.header.conversation ?? reference;
  const umf: Umf = {
    uid: own.id,
    to: own.to.map(party),
    subject: own.subject,
    body: { mediaType: 'text/plain', parameters: { charset: 'utf-8' }, text },
    priority: 'normal',
    securityLevel: 'normal',
    sentAt: document.savedAt,
    ...(conversation !== undefined && {
      conversation: {
        id: conversation,
        ...(reference !== undefined && { inReplyTo: reference, references: [reference] }),
      },
    }),
    ...(own.report !== undefined && { report: own.report }),
  };
  return {
    id: own.id,
    sender: { name: 'Patchboard', verification: { verified: true, how: 'this switch' } },
    header: {
      subject: own.subject,
      priority: 'normal',
      reference: `${own.kind}:${document.key}`,
      size: Buffer.byteLength(text),
      automatic: true,
      ...(conversation !== undefined && { conversation }),
    },
    origin: { channel: input.origin.channel, peer: OWN_PEER, startedAt: document.savedAt },
    hops: 0,
    recipients: own.to.map((to) => ({ to, report: NO_REPORT })),
    content: { kind: 'umf', umf },
  };
}
