/**
 * Somebody else's HTML as a document that can do nothing: for a sandboxed frame.
 *
 * Stages: parsed and written anew with listed elements and attributes only → pictures within the
 * message become data, remote ones are left out until asked for → links open elsewhere and tell
 * nothing of here. Invariants: no script, form, style sheet, refresh, base, frame, SVG or object
 * survives; nothing is fetched but, asked for, pictures over http(s); what is too large or too deep
 * is not shown as HTML at all. The answer's own policy holds even where this would not.
 */

import sanitizeHtml, { type Attributes, type IOptions, type Tag } from 'sanitize-html';
import type { Part } from '../../../schemas/umf.js';
import { harmlessText } from '../harmless.js';
import { bytesOf, HTML_CHARACTERS_MAX, isHtml } from './body-parts.js';
import { harmlessStyle } from './html-style.js';

/** Of HTML that is read as text. */
const READ_AS_TEXT_MAX = 128 * 1024;
/** Elements within each other; what is deeper loses its form, not its text. */
const DEPTH_MAX = 200;
/** The parser's time grows with the square of the depth: beyond this it is stopped. */
const DEPTH_READ_MAX = 1_000;
/** Pictures within the message, all together. */
const PICTURES_BYTES_MAX = 4 * 1024 * 1024;
const LINK_CHARACTERS_MAX = 4_000;

const LINKS: ReadonlySet<string> = new Set(['http:', 'https:', 'mailto:', 'tel:']);
/** What a browser decodes as pixels: never SVG, which is a document. */
const PICTURES: ReadonlySet<string> = new Set([
  'image/png',
  'image/jpeg',
  'image/jpg',
  'image/gif',
  'image/webp',
  'image/bmp',
  'image/avif',
]);
const PICTURE_DATA = /^data:(image\/[a-z]+);base64,[a-z\d+/=\s]+$/i;

const TAGS = [
  ...'a abbr address article aside b bdi big blockquote br caption center cite code col'.split(' '),
  ...'colgroup dd del details dfn div dl dt em figcaption figure font footer h1 h2 h3'.split(' '),
  ...'h4 h5 h6 header hr i img ins kbd li main mark ol p pre q s samp section small'.split(' '),
  ...'span strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul'.split(' '),
  ...'var wbr'.split(' '),
];
const BLOCK_TAGS = 'address article blockquote br dd div dt h1 h2 h3 h4 h5 h6 hr li p pre tr'.split(
  ' ',
);
const CELL = ['align', 'bgcolor', 'colspan', 'height', 'nowrap', 'rowspan', 'valign', 'width'];
/** Their content is no text of the message. */
const WITHOUT_TEXT = [
  ...['script', 'style', 'textarea', 'option', 'xmp', 'noscript', 'noframes', 'noembed'],
  ...['iframe', 'title', 'template', 'object', 'svg', 'math', 'audio', 'video', 'select'],
];

export interface HtmlDocument {
  readonly html: string;
  /** Remote pictures that were left out, or with `remote` are shown. */
  readonly remote: number;
}

interface Pictures {
  readonly leaves: readonly Part[];
  readonly remote: boolean;
  bytesLeft: number;
  count: number;
}

/**
 * The shown parts of a message as one document; undefined: it has no HTML, or too much.
 * @param leaves all leaves of the body: where `cid:` pictures are found
 */
export function htmlDocument(
  shown: readonly Part[],
  { leaves, remote }: { readonly leaves: readonly Part[]; readonly remote: boolean },
): HtmlDocument | undefined {
  const characters = shown.reduce((sum, { text = '' }) => sum + text.length, 0);
  if (!shown.some(isHtml) || characters > HTML_CHARACTERS_MAX) return undefined;
  const pictures = { leaves, remote, bytesLeft: PICTURES_BYTES_MAX, count: 0 };
  const bodies: string[] = [];
  for (const part of shown) {
    const { text = '' } = part;
    const body = isHtml(part) ? sanitized(text, cleaning(pictures)) : plain(text);
    if (body === undefined) return undefined;
    bodies.push(body);
  }
  return { html: page(bodies.join('\n<hr>\n')), remote: pictures.count };
}

/** Its only way to stop the parser is to throw: it never leaves `sanitized`. */
class TooDeep extends Error {}

/** Undefined: nested so deeply that nobody could see it anyway. */
function sanitized(html: string, options: IOptions): string | undefined {
  let depth = 0;
  const bounded: IOptions = {
    ...options,
    onOpenTag() {
      depth += 1;
      if (depth > DEPTH_READ_MAX) throw new TooDeep();
    },
    onCloseTag() {
      depth -= 1;
    },
  };
  try {
    return sanitizeHtml(html, bounded);
  } catch (error) {
    if (error instanceof TooDeep) return undefined;
    throw error;
  }
}

function page(body: string): string {
  return `<!doctype html>
<html><head><meta charset="utf-8"><title>Message</title><style>
:root{color-scheme:light}
body{margin:12px;background:#fff;color:#1a1a1a;font:15px/1.5 system-ui,sans-serif;
overflow-wrap:anywhere}
img{max-width:100%;height:auto}pre{white-space:pre-wrap}table{max-width:100%}a{color:#0b57d0}
blockquote{margin:0 0 0 4px;padding-left:12px;border-left:2px solid #ccc}
</style></head><body>
${body}
</body></html>
`;
}

