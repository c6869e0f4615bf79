/**
 * UMF → mail (RFC 5322, 2047; reports by RFC 3464): the head. The body is mime-body's.
 *
 * Invariants: every line ends in CRLF and has at most 998 octets; no value can begin a line of its
 * own, because control characters are gone before it is folded; what goes in gives the same bytes
 * again (boundaries follow from the message, nothing is random).
 */

import { createHash } from 'node:crypto';
import { encodeWord, foldLines, quoteString } from 'nodemailer/lib/mime-funcs';
import type { Part, Priority, Report, Umf } from '../../../schemas/umf.js';
import { parseMailbox } from './address.js';
import { REFERENCES_MAX } from './head.js';
import { writeEntity } from './mime-body.js';
import { ORIGINAL_TYPES, oneLine, originalOf, wellFormed, writeStatus } from './report.js';

/** Longer values are cut; nothing a person reads is longer. */
export const VALUE_CHARACTERS_MAX = 8000;
export const FIELDS_KEPT_MAX = 200;

const CHANNEL = 'email';

export interface WriteBox {
  readonly address: string;
  readonly name?: string;
}

export interface WriteOptions {
  readonly from: WriteBox;
  /** Absent: the mailboxes of the UMF. */
  readonly to?: readonly WriteBox[];
  readonly replyTo?: WriteBox;
  /** With its angle brackets. */
  readonly messageId: string;
  /** For the Date field where the UMF has no time of its own. */
  readonly date: number;
  /** Names us in reports, and as the creator of boundaries. */
  readonly hostname: string;
  /** Further fields, put at the top in their order. */
  readonly fields?: readonly { readonly name: string; readonly value: string }[];
}

/** Fields of the mail it came as, that still hold when the mail is written anew. */
const KEPT = new Set(
  (
    'auto-submitted comments content-language keywords list-archive list-help list-id ' +
    'list-owner list-post list-subscribe list-unsubscribe list-unsubscribe-post organization ' +
    'precedence reply-to sensitivity'
  ).split(' '),
);

