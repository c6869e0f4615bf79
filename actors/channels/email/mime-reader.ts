/**
 * MIME → parts of a UMF (RFC 2045, 2046, 2047, 2231). Stages: head → media type → leaf or, between
 * its boundaries, further entities.
 *
 * The structure is taken apart here and not by postal-mime, which gives one text, one HTML and a
 * flat list of attachments, and ends lines anew: a UMF keeps the tree and every attachment's bytes.
 *
 * Invariants: the work is linear in the input, times the depth; nothing decoded is larger than what
 * it was decoded from; a limit that is passed ends the reading with MimeLimit, and the mail is then
 * kept raw. Text is Unicode with "\n"; what is no text keeps its bytes.
 */

import { parseHeaderValue } from 'nodemailer/lib/mime-funcs';
import type { Part } from '../../../schemas/umf.js';
import { FIELD_CHARACTERS_MAX, type Field, readHead, readWords, windows1252 } from './head.js';

export const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;
export const PARTS_MAX = 1000;
export const DEPTH_MAX = 32;
/** All heads of a mail together. */
export const HEADS_BYTES_MAX = 1024 * 1024;
/** Text above this stays an attachment's bytes. */
export const TEXT_BYTES_MAX = 8 * 1024 * 1024;
export const PARAMETERS_MAX = 32;
export const PARAMETER_CHARACTERS_MAX = 1000;

/** A limit was passed: thrown inside the reader only, and caught by it. */
export class MimeLimit extends Error {}

interface Budget {
  parts: number;
  headBytes: number;
}

