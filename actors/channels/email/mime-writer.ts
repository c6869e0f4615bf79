/**
 * UMF → mail (RFC 5322, 2045–2047, 2231; reports by RFC 3464). Stages: fields → body tree → bytes.
 *
 * Invariants: every line ends in CRLF and has at most 998 octets; no value can begin a line of its
 * own, because control characters are gone before it is folded; what goes in gives the same bytes
 * again (boundaries follow from the message, nothing is random).
 */

import { createHash } from 'node:crypto';
import { buildHeaderValue, encodeWord, foldLines, quoteString } from 'nodemailer/lib/mime-funcs';
import MimeNode from 'nodemailer/lib/mime-node';
import type { Part, Priority, Report, Umf } from '../../../schemas/umf.js';
import { parseMailbox } from './address.js';
import { REFERENCES_MAX } from './head.js';
import { DEPTH_MAX } from './mime-reader.js';
import { ORIGINAL_TYPES, oneLine, originalOf, wellFormed, writeStatus } from './report.js';

/** RFC 5322 2.1.1, without the CRLF. */
export const LINE_OCTETS_MAX = 998;
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
  const baseBoundary = createHash('sha256').update(seed).digest('hex').slice(0, 32);
  const body = umf.report ? reportBody(umf.body, umf.report, options.hostname) : umf.body;
  const root = makeNode(body, undefined, { baseBoundary, boundaryPrefix: '=_P' }, 0);
  for (const [name, value] of headFields(umf, options)) {
    root.addHeader(name, { prepared: true, value });
  }
  return root.build();
}

/** Folds at spaces; what has no space to fold at was encoded before. */
function fold(name: string, value: string): string {
  return foldLines(`${name}: ${value}`, 76).slice(name.length + 2);
}

function* headFields(umf: Umf, options: WriteOptions): Generator<readonly [string, string]> {
  for (const { name, value } of options.fields ?? []) {
    if (isFieldName(name)) yield [name, fold(name, unstructured(value))];
  }
  yield ['From', fold('From', mailbox(options.from))];
  const to = options.to ?? umf.to.filter((party) => party.channel === CHANNEL);
  const boxes = to.map(mailbox).filter((written) => written !== '');
  yield ['To', boxes.length > 0 ? fold('To', boxes.join(', ')) : 'undisclosed-recipients:;'];
  if (options.replyTo) yield ['Reply-To', fold('Reply-To', mailbox(options.replyTo))];
  if (umf.subject !== undefined) yield ['Subject', fold('Subject', unstructured(umf.subject))];
  yield ['Date', writeDate(umf.sentAt ?? options.date)];
  yield ['Message-ID', fold('Message-ID', ids([options.messageId]))];
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

interface NodeOptions {
  readonly baseBoundary: string;
  readonly boundaryPrefix: string;
}

function makeNode(
  part: Part,
  parent: MimeNode | undefined,
  options: NodeOptions,
  depth: number,
): MimeNode {
  const multipart = part.parts !== undefined && depth < DEPTH_MAX;
  const content = multipart ? undefined : contentOf(part);
  const mediaType = content?.mediaType ?? part.mediaType;
  const type = typeField(mediaType, part, content?.charset);
  const settings = { newline: 'windows', disableFileAccess: true, disableUrlAccess: true };
  const node = parent
    ? parent.createChild(type, settings)
    : new MimeNode(type, { ...options, ...settings });
  if (part.disposition || part.filename) {
    const filename = part.filename ? { filename: parameterText(part.filename) } : {};
    const value = part.disposition ?? 'attachment';
    node.setHeader('Content-Disposition', buildHeaderValue({ value, params: filename }));
  }
  if (part.contentId && /^[!-;=?-~]{1,900}$/.test(part.contentId)) {
    node.setHeader('Content-ID', { prepared: true, value: `<${part.contentId}>` });
  }
  if (content) {
    if (content.encoding) node.setHeader('Content-Transfer-Encoding', content.encoding);
    node.setContent(content.content);
    if (content.encoding === '8bit') declare8bit(node);
  }
  for (const inner of multipart ? (part.parts ?? []) : []) {
    makeNode(inner, node, options, depth + 1);
  }
  return node;
}

/** RFC 2045 6.4: what holds 8bit says 8bit. */
function declare8bit(node: MimeNode): void {
  for (let up = node.parentNode; up; up = up.parentNode) {
    up.setHeader('Content-Transfer-Encoding', '8bit');
  }
}

function parameterText(value: string): string {
  return wellFormed(oneLine(value).slice(0, 1000));
}

function typeField(mediaType: string, part: Part, charset: string | undefined): string {
  const safe = /^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+$/.test(mediaType);
  const params: Record<string, string> = charset ? { charset } : {};
  for (const [name, value] of Object.entries(part.parameters ?? {})) {
    if (!/^[a-z0-9!#$&^_.+-]{1,64}$/.test(name) || name === 'boundary') continue;
    if (name === 'charset' && charset) continue;
    params[name] = parameterText(value);
  }
  return buildHeaderValue({ value: safe ? mediaType : 'application/octet-stream', params });
}

interface Content {
  readonly mediaType?: string;
  readonly charset?: string;
  readonly encoding?: '8bit' | 'base64';
  readonly content: string | Buffer;
}

function contentOf(part: Part): Content {
  if (part.text !== undefined) {
    const text = wellFormed(part.text);
    const charset = 'utf-8';
    // Control characters and a lonely CR would not survive the way as text.
    const odd = /(?![\t\n])\p{Cc}/u.test(text);
    if (part.mediaType.startsWith('text/') && !odd) return { charset, content: text };
    return { charset, encoding: 'base64', content: Buffer.from(text) };
  }
  const bytes = Buffer.from(part.bytes ?? new Uint8Array());
  if (!part.mediaType.startsWith('message/')) {
    const mediaType = part.parts ? 'application/octet-stream' : part.mediaType;
    return { mediaType, encoding: 'base64', content: bytes };
  }
  // RFC 2046 5.2.1: a message must not be encoded; one that cannot go as it is, goes as a file.
  if (!fitsLines(bytes)) {
    return { mediaType: 'application/octet-stream', encoding: 'base64', content: bytes };
  }
  return bytes.some((byte) => byte > 127)
    ? { encoding: '8bit', content: bytes }
    : { content: bytes };
}

/** Only CRLF ends lines, none is too long, and there is no NUL. */
function fitsLines(bytes: Buffer): boolean {
  let start = 0;
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i];
    if (byte === 0) return false;
    if (byte === 13 && bytes[i + 1] !== 10) return false;
    if (byte !== 10) continue;
    if (bytes[i - 1] !== 13 || i - 1 - start > LINE_OCTETS_MAX) return false;
    start = i + 1;
  }
  return bytes.length - start <= LINE_OCTETS_MAX;
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