/** Writes a UMF as a mail. Whatever the UMF holds, the result is one well-formed message. */
export async function writeMail(umf: Umf, options: WriteOptions): Promise<Uint8Array> {
  const seed = `${umf.uid} ${options.messageId} ${options.date}`;
  const boundary = createHash('sha256').update(seed).digest('hex').slice(0, 32);
  const body = umf.report ? reportBody(umf.body, umf.report, options.hostname) : umf.body;
  const lines: string[] = [];
  for (const [name, value] of headFields(umf, options)) lines.push(`${name}: ${value}`);
  lines.push('MIME-Version: 1.0');
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n`), ...writeEntity(body, boundary)]);
}

/** Folds at spaces; what has no space to fold at was encoded before. */
function fold(name: string, value: string): string {
  return foldLines(`${name}: ${value}`, 76).slice(name.length + 2);
}

function* headFields(umf: Umf, options: WriteOptions): Generator<readonly [string, string]> {
  for (const { name, value } of options.fields ?? []) {
    if (isFieldName(name)) yield [name, fold(name, unstructured(value))];
  }
  // RFC 6854: a sender that has no mail address is an empty group.
  yield ['From', fold('From', mailbox(options.from) || 'undisclosed-sender:;')];
  const to = options.to ?? umf.to.filter((party) => party.channel === CHANNEL);
  const boxes = to.map(mailbox).filter((written) => written !== '');
  yield ['To', boxes.length > 0 ? fold('To', boxes.join(', ')) : 'undisclosed-recipients:;'];
  const replyTo = options.replyTo ? mailbox(options.replyTo) : '';
  if (replyTo) yield ['Reply-To', fold('Reply-To', replyTo)];
  if (umf.subject !== undefined) yield ['Subject', fold('Subject', unstructured(umf.subject))];
  yield ['Date', writeDate(umf.sentAt ?? options.date)];
  const messageId = ids([options.messageId]);
  if (messageId) yield ['Message-ID', fold('Message-ID', messageId)];
  const { inReplyTo, references } = umf.conversation ?? {};
  if (inReplyTo && ids([inReplyTo])) yield ['In-Reply-To', fold('In-Reply-To', ids([inReplyTo]))];
  if (references && ids(references)) yield ['References', fold('References', ids(references))];
  yield* PRIORITY_FIELDS[umf.priority];
  if (umf.report) yield ['Auto-Submitted', 'auto-replied'];
  yield* keptFields(umf, options);
}

function* keptFields(umf: Umf, options: WriteOptions): Generator<readonly [string, string]> {
  if (umf.agent?.channel !== CHANNEL) return;
  let room = FIELDS_KEPT_MAX;
  for (const { name, value } of umf.agent.fields) {
    const lower = name.toLowerCase();
    if (!KEPT.has(lower) || !isFieldName(name)) continue;
    if (lower === 'reply-to' && options.replyTo) continue;
    if (lower === 'auto-submitted' && umf.report) continue;
    room -= 1;
    if (room < 0) return;
    yield [name, fold(name, /=\?/.test(value) ? asSent(value) : unstructured(value))];
  }
}

const PRIORITY_FIELDS: Readonly<Record<Priority, readonly (readonly [string, string])[]>> = {
  low: [
    ['Importance', 'low'],
    ['X-Priority', '5'],
  ],
  normal: [],
  high: [
    ['Importance', 'high'],
    ['X-Priority', '2'],
  ],
  urgent: [
    ['Importance', 'high'],
    ['X-Priority', '1'],
    ['Priority', 'urgent'],
  ],
};

function isFieldName(name: string): boolean {
  return /^[!-9;-~]{1,70}$/.test(name);
}

/** Text in a field (RFC 2047); what could be misread or not be folded is encoded. */
function unstructured(text: string): string {
  const line = oneLine(text).slice(0, VALUE_CHARACTERS_MAX);
  const plain = /^[ -~]*$/.test(line) && !line.includes('=?') && !/\S{70}| {2}/.test(line);
  return plain ? line : encodeWord(wellFormed(line), 'B', 52);
}

/** A field whose encoded words stay as they were; only what is unsafe is changed. */
function asSent(value: string): string {
  const line = oneLine(value).slice(0, VALUE_CHARACTERS_MAX);
  return /^[ -~]*$/.test(line) && !/\S{200}/.test(line) ? line : encodeWord(line, 'B', 52);
}

/** RFC 5322 3.4; the empty string for what is no mailbox. */
function mailbox(box: WriteBox): string {
  const parsed = parseMailbox(box.address, 'allow');
  if (!parsed.ok) return '';
  const name = wellFormed(oneLine(box.name ?? '').slice(0, 200));
  if (name === '') return parsed.value;
  return `${phrase(name)} <${parsed.value}>`;
}

function phrase(name: string): string {
  if (/^[ -~]*$/.test(name) && !name.includes('=?') && !/\S{70}| {2}/.test(name)) {
    return /^[A-Za-z0-9 ]+$/.test(name) ? name : quoteString(name);
  }
  return encodeWord(name, 'B', 52);
}

function ids(list: readonly string[]): string {
  return list
    .map((id) => id.trim())
    .filter((id) => /^<[!-;=?-~]{1,900}>$/.test(id))
    .slice(-REFERENCES_MAX)
    .join(' ');
}

/** RFC 5322 3.3, in UTC. */
export function writeDate(ms: number): string {
  return new Date(ms).toUTCString().replace('GMT', '+0000');
}

/** RFC 3464 1, RFC 6522: a text for people, the report, the original or its head if it is there. */
function reportBody(body: Part, report: Report, hostname: string): Part {
  const human = firstText(body) ?? { mediaType: 'text/plain', text: '' };
  const original = ORIGINAL_TYPES.some((type) => type === body.mediaType) ? body : originalOf(body);
  const status: Part = {
    mediaType: 'message/delivery-status',
    bytes: Buffer.from(writeStatus(report, hostname)),
  };
  return {
    mediaType: 'multipart/report',
    parameters: { 'report-type': 'delivery-status' },
    parts: [human, status, ...(original ? [original] : [])],
  };
}

function firstText(part: Part): Part | undefined {
  if (part.text !== undefined) return part;
  for (const inner of part.parts ?? []) {
    const found = firstText(inner);
    if (found) return found;
  }
  return undefined;
}
