/**
 * The head of a mail: its fields (RFC 5322 2.2), and a quick look at those that decisions are made
 * from. `headerFacts` runs for every accepted mail before it is answered: one pass over the head,
 * no MIME parsing, tens of microseconds at most.
 *
 * Invariants: never throws, whatever the bytes; reads at most HEAD_BYTES_MAX bytes and
 * HEAD_FIELDS_MAX fields; values hold no line break.
 */

import { addressParser, decodeWords } from 'postal-mime';
import type { Priority } from '../../../schemas/umf.js';
import { parseMailbox } from './address.js';

/** Heads beyond this are cut for `headerFacts` and refused by the reader. */
export const HEAD_BYTES_MAX = 256 * 1024;
export const HEAD_FIELDS_MAX = 1000;
/** Of one field that is looked into; a longer one is cut first. */
export const FIELD_CHARACTERS_MAX = 16 * 1024;
export const REFERENCES_MAX = 100;
export const NAME_CHARACTERS_MAX = 200;

export interface Field {
  readonly name: string;
  /** Unfolded, as sent: encoded words are not decoded. */
  readonly value: string;
}

export interface Head {
  readonly fields: readonly Field[];
  /** Where the body begins. */
  readonly bodyStart: number;
  /** Bytes or fields beyond the limits were not looked at. */
  readonly cut: boolean;
}

