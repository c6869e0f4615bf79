/**
 * Fitting a UMF to a device that shows less: first the text is chosen, then it is shortened, the
 * critical part first (p. 38). Pure.
 *
 * Invariants: the result has at most `maxCharacters` characters (code points; never half of one);
 * no markup of the sender remains in a text that is made from HTML.
 */

import type { Part, Umf } from '../../schemas/umf.js';

export interface Device {
  readonly textOnly: boolean;
  readonly maxCharacters: number;
}

export interface Fitted {
  readonly text: string;
  /** Something was left out. */
  readonly shortened: boolean;
  /** Names or types of the parts that the text does not hold. */
  readonly leftOut: readonly string[];
}

/** HTML above this is cut before it is made into text. */
export const HTML_CHARACTERS_MAX = 1024 * 1024;
/** Deeper parts are not looked into. */
const DEPTH_MAX = 64;
const ELLIPSIS = '…';

/** The text of a UMF for a device: who, what about, and as much of the rest as there is room. */
export function fitText(umf: Umf, device: Device): Fitted {
  const text = textOf(umf.body);
  const leftOut = attachmentsOf(umf.body);
  const subject = umf.subject?.trim() ?? '';
  const urgent = umf.priority === 'urgent' || umf.priority === 'high' ? '! ' : '';
  const sender = umf.from?.name ?? umf.from?.address ?? '';
  const critical = `${urgent}${[sender, subject].filter((part) => part !== '').join(': ')}`;
  const note = leftOut.length > 0 ? `[${leftOut.join(', ')}]` : '';
  const whole = [critical, device.textOnly ? calm(text) : text, note]
    .filter((part) => part !== '')
    .join('\n');
  const cut = shorten(whole, device.maxCharacters);
  return { text: cut, shortened: cut !== whole, leftOut };
}

/** Cuts at a word if one ends nearby, and shows that it was cut. */
export function shorten(text: string, maxCharacters: number): string {
  const most = Math.max(0, Math.floor(maxCharacters));
  // A code point has at most two units: no need to take all of a long text apart.
  const characters = Array.from(text.slice(0, (most + 1) * 2));
  if (characters.length <= most) return text;
  if (most === 0) return '';
  const kept = characters.slice(0, most - 1).join('');
  const word = /^[\s\S]*\S(?=\s+\S*$)/.exec(kept)?.[0] ?? '';
  return `${word.length > kept.length * 0.7 ? word : kept.trimEnd()}${ELLIPSIS}`;
}

/** The text of a body: plain if there is any, else made from HTML. */
export function textOf(part: Part, depth = 0): string {
  if (part.disposition === 'attachment' || depth > DEPTH_MAX) return '';
  if (part.text !== undefined) {
    return part.mediaType === 'text/html' ? htmlToText(part.text) : part.text;
  }
  const parts = part.parts ?? [];
  if (part.mediaType === 'multipart/alternative') {
    const plain = parts.find((inner) => inner.mediaType === 'text/plain' && inner.text?.trim());
    if (plain) return plain.text ?? '';
    return parts.map((inner) => textOf(inner, depth + 1)).find((text) => text.trim() !== '') ?? '';
  }
  return parts
    .map((inner) => textOf(inner, depth + 1))
    .filter((text) => text.trim() !== '')
    .join('\n');
}

function attachmentsOf(part: Part, depth = 0): string[] {
  if (depth > DEPTH_MAX) return [];
  if (part.parts) return part.parts.flatMap((inner) => attachmentsOf(inner, depth + 1));
  const shown = part.text !== undefined && part.disposition !== 'attachment';
  return shown ? [] : [part.filename ?? part.mediaType];
}

/** A device with one line of text shows neither runs of spaces nor empty lines. */
function calm(text: string): string {
  return text
    .replace(/[^\S\n]+/g, ' ')
    .replace(/ ?\n ?/g, '\n')
    .replace(/\n{2,}/g, '\n')
    .trim();
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  auml: 'ä',
  ouml: 'ö',
  uuml: 'ü',
  Auml: 'Ä',
  Ouml: 'Ö',
  Uuml: 'Ü',
  szlig: 'ß',
  euro: '€',
  copy: '©',
  hellip: '…',
  ndash: '–',
  mdash: '—',
  lsquo: '‘',
  rsquo: '’',
  ldquo: '“',
  rdquo: '”',
};

const BREAKS = new Set(['br', 'p', 'div', 'tr', 'li', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'table']);
const HIDDEN = new Set(['script', 'style', 'head', 'title', 'template']);

/** HTML → text, crude but safe: one pass, no nesting, nothing executed, nothing fetched. */
export function htmlToText(html: string): string {
  const source = html.slice(0, HTML_CHARACTERS_MAX);
  let text = '';
  let at = 0;
  while (at < source.length) {
    const open = source.indexOf('<', at);
    const end = open < 0 ? source.length : open;
    text += source.slice(at, end).replace(/\s+/g, ' ');
    if (open < 0) break;
    const tag = readTag(source, open);
    if (tag.name === 'li' && !tag.closing) text += '\n- ';
    else if (BREAKS.has(tag.name)) text += '\n';
    at = HIDDEN.has(tag.name) && !tag.closing ? endOfHidden(source, tag.name, tag.end) : tag.end;
  }
  return decodeEntities(text)
    .replace(/[^\S\n]+/g, ' ')
    .replace(/ ?\n ?/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

/** A "<" that opens no tag is skipped alone. */
function readTag(source: string, open: number): { name: string; closing: boolean; end: number } {
  if (source.startsWith('<!--', open)) {
    const end = source.indexOf('-->', open + 4);
    return { name: '', closing: false, end: end < 0 ? source.length : end + 3 };
  }
  const closing = source[open + 1] === '/';
  const start = closing ? open + 2 : open + 1;
  const name = /^[a-zA-Z][a-zA-Z0-9]{0,20}/.exec(source.slice(start, start + 21))?.[0] ?? '';
  if (name === '' && source[start] !== '!' && source[start] !== '?') {
    return { name: '', closing: false, end: open + 1 };
  }
  const end = source.indexOf('>', start);
  return { name: name.toLowerCase(), closing, end: end < 0 ? source.length : end + 1 };
}

function endOfHidden(source: string, name: string, from: number): number {
  const close = new RegExp(`</${name}\\b[^>]{0,100}>`, 'gi');
  close.lastIndex = from;
  return close.test(source) ? close.lastIndex : source.length;
}

function decodeEntities(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([A-Za-z]{2,8}));/g,
    (all, d, h, n) => {
      if (n !== undefined) return Object.hasOwn(ENTITIES, n) ? (ENTITIES[n] ?? all) : all;
      const code = d !== undefined ? Number(d) : Number.parseInt(h, 16);
      const printable = code >= 32 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
      return printable ? String.fromCodePoint(code) : ' ';
    },
  );
}
