/**
 * Parts of a UMF → MIME entities (RFC 2045, 2046, 2231). Stages: media type → transfer encoding →
 * head and content, between boundaries where a part has parts.
 *
 * Written here and not by nodemailer's MimeNode, which parses and rebuilds the fields it is given
 * (a file name in another alphabet does not survive that) and draws boundaries at random.
 *
 * Invariants: every line ends in CRLF and has at most 998 octets; text is sent as it is only if it
 * is short-lined ASCII that does not hold the boundary; a message within a mail is never encoded.
 */

import { buildHeaderValue, foldLines } from 'nodemailer/lib/mime-funcs';
import type { Part } from '../../../schemas/umf.js';
import { DEPTH_MAX } from './mime-reader.js';
import { oneLine, wellFormed } from './report.js';

/** RFC 5322 2.1.1, without the CRLF. */
export const LINE_OCTETS_MAX = 998;
/** RFC 2045 6.7 and 6.8. */
const ENCODED_LINE_MAX = 76;
const PARAMETER_CHARACTERS_MAX = 1000;

type Encoding = '7bit' | '8bit' | 'quoted-printable' | 'base64';

interface Content {
  readonly mediaType: string;
  readonly charset?: string;
  readonly encoding: Encoding;
  readonly bytes: readonly Buffer[];
}

/**
 * One entity: the rest of its head, the blank line and the content.
 * @param boundary must not be guessable by whoever wrote the parts
 */
export function writeEntity(part: Part, boundary: string, depth = 0): Buffer[] {
  const own = `=_${boundary}_${depth}`;
  const content =
    part.parts !== undefined && depth < DEPTH_MAX
      ? multipart(part.mediaType, part.parts, boundary, depth)
      : leaf(part, boundary);
  const head = [typeField(content, part, part.parts ? own : undefined)];
  if (content.encoding !== '7bit') head.push(`Content-Transfer-Encoding: ${content.encoding}`);
  if (part.disposition || part.filename) {
    const params = part.filename ? { filename: parameterText(part.filename) } : {};
    const value = buildHeaderValue({ value: part.disposition ?? 'attachment', params });
    head.push(foldLines(`Content-Disposition: ${value}`, ENCODED_LINE_MAX));
  }
  if (part.contentId && /^[!-;=?-~]{1,900}$/.test(part.contentId)) {
    head.push(`Content-ID: <${part.contentId}>`);
  }
  return [Buffer.from(`${head.join('\r\n')}\r\n\r\n`), ...content.bytes];
}

/** Parts on one level may share a boundary, those within each other may not. */
function multipart(
  mediaType: string,
  parts: readonly Part[],
  boundary: string,
  depth: number,
): Content {
  const line = `--=_${boundary}_${depth}`;
  const bytes: Buffer[] = [];
  let eight = false;
  for (const part of parts) {
    const entity = writeEntity(part, boundary, depth + 1);
    eight ||= entity.some((piece) => piece.some((byte) => byte > 127));
    bytes.push(Buffer.from(`${line}\r\n`), ...entity, Buffer.from('\r\n'));
  }
  bytes.push(Buffer.from(`${line}--\r\n`));
  const safe = mediaType.startsWith('multipart/') ? mediaType : 'multipart/mixed';
  // RFC 2045 6.4: what holds 8bit says 8bit.
  return { mediaType: safe, encoding: eight ? '8bit' : '7bit', bytes };
}

function leaf(part: Part, boundary: string): Content {
  if (part.text !== undefined) return textLeaf(part.mediaType, part.text, boundary);
  const bytes = Buffer.from(part.bytes ?? new Uint8Array());
  const asItIs = fitsLines(bytes) && !bytes.includes(boundary);
  if (part.mediaType.startsWith('message/')) {
    // RFC 2046 5.2.1: a message must not be encoded; one that cannot go as it is, goes as a file.
    if (!asItIs) return encoded('application/octet-stream', bytes);
  } else if (part.mediaType !== HEADERS_ONLY || !asItIs) {
    return encoded(leafType(part.mediaType), bytes);
  }
  const encoding = bytes.some((byte) => byte > 127) ? '8bit' : '7bit';
  return { mediaType: part.mediaType, encoding, bytes: [bytes] };
}