function plain(text: string): string {
  const escaped = harmlessText(text)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;');
  return `<pre>${escaped}</pre>`;
}

function cleaning(pictures: Pictures): IOptions {
  return {
    allowedTags: TAGS,
    allowedAttributes: {
      '*': ['align', 'dir', 'lang', 'style', 'title'],
      a: ['href', 'rel', 'target'],
      col: ['span', 'width'],
      colgroup: ['span', 'width'],
      font: ['color', 'face', 'size'],
      img: ['alt', 'border', 'height', 'src', 'width'],
      li: ['value'],
      ol: ['start', 'type'],
      table: ['bgcolor', 'border', 'cellpadding', 'cellspacing', 'height', 'width'],
      td: CELL,
      th: CELL,
      tr: ['bgcolor', 'valign'],
    },
    allowedSchemes: ['http', 'https', 'mailto', 'tel'],
    allowedSchemesByTag: { img: ['data', 'http', 'https'] },
    allowProtocolRelative: false,
    // Checked by harmlessStyle, before; a second parser would only cost.
    parseStyleAttributes: false,
    nestingLimit: DEPTH_MAX,
    nonTextTags: WITHOUT_TEXT,
    textFilter: harmlessText,
    transformTags: { '*': (name, attributes) => harmlessTag(name, attributes, pictures) },
  };
}

function harmlessTag(tagName: string, written: Attributes, pictures: Pictures): Tag {
  const { style, href, src, ...attribs } = written;
  const kept = style === undefined ? '' : harmlessStyle(style);
  if (kept !== '') attribs['style'] = kept;
  if (tagName === 'a') return { tagName, attribs: { ...attribs, ...linkTo(href) } };
  if (tagName !== 'img') return { tagName, attribs };
  const shown = pictureFrom(src ?? '', pictures);
  return { tagName, attribs: { ...attribs, ...(shown !== undefined && { src: shown }) } };
}

/** A link that leads out of here; the page behind it learns nothing of this one. */
function linkTo(href: string | undefined): Attributes {
  const url = href === undefined ? undefined : absolute(href);
  if (url === undefined || !LINKS.has(url.protocol)) return {};
  const rel = 'noopener noreferrer nofollow ugc';
  return { href: url.href, target: '_blank', rel };
}

function absolute(written: string): URL | undefined {
  const text = written.trim();
  if (text.length > LINK_CHARACTERS_MAX) return undefined;
  const full = text.startsWith('//') ? `https:${text}` : text;
  return URL.canParse(full) ? new URL(full) : undefined;
}

function pictureFrom(src: string, pictures: Pictures): string | undefined {
  const text = src.trim();
  if (/^cid:/i.test(text)) return pictureWithin(text.slice('cid:'.length), pictures);
  if (/^data:/i.test(text)) return pictureData(text, pictures);
  const url = absolute(text);
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') return undefined;
  pictures.count += 1;
  return pictures.remote ? url.href : undefined;
}

/** RFC 2392: the part of this Content-ID. */
function pictureWithin(written: string, pictures: Pictures): string | undefined {
  const id = decoded(written);
  const part = pictures.leaves.find(({ contentId }) => contentId === id || contentId === written);
  if (part === undefined || !PICTURES.has(part.mediaType)) return undefined;
  const bytes = bytesOf(part);
  if (bytes.byteLength > pictures.bytesLeft) return undefined;
  pictures.bytesLeft -= bytes.byteLength;
  return `data:${part.mediaType};base64,${Buffer.from(bytes).toString('base64')}`;
}

function decoded(written: string): string {
  try {
    return decodeURIComponent(written);
  } catch {
    return written;
  }
}

function pictureData(text: string, pictures: Pictures): string | undefined {
  const type = PICTURE_DATA.exec(text)?.[1]?.toLowerCase();
  if (type === undefined || !PICTURES.has(type) || text.length > pictures.bytesLeft) {
    return undefined;
  }
  pictures.bytesLeft -= text.length;
  return text.replace(/\s+/g, '');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&amp;': '&',
};

/** Only for text: nothing of it is ever HTML again. */
const ANY_TAG = /<[^<>]*>/g;

/** What a person would read of HTML; of very much of it the beginning. */
export function textOfHtml(html: string): string {
  const beginning = html.slice(0, READ_AS_TEXT_MAX);
  const bare = sanitized(beginning, {
    allowedTags: BLOCK_TAGS,
    allowedAttributes: {},
    nestingLimit: DEPTH_MAX,
    nonTextTags: WITHOUT_TEXT,
    // Line ends of the source are spaces; those of blocks are put in below.
    textFilter: (text) => text.replace(/\s+/g, ' '),
  });
  return (bare ?? beginning.replace(ANY_TAG, '\n'))
    .replace(/<\/[a-z\d]+>|<(?:br|hr) ?\/>/g, '\n')
    .replace(/<[a-z\d]+>/g, '\n')
    .replace(/&(?:lt|gt|quot|amp);/g, (entity) => ENTITIES[entity] ?? entity)
    .replace(/[ \t\u00a0]+/g, ' ')
    .replace(/ ?\n ?/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}