/** What acceptance wants to know of a mail (header-only, before any MIME parsing). */
export interface MailHead {
  readonly subject?: string;
  /** With its angle brackets. */
  readonly messageId?: string;
  readonly inReplyTo?: string;
  readonly references: readonly string[];
  /** The first of References, else In-Reply-To, else the Message-ID. */
  readonly conversation?: string;
  readonly priority: Priority;
  /** Made by a program (RFC 3834, RFC 2919, or a report): never answered by a report. */
  readonly automatic: boolean;
  /** The first mailbox of From in its normal form. */
  readonly fromAddress?: string;
  readonly fromName?: string;
  /** How many mailboxes From holds; DMARC wants exactly one. */
  readonly fromCount: number;
  /** Milliseconds since the epoch. */
  readonly date?: number;
  readonly receivedCount: number;
  readonly hasDkimSignature: boolean;
  /** Values of Delivered-To, in order: a loop shows here. */
  readonly deliveredTo: readonly string[];
  readonly has: { readonly from: boolean; readonly date: boolean; readonly messageId: boolean };
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** What windows-1252 has where ISO 8859-1 has control characters, from 0x80 on. */
const WINDOWS_1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

/**
 * Text read as ISO 8859-1, corrected: Node's TextDecoder takes windows-1252 for it, and no mail
 * means the control characters of ISO 8859-1.
 */
export function windows1252(latin1: string): string {
  return latin1.replace(/[\x80-\x9f]/g, (c) => WINDOWS_1252.charAt(c.charCodeAt(0) - 0x80));
}

/** Field text that is not ASCII is UTF-8 (RFC 6532); what is not, is read as windows-1252. */
function toText(latin1: string): string {
  if (!/[\x80-\xff]/.test(latin1)) return latin1;
  const bytes = Buffer.from(latin1, 'latin1');
  try {
    return utf8.decode(bytes);
  } catch {
    return windows1252(latin1);
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Where the head ends and the body begins, within the first HEAD_BYTES_MAX bytes. */
function findBody(all: Buffer): { end: number; bodyStart: number; cut: boolean } {
  const bytes = all.subarray(0, HEAD_BYTES_MAX);
  if (bytes[0] === 10) return { end: 0, bodyStart: 1, cut: false };
  if (bytes[0] === 13 && bytes[1] === 10) return { end: 0, bodyStart: 2, cut: false };
  const crlf = bytes.indexOf('\n\r\n', 0, 'latin1');
  const lf = (crlf < 0 ? bytes : bytes.subarray(0, crlf)).indexOf('\n\n', 0, 'latin1');
  if (lf >= 0) return { end: lf + 1, bodyStart: lf + 2, cut: false };
  if (crlf >= 0) return { end: crlf + 1, bodyStart: crlf + 3, cut: false };
  return { end: bytes.length, bodyStart: bytes.length, cut: bytes.length < all.length };
}

/** Calls `take` for each field with its name and its unfolded value, both latin1. */
function eachField(
  head: string,
  take: (name: string, value: () => string) => boolean,
): { readonly cut: boolean } {
  let at = 0;
  let count = 0;
  while (at < head.length) {
    let next = head.indexOf('\n', at) + 1 || head.length;
    while (next < head.length && (head[next] === ' ' || head[next] === '\t')) {
      next = head.indexOf('\n', next) + 1 || head.length;
    }
    // Bounded, so that a head without any colon costs no more than its length.
    const colon = head.slice(at, Math.min(next, at + NAME_CHARACTERS_MAX)).indexOf(':');
    if (colon > 0) {
      const name = head.slice(at, at + colon).trimEnd();
      const [from, to] = [at + colon + 1, next];
      const value = () => head.slice(from, to).replace(/\r?\n/g, '').replace(/\r/g, ' ').trim();
      count += 1;
      if (count > HEAD_FIELDS_MAX) return { cut: true };
      if (/^[!-9;-~]+$/.test(name) && !take(name, value)) return { cut: true };
    }
    at = next;
  }
  return { cut: false };
}

/** All fields of a head in their order (RFC 5322 2.2); lines that are no fields are left out. */
export function readHead(raw: Uint8Array): Head {
  const bytes = asBuffer(raw);
  const { end, bodyStart, cut } = findBody(bytes);
  const fields: Field[] = [];
  const scan = eachField(bytes.toString('latin1', 0, end), (name, value) => {
    fields.push({ name, value: toText(value()) });
    return true;
  });
  return { fields, bodyStart, cut: cut || scan.cut };
}

const INTERESTING = new Set(
  (
    'subject message-id in-reply-to references importance priority x-priority auto-submitted ' +
    'precedence list-id content-type from date received dkim-signature delivered-to'
  ).split(' '),
);

/**
 * The quick look (hot path): one pass over the head, decoding only what is asked for.
 * @param raw the raw mail, or its head alone
 */
export function headerFacts(raw: Uint8Array): MailHead {
  const bytes = asBuffer(raw);
  const head = bytes.toString('latin1', 0, findBody(bytes).end);
  const first = new Map<string, string>();
  const deliveredTo: string[] = [];
  let receivedCount = 0;
  eachField(head, (name, value) => {
    const lower = name.toLowerCase();
    if (lower === 'received') receivedCount += 1;
    else if (lower === 'delivered-to') deliveredTo.push(toText(value()));
    else if (INTERESTING.has(lower) && !first.has(lower)) {
      first.set(lower, toText(value().slice(0, FIELD_CHARACTERS_MAX)));
    }
    return true;
  });
  return { ...factsOf(first), receivedCount, deliveredTo };
}

function factsOf(first: ReadonlyMap<string, string>) {
  const get = (name: string) => first.get(name) ?? '';
  const from = readFrom(get('from'));
  const messageId = readIds(get('message-id'))[0];
  const inReplyTo = readIds(get('in-reply-to'))[0];
  const references = readIds(get('references'));
  const conversation = references[0] ?? inReplyTo ?? messageId;
  const date = readDate(get('date'));
  const has = { from: first.has('from'), date: first.has('date'), messageId: !!messageId };
  return {
    references,
    priority: readPriority(get('priority'), get('importance'), get('x-priority')),
    automatic: isAutomatic(first),
    fromCount: from.count,
    hasDkimSignature: first.has('dkim-signature'),
    has,
    ...(first.has('subject') && { subject: readWords(get('subject')) }),
    ...(messageId && { messageId }),
    ...(inReplyTo && { inReplyTo }),
    ...(conversation && { conversation }),
    ...(from.address && { fromAddress: from.address }),
    ...(from.name && { fromName: from.name }),
    ...(date !== undefined && { date }),
  };
}

/** Decodes encoded words (RFC 2047); control characters become spaces. */
export function readWords(value: string): string {
  const decoded = value.includes('=?') ? windows1252(decodeWords(value)) : value;
  return decoded.replace(/\p{Cc}+/gu, ' ').trim();
}

/** Message identifiers (RFC 5322 3.6.4), with their brackets; at most REFERENCES_MAX. */
export function readIds(value: string): string[] {
  const ids = value.match(/<[^<>\s]{1,900}>/g) ?? [];
  if (ids.length <= REFERENCES_MAX) return ids;
  // The first names the conversation, the last ones are the nearest.
  return [...ids.slice(0, 1), ...ids.slice(1 - REFERENCES_MAX)];
}

const SIMPLE_FROM = /^(?:"([^"\\]*)"|([^"<>,;:@\\()]*))\s*<([^<>\s"]+)>$/;

/** The first mailbox of a From field; anything but the simple form takes the full grammar. */
function readFrom(value: string): { address?: string; name?: string; count: number } {
  if (value === '') return { count: 0 };
  const simple = SIMPLE_FROM.exec(value);
  if (simple !== null) {
    const mailbox = parseMailbox(simple[3] ?? '', 'allow');
    if (mailbox.ok) {
      const name = readWords((simple[1] ?? simple[2] ?? '').trim());
      return { address: mailbox.value, count: 1, ...(name && { name }) };
    }
  }
  const boxes = readMailboxes(value);
  const box = boxes[0];
  return {
    count: boxes.length,
    ...(box && { address: box.address }),
    ...(box?.name && { name: box.name }),
  };
}

/** The mailboxes of an address field (RFC 5322 3.4), groups taken apart, in their normal form. */
export function readMailboxes(value: string): { address: string; name?: string }[] {
  const found: { address: string; name?: string }[] = [];
  for (const entry of addressParser(value.slice(0, FIELD_CHARACTERS_MAX), { flatten: true })) {
    const mailbox = parseMailbox(entry.address ?? '', 'allow');
    if (!mailbox.ok) continue;
    const name = readWords(entry.name);
    found.push({ address: mailbox.value, ...(name && { name }) });
  }
  return found;
}

/**
 * `Priority: urgent` (RFC 2156) is urgent; Importance says high or low; X-Priority 1 is urgent and
 * 2 high, but mail programs that write Importance too mean no more than that.
 */
export function readPriority(priority: string, importance: string, xPriority: string): Priority {
  if (/^urgent/i.test(priority)) return 'urgent';
  if (/^high/i.test(importance)) return 'high';
  if (/^low/i.test(importance)) return 'low';
  const level = /^[1-5]/.exec(xPriority)?.[0];
  if (level === '1') return 'urgent';
  if (level === '2') return 'high';
  if (level === '4' || level === '5') return 'low';
  return /^non-urgent/i.test(priority) ? 'low' : 'normal';
}

function isAutomatic(first: ReadonlyMap<string, string>): boolean {
  const submitted = first.get('auto-submitted');
  if (submitted !== undefined && !/^no\b/i.test(submitted)) return true;
  if (/^(?:bulk|list|junk|auto_reply)\b/i.test(first.get('precedence') ?? '')) return true;
  if (/^multipart\/report\b/i.test(first.get('content-type') ?? '')) return true;
  return first.has('list-id');
}

const DATE = new RegExp(
  [
    /^(?:[a-z]{3,9}\s*,?\s*)?/,
    /(\d{1,2})\s+([a-z]{3})[a-z]*\s+(\d{2,4})\s+/,
    /(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([+-]\d{4}|[a-z]{1,5})?/,
  ]
    .map((piece) => piece.source)
    .join(''),
  'i',
);
const MONTHS = 'janfebmaraprmayjunjulaugsepoctnovdec';
const ZONES: Readonly<Record<string, number>> = {
  EST: -300,
  EDT: -240,
  CST: -360,
  CDT: -300,
  MST: -420,
  MDT: -360,
  PST: -480,
  PDT: -420,
};

/** RFC 5322 3.3 with the obsolete forms of 4.3; undefined: no date. Independent of our zone. */
export function readDate(value: string): number | undefined {
  const match = DATE.exec(value.slice(0, 100).trim());
  if (match === null) return undefined;
  const month = MONTHS.indexOf((match[2] ?? '').toLowerCase());
  if (month < 0 || month % 3 !== 0) return undefined;
  let year = Number(match[3]);
  if (match[3]?.length === 2) year += year < 50 ? 2000 : 1900;
  else if (match[3]?.length === 3) year += 1900;
  const [day, hour, minute, second] = [match[1], match[4], match[5], match[6] ?? '0'].map(Number);
  if (day === undefined || hour === undefined || minute === undefined || second === undefined) {
    return undefined;
  }
  if (day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60 || year < 1900) {
    return undefined;
  }
  return Date.UTC(year, month / 3, day, hour, minute, second) - zoneMs(match[7] ?? '');
}

function zoneMs(zone: string): number {
  if (/^[+-]/.test(zone)) {
    const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3, 5));
    return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
  }
  return (ZONES[zone.toUpperCase()] ?? 0) * 60_000;
}
