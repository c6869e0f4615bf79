/**
 * Identifiers of submissions and messages.
 *
 * An identifier is 16 characters of Crockford's base32 in lower case (no i, l, o, u): 9 for the
 * time in milliseconds, 7 random. Identifiers sort by time. A message is `<submission>.<n>`, the
 * n-th recipient of its submission; the key of its document is `msg/<submission>.<n>`.
 */

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const TIME_CHARACTERS = 9;
const RANDOM_CHARACTERS = 7;

export const IDENTIFIER_PATTERN = /^[0-9a-hjkmnp-tv-z]{16}$/;

/**
 * Makes the identifier of one submission.
 * @param timeMs milliseconds since the epoch
 * @param random at least 7 random bytes
 */
export function makeIdentifier(timeMs: number, random: Uint8Array): string {
  let text = '';
  let rest = Math.floor(timeMs);
  for (let i = 0; i < TIME_CHARACTERS; i += 1) {
    text = ALPHABET.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  for (let i = 0; i < RANDOM_CHARACTERS; i += 1) text += ALPHABET.charAt((random[i] ?? 0) & 31);
  return text;
}

/** The time in milliseconds at which an identifier was made. */
export function timeOfIdentifier(id: string): number {
  let timeMs = 0;
  for (const character of id.slice(0, TIME_CHARACTERS)) {
    timeMs = timeMs * 32 + ALPHABET.indexOf(character);
  }
  return timeMs;
}

export function messageKey(submission: string, recipient: number): string {
  return `msg/${submission}.${recipient}`;
}

/** The submission and the recipient's number in the key of a message's document. */
export function splitMessageKey(key: string): { submission: string; recipient: number } {
  const [submission = '', recipient = '0'] = key.slice('msg/'.length).split('.');
  return { submission, recipient: Number(recipient) };
}
