/**
 * What of a message's body is shown, and what is a part to save: pure, over its UMF.
 *
 * Stages: of alternatives the best for the purpose → leaves of text that nobody named as a file are
 * shown in their order → every other leaf is a part. Invariants: a part's index counts all leaves,
 * so that it stays the same whatever is shown; nested to DEPTH_MAX, what is deeper is not seen.
 */

import type { PartSummary } from '../../../schemas/console.js';
import type { Part } from '../../../schemas/umf.js';
import { fileName } from './file-name.js';

/** Readers of channels nest less; an XML body could nest more. */
const DEPTH_MAX = 64;
const HTML = 'text/html';
/** More is shown as text: cleaning takes time that others wait for. */
export const HTML_CHARACTERS_MAX = 256 * 1024;

/** For the page as text, or for the sandboxed frame as HTML. */
export type Purpose = 'text' | 'html';

/** All leaves in their order, whatever they are. */
export function leavesOf(body: Part, depth = 0): readonly Part[] {
  if (body.parts === undefined) return [body];
  if (depth === DEPTH_MAX) return [];
  return body.parts.flatMap((part) => leavesOf(part, depth + 1));
}

export function isHtml({ mediaType }: Part): boolean {
  return mediaType === HTML;
}

/** Text of the message itself, not a file that somebody attached. */
function isShown({ mediaType, text, disposition, filename }: Part): boolean {
  if (text === undefined || disposition === 'attachment' || filename !== undefined) return false;
  return mediaType === 'text/plain' || mediaType === HTML;
}

/** The leaves that are the message itself. */
export function shownParts(body: Part, purpose: Purpose, depth = 0): readonly Part[] {
  if (body.parts === undefined) return isShown(body) ? [body] : [];
  if (depth === DEPTH_MAX || body.disposition === 'attachment') return [];
  const children = body.parts.map((part) => shownParts(part, purpose, depth + 1));
  if (body.mediaType !== 'multipart/alternative') return children.flat();
  const some = children.filter((parts) => parts.length > 0);
  const best =
    purpose === 'html'
      ? some.findLast((parts) => parts.some(isHtml))
      : some.find((parts) => !parts.some(isHtml));
  return best ?? some[0] ?? [];
}

/** What can be saved: every leaf but the message itself and the pictures shown within it. */
export function partsOf(body: Part): readonly PartSummary[] {
  const shown = shownParts(body, 'html').filter(isHtml);
  const characters = shown.reduce((sum, { text = '' }) => sum + text.length, 0);
  // Pictures of what is shown as text are seen nowhere but here.
  const html = characters > HTML_CHARACTERS_MAX ? [] : shown;
  return leavesOf(body).flatMap((part, index) => {
    if (isShown(part) || isPictureOf(html, part)) return [];
    const name = fileName(part, index);
    return [{ index, name, mediaType: part.mediaType, bytes: bytesOf(part).byteLength }];
  });
}

function isPictureOf(html: readonly Part[], { contentId, mediaType }: Part): boolean {
  if (contentId === undefined || !mediaType.startsWith('image/')) return false;
  return html.some(({ text = '' }) => text.includes(`cid:${contentId}`));
}

export function bytesOf({ bytes, text = '' }: Part): Uint8Array {
  return bytes ?? Buffer.from(text);
}
