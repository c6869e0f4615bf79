/**
 * Names of files that strangers chose, safe to save under: pure.
 *
 * Invariants: no path, no control or direction characters, no name that a system treats as a device
 * or hides; the ending that people see is the one that the system sees.
 */

import type { Part } from '../../../schemas/umf.js';
import { harmlessLine } from '../harmless.js';

const NAME_CHARACTERS_MAX = 120;
const READ_CHARACTERS_MAX = 400;
const READ_HALF = READ_CHARACTERS_MAX / 2;
const ENDING_CHARACTERS_MAX = 16;
/** Separators of paths, and what Windows does not allow. */
const NOT_IN_NAMES = /[\\/:*?"<>|]/g;
const DEVICES = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;
/** RFC 8187 3.2.1: everything else is percent-encoded, what encodeURIComponent leaves too. */
const NOT_ATTR_CHAR = /['()*]/g;
const NOT_ASCII = /[^\x20-\x7e]/g;

/** The name of a part, its own or one from its number and media type. */
export function fileName({ filename = '', mediaType }: Part, index: number): string {
  const long = filename.length > READ_CHARACTERS_MAX;
  // The ending of a long name stays: it is what the name is opened by.
  const written = long ? `${filename.slice(0, READ_HALF)}${filename.slice(-READ_HALF)}` : filename;
  const name = harmlessLine(written)
    .replace(NOT_IN_NAMES, '_')
    .replace(/^[.\s]+|[.\s]+$/g, '');
  if (name === '') return `part-${index + 1}${mediaType === 'message/rfc822' ? '.eml' : ''}`;
  return shortened(DEVICES.test(name) ? `_${name}` : name);
}

function shortened(name: string): string {
  if (name.length <= NAME_CHARACTERS_MAX) return name;
  const dot = name.lastIndexOf('.');
  const ending = dot > 0 && name.length - dot <= ENDING_CHARACTERS_MAX ? name.slice(dot) : '';
  return `${harmlessLine(name.slice(0, NAME_CHARACTERS_MAX - ending.length))}${ending}`;
}

/** The header field that makes a browser save and never show it (RFC 6266, RFC 8187). */
export function attachmentHeader(name: string): string {
  const plain = name.replace(NOT_ASCII, '_').replace(/["\\%]/g, '_');
  const encoded = encodeURIComponent(name).replace(
    NOT_ATTR_CHAR,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