/** The head of a message in a report (RFC 6522 4): read more widely if it is not encoded. */
const HEADERS_ONLY = 'text/rfc822-headers';

/** A composite type needs its parts; without them it is bytes. */
function leafType(mediaType: string): string {
  return mediaType.startsWith('multipart/') ? 'application/octet-stream' : mediaType;
}

function textLeaf(mediaType: string, unsafe: string, boundary: string): Content {
  const text = wellFormed(unsafe);
  const charset = 'utf-8';
  // Control characters and a lonely CR would not survive the way as text.
  if (!mediaType.startsWith('text/') || /(?![\t\n])\p{Cc}/u.test(text)) {
    const type = /^(?:message|multipart)\//.test(mediaType) ? 'text/plain' : mediaType;
    return { ...encoded(type, Buffer.from(text)), charset };
  }
  const plain = /^[\t\n -~]*$/.test(text) && !/[^\n]{77}|[ \t]$/m.test(text);
  if (plain && !text.includes(boundary)) {
    const bytes = [Buffer.from(text.replace(/\n/g, '\r\n'))];
    return { mediaType, charset, encoding: '7bit', bytes };
  }
  const utf8 = Buffer.from(text);
  const foreign = utf8.reduce((count, byte) => count + (byte > 127 ? 1 : 0), 0);
  if (foreign * 3 > utf8.length) {
    return { ...encoded(mediaType, Buffer.from(text.replace(/\n/g, '\r\n'))), charset };
  }
  const bytes = [Buffer.from(quotedPrintable(utf8), 'latin1')];
  return { mediaType, charset, encoding: 'quoted-printable', bytes };
}

function encoded(mediaType: string, bytes: Buffer): Content {
  const base64 = bytes.toString('base64').replace(/.{76}/g, '$&\r\n');
  return { mediaType, encoding: 'base64', bytes: [Buffer.from(base64, 'latin1')] };
}

const HEX = '0123456789ABCDEF';

/** RFC 2045 6.7 over text whose lines end in LF. */
function quotedPrintable(text: Buffer): string {
  const lines: string[] = [];
  let line = '';
  for (let i = 0; i < text.length; i += 1) {
    const byte = text[i] ?? 0;
    if (byte === 10) {
      lines.push(line);
      line = '';
      continue;
    }
    const next = text[i + 1];
    const blankAtEnd = (byte === 32 || byte === 9) && (next === 10 || next === undefined);
    const literal = (byte >= 32 && byte < 127 && byte !== 61) || byte === 9;
    const piece =
      literal && !blankAtEnd
        ? String.fromCharCode(byte)
        : `=${HEX.charAt(byte >> 4)}${HEX.charAt(byte & 15)}`;
    if (line.length + piece.length >= ENCODED_LINE_MAX) {
      lines.push(`${line}=`);
      line = '';
    }
    line += piece;
  }
  lines.push(line);
  return lines.join('\r\n');
}

function parameterText(value: string): string {
  return wellFormed(oneLine(value).slice(0, PARAMETER_CHARACTERS_MAX));
}

const TYPE = /^[a-z0-9!#$&^_.+-]{1,127}\/[a-z0-9!#$&^_.+-]{1,127}$/;

function typeField(content: Content, part: Part, boundary: string | undefined): string {
  const params: Record<string, string> = content.charset ? { charset: content.charset } : {};
  for (const [name, value] of Object.entries(part.parameters ?? {})) {
    if (!/^[a-z0-9!#$&^_.+-]{1,64}$/.test(name) || name === 'boundary') continue;
    if (name === 'charset' && content.charset) continue;
    params[name] = parameterText(value);
  }
  if (content.mediaType.startsWith('multipart/') && boundary) params['boundary'] = boundary;
  const value = TYPE.test(content.mediaType) ? content.mediaType : 'application/octet-stream';
  return foldLines(`Content-Type: ${buildHeaderValue({ value, params })}`, ENCODED_LINE_MAX);
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
