/**
 * Names and subjects that strangers wrote, made harmless to show: pure.
 *
 * Invariants: one line; nothing in it changes the direction or order of what stands beside it (an
 * override before "fdp.exe" makes it look like a PDF); bounded.
 */

const LINE_CHARACTERS_MAX = 500;

/** Marks, embeddings, overrides and isolates of the bidirectional algorithm (UAX #9, 2). */
const BIDI = '\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069';
/** Seen by programs only: they split words so that a search or an eye is led astray. */
const INVISIBLE = '\\u00ad\\u200b\\u2028\\u2029\\u2060-\\u2064\\ufeff\\ufff9-\\ufffb';
const CONTROLS = /[\p{Cc}\s]+/gu;
/** Half of a pair: no text, and an error for what encodes it. */
const LONE_SURROGATE = /\p{Cs}/gu;
/** A mark beside a letter is part of many languages; an override is part of none. */
const REORDERING = /[\u202a-\u202e\u2066-\u2069]/gu;
const MISLEADING = new RegExp(`[${BIDI}${INVISIBLE}]`, 'gu');

/** The sign, and those that look like it. */
const AT = /[@\ufe6b\uff20]/;

/** What a stranger wrote as one harmless line. */
export function harmlessLine(text: string): string {
  const line = text
    .slice(0, 2 * LINE_CHARACTERS_MAX)
    .replace(MISLEADING, '')
    .replace(CONTROLS, ' ')
    .trim();
  if (line.length <= LINE_CHARACTERS_MAX) return whole(line);
  return `${whole(line.slice(0, LINE_CHARACTERS_MAX))}…`;
}

/** Text of several lines: only what reorders whatever follows is taken out. */
export function harmlessText(text: string): string {
  return whole(text.replace(REORDERING, ''));
}

function whole(text: string): string {
  return text.replace(LONE_SURROGATE, '\ufffd');
}

/** A name that pretends to be an address is none: undefined, unless it is the address itself. */
export function harmlessName(name: string, address: string | undefined): string | undefined {
  const line = harmlessLine(name);
  if (line === '') return undefined;
  const pretends = AT.test(line) && line.toLowerCase() !== address?.toLowerCase();
  return pretends ? undefined : line;
}