interface ContentType {
  readonly mediaType: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const MEDIA_TYPE = /^[a-z0-9!#$&^_.+-]{1,127}\/[a-z0-9!#$&^_.+-]{1,127}$/;
const PARAMETER_NAME = /^[a-z0-9!#$&^_.+-]{1,64}$/;

/** Text of a field that goes into a UMF: decoded, without control characters, bounded. */
function fieldText(value: string): string {
  return readWords(value).slice(0, PARAMETER_CHARACTERS_MAX);
}

/** A structured field: its value and parameters (RFC 2045 5.1, RFC 2231). */
export function readStructured(written: string): ContentType {
  const parsed = parseHeaderValue(written.slice(0, FIELD_CHARACTERS_MAX), { stripComments: true });
  const parameters = Object.entries(parsed.params)
    .map(([name, value]) => [name.toLowerCase(), fieldText(value)] as const)
    .filter(([name]) => PARAMETER_NAME.test(name))
    .slice(0, PARAMETERS_MAX);
  return {
    mediaType: parsed.value.trim().toLowerCase(),
    parameters: Object.fromEntries(parameters),
  };
}

const fieldValue = (fields: readonly Field[], name: string): string | undefined =>
  fields.find((field) => field.name.toLowerCase() === name)?.value;

/** RFC 2045 5.2: without a type it is text; with one that is not written well, it is bytes. */
function contentType(written: string | undefined, byDefault: string): ContentType {
  if (written === undefined) return { mediaType: byDefault, parameters: {} };
  const type = readStructured(written);
  if (type.mediaType === 'text') return { ...type, mediaType: 'text/plain' };
  if (MEDIA_TYPE.test(type.mediaType)) return type;
  return { ...type, mediaType: 'application/octet-stream' };
}

/** Reads a whole mail as one part. Throws MimeLimit. */
export function readMime(bytes: Buffer): {
  readonly fields: readonly Field[];
  readonly body: Part;
} {
  if (bytes.length > MESSAGE_BYTES_MAX) throw new MimeLimit('the mail is too large');
  const budget: Budget = { parts: PARTS_MAX, headBytes: HEADS_BYTES_MAX };
  return readEntity(bytes, 'text/plain', budget, 0);
}

function readEntity(bytes: Buffer, byDefault: string, budget: Budget, depth: number) {
  budget.parts -= 1;
  if (budget.parts < 0) throw new MimeLimit('the mail has too many parts');
  if (depth > DEPTH_MAX) throw new MimeLimit('the parts of the mail are nested too deeply');
  const head = readHead(bytes);
  budget.headBytes -= head.bodyStart;
  if (head.cut || budget.headBytes < 0) throw new MimeLimit('the heads of the mail are too large');
  const type = contentType(fieldValue(head.fields, 'content-type'), byDefault);
  const content = bytes.subarray(head.bodyStart);
  return { fields: head.fields, body: readPart(head.fields, type, content, budget, depth) };
}

function readPart(
  fields: readonly Field[],
  type: ContentType,
  content: Buffer,
  budget: Budget,
  depth: number,
): Part {
  const { boundary, ...rest } = type.parameters;
  if (type.mediaType.startsWith('multipart/')) {
    const sections = boundary ? splitSections(content, boundary, budget.parts) : undefined;
    if (sections !== undefined) {
      const inner = type.mediaType === 'multipart/digest' ? 'message/rfc822' : 'text/plain';
      const parts = sections.map((s) => readEntity(s, inner, budget, depth + 1).body);
      return { mediaType: type.mediaType, ...optional(rest), parts };
    }
    // Without its boundaries nothing can be taken apart; a person can still read it.
    return readLeaf(fields, { mediaType: 'text/plain', parameters: {} }, content);
  }
  return readLeaf(fields, type, content);
}

function optional(parameters: Readonly<Record<string, string>>): Pick<Part, 'parameters'> {
  return Object.keys(parameters).length > 0 ? { parameters } : {};
}

const LF = 10;
const CR = 13;
const DASH = 45;

/** The bodies between the boundary lines (RFC 2046 5.1.1); undefined: there is no such line. */
function splitSections(content: Buffer, boundary: string, most: number): Buffer[] | undefined {
  const marker = Buffer.from(`--${boundary}`, NOT_LATIN1.test(boundary) ? 'utf8' : 'latin1');
  const sections: Buffer[] = [];
  let start = -1;
  let at = content.indexOf(marker);
  while (at >= 0) {
    const after = at + marker.length;
    const line = at === 0 || content[at - 1] === LF ? delimiterEnd(content, after) : undefined;
    if (line !== undefined) {
      if (start >= 0) sections.push(content.subarray(start, sectionEnd(content, start, at)));
      if (sections.length > most) throw new MimeLimit('the mail has too many parts');
      if (line.last) return sections;
      start = line.end;
    }
    at = content.indexOf(marker, line?.end ?? after);
  }
  if (start < 0) return undefined;
  // No closing boundary: the mail was cut; what is there counts.
  sections.push(content.subarray(start));
  return sections;
}

const NOT_LATIN1 = /[^\0-\xff]/;

/** Is the rest of the line "--" or blank? Then where the line ends, and whether it is the last. */
function delimiterEnd(content: Buffer, after: number): { end: number; last: boolean } | undefined {
  const last = content[after] === DASH && content[after + 1] === DASH;
  let at = last ? after + 2 : after;
  while (content[at] === 32 || content[at] === 9) at += 1;
  if (content[at] === CR) at += 1;
  if (at >= content.length) return { end: content.length, last };
  return content[at] === LF ? { end: at + 1, last } : undefined;
}

/** The line break before a boundary belongs to the boundary. */
function sectionEnd(content: Buffer, start: number, boundaryAt: number): number {
  if (boundaryAt <= start) return start;
  return content[boundaryAt - 2] === CR && boundaryAt - 2 >= start
    ? boundaryAt - 2
    : boundaryAt - 1;
}

function readLeaf(fields: readonly Field[], type: ContentType, content: Buffer): Part {
  const disposition = readStructured(fieldValue(fields, 'content-disposition') ?? '');
  const filename = disposition.parameters['filename'] ?? type.parameters['name'];
  const contentId = /<([^<>]{1,900})>/.exec(fieldValue(fields, 'content-id') ?? '')?.[1];
  const attached = disposition.mediaType !== '' && disposition.mediaType !== 'inline';
  const place = attached ? 'attachment' : 'inline';
  const about = {
    ...(disposition.mediaType !== '' && ({ disposition: place } as const)),
    ...(filename && { filename }),
    ...(contentId && { contentId: fieldText(contentId) }),
  };
  const encoding = fieldValue(fields, 'content-transfer-encoding') ?? '';
  const bytes = decodeTransfer(
    content,
    encoding
      .replace(/\([^)]*\)/g, '')
      .trim()
      .toLowerCase(),
  );
  // RFC 2045 6.4: under an unknown encoding only bytes are known.
  if (bytes === undefined)
    return { mediaType: 'application/octet-stream', ...about, bytes: content };
  const text = attached ? undefined : readText(type, bytes);
  if (text === undefined) {
    return { mediaType: type.mediaType, ...optional(type.parameters), ...about, bytes };
  }
  const { charset: _unicodeNow, ...parameters } = type.parameters;
  return { mediaType: type.mediaType, ...optional(parameters), ...about, text };
}

function decodeTransfer(content: Buffer, encoding: string): Buffer | undefined {
  switch (encoding.replace(/^"|"$/g, '')) {
    case '':
    case '7bit':
    case '8bit':
    case 'binary':
      return content;
    case 'base64':
      return Buffer.from(content.toString('latin1', 0, content.length), 'base64');
    case 'quoted-printable':
      return decodeQuotedPrintable(content);
    default:
      return undefined;
  }
}

const HEX = new Int8Array(256).fill(-1);
for (let i = 0; i < 16; i += 1) {
  HEX['0123456789ABCDEF'.charCodeAt(i)] = i;
  HEX['0123456789abcdef'.charCodeAt(i)] = i;
}

/**
 * RFC 2045 6.7, line by line; an `=` that begins no escape is kept as it is. White space at the
 * end of a line was put there by a transport (rule 3).
 */
export function decodeQuotedPrintable(content: Buffer): Buffer {
  const out = Buffer.allocUnsafe(content.length);
  let to = 0;
  let at = 0;
  while (at < content.length) {
    const lf = content.indexOf(LF, at);
    const next = lf < 0 ? content.length : lf + 1;
    const breakStart = lf < 0 ? next : lf > at && content[lf - 1] === CR ? lf - 1 : lf;
    let end = breakStart;
    while (end > at && (content[end - 1] === 32 || content[end - 1] === 9)) end -= 1;
    const soft = end > at && content[end - 1] === EQUALS;
    to = decodeEscapes(content.subarray(at, soft ? end - 1 : end), out, to);
    if (!soft) to += content.copy(out, to, breakStart, next);
    at = next;
  }
  return out.subarray(0, to);
}

const EQUALS = 61;

function decodeEscapes(line: Buffer, out: Buffer, start: number): number {
  let to = start;
  for (let at = 0; at < line.length; at += 1) {
    const byte = line[at] ?? 0;
    const high = byte === EQUALS ? (HEX[line[at + 1] ?? 0] ?? -1) : -1;
    const low = high >= 0 ? (HEX[line[at + 2] ?? 0] ?? -1) : -1;
    if (low >= 0) at += 2;
    out[to++] = low >= 0 ? high * 16 + low : byte;
  }
  return to;
}

/** The text of a part in Unicode with "\n"; undefined: it is no text, or too much of it. */
function readText(type: ContentType, bytes: Buffer): string | undefined {
  if (!type.mediaType.startsWith('text/') || bytes.length > TEXT_BYTES_MAX) return undefined;
  // A part of a report: its fields are read as bytes and sent on as they are.
  if (type.mediaType === 'text/rfc822-headers') return undefined;
  const text = decodeCharset(bytes, type.parameters['charset'] ?? '');
  return text?.replace(/\r\n/g, '\n');
}

/** Names that mail uses and the WHATWG Encoding Standard does not list. */
const CHARSETS: Readonly<Record<string, string>> = {
  'iso-8859-8-e': 'iso-8859-8',
  cp932: 'shift_jis',
  'x-cp932': 'shift_jis',
  cp936: 'gbk',
  ms936: 'gbk',
  cp949: 'euc-kr',
  cp950: 'big5',
  'iso-2022-jp-1': 'iso-2022-jp',
  'iso-2022-jp-2': 'iso-2022-jp',
  cp50220: 'iso-2022-jp',
  cp50221: 'iso-2022-jp',
  'iso-8859-1-windows-3.1-latin-1': 'windows-1252',
  'utf-8-bom': 'utf-8',
};

/** Undeclared text is UTF-8 if it can be, else windows-1252; wrong bytes become U+FFFD. */
function decodeCharset(bytes: Buffer, declared: string): string | undefined {
  const name = declared.trim().toLowerCase();
  if (name === '' || name === 'us-ascii' || name === 'ascii' || name.startsWith('unknown')) {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      return windows1252(bytes.toString('latin1'));
    }
  }
  try {
    const decoder = new TextDecoder(CHARSETS[name] ?? name);
    if (decoder.encoding === 'windows-1252') return windows1252(bytes.toString('latin1'));
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}
