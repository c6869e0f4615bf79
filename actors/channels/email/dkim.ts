/**
 * DKIM signatures (RFC 6376, Ed25519 by RFC 8463) for mail the switch writes itself:
 * relaxed/relaxed, SHA-256, over the fields that say who, what and when.
 *
 * Invariants: the signature goes above the message and changes none of its bytes; every signed
 * field is listed once more than it occurs where a second one would mislead (From, Subject, …), so
 * that none can be added on the way.
 */

import { createHash, createPrivateKey, createSign, type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';

export interface DkimKey {
  readonly domain: string;
  readonly selector: string;
  readonly key: KeyObject;
}

const SIGNED = [
  'From',
  'Sender',
  'Reply-To',
  'To',
  'Cc',
  'Subject',
  'Date',
  'Message-ID',
  'In-Reply-To',
  'References',
  'MIME-Version',
  'Content-Type',
  'Content-Transfer-Encoding',
  'Auto-Submitted',
];
/** Fields of which another one must not be added unseen (RFC 6376 8.15). */
const SEALED: readonly string[] = ['From', 'To', 'Subject', 'Date', 'Message-ID', 'Reply-To'];
const FOLD_AT = 72;

/** Reads the key; throws with clear words, as it is read when the switch starts. */
export function readDkimKey(settings: {
  readonly domain: string;
  readonly selector: string;
  readonly keyFile: string;
}): DkimKey {
  const { domain, selector, keyFile } = settings;
  try {
    const key = createPrivateKey(readFileSync(keyFile));
    const kind = key.asymmetricKeyType;
    if (kind !== 'rsa' && kind !== 'ed25519') throw new Error(`it is ${kind}`);
    return { domain, selector, key };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(
      `email.dkim.keyFile ${keyFile} is no RSA or Ed25519 private key in PEM (${why}); ` +
        'correct the setting or leave email.dkim out.',
    );
  }
}

/**
 * The DKIM-Signature field for a message, CRLF at its end.
 * @param message with CRLF line ends
 * @param timeMs when it is signed
 */
export function dkimSignature(message: Uint8Array, dkim: DkimKey, timeMs: number): string {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const cut = bytes.indexOf('\r\n\r\n');
  const head = bytes.subarray(0, cut < 0 ? bytes.length : cut + 2).toString('latin1');
  const body = cut < 0 ? '' : bytes.subarray(cut + 4).toString('latin1');
  const fields = splitFields(head);
  const names = signedNames(fields);
  const rsa = dkim.key.asymmetricKeyType === 'rsa';
  const bodyHash = createHash('sha256').update(relaxedBody(body), 'latin1').digest('base64');
  const unsigned = [
    `v=1; a=${rsa ? 'rsa' : 'ed25519'}-sha256; c=relaxed/relaxed;`,
    ` d=${dkim.domain}; s=${dkim.selector}; t=${Math.floor(timeMs / 1000)};`,
    ` h=${fold(names.join(':'))};`,
    ` bh=${bodyHash};`,
    ' b=',
  ].join('\r\n');
  const lines = pick(fields, names).map(relaxedField);
  // Last and without CRLF comes the signature's own field, with an empty b= (RFC 6376 3.7).
  const input = `${lines.join('')}${relaxedField(`DKIM-Signature: ${unsigned}`).slice(0, -2)}`;
  const signature = rsa
    ? createSign('sha256').update(input, 'latin1').sign(dkim.key)
    : sign(null, createHash('sha256').update(input, 'latin1').digest(), dkim.key);
  return `DKIM-Signature: ${unsigned}${fold(signature.toString('base64'))}\r\n`;
}

/** Fields with their folding, without the CRLF at the end. */
function splitFields(head: string): string[] {
  return head.split(/\r\n(?![ \t])/).filter((field) => field !== '');
}

function nameOf(field: string): string {
  return field
    .slice(0, Math.max(0, field.indexOf(':')))
    .trim()
    .toLowerCase();
}

function signedNames(fields: readonly string[]): string[] {
  return SIGNED.flatMap((name) => {
    const count = fields.filter((field) => nameOf(field) === name.toLowerCase()).length;
    return Array<string>(count + (SEALED.includes(name) ? 1 : 0)).fill(name);
  });
}

/** Of several fields of one name the lowest comes first (RFC 6376 5.4.2). */
function pick(fields: readonly string[], names: readonly string[]): string[] {
  const left = [...fields];
  return names.flatMap((name) => {
    const index = left.findLastIndex((field) => nameOf(field) === name.toLowerCase());
    return index < 0 ? [] : left.splice(index, 1);
  });
}

/** RFC 6376 3.4.2. */
function relaxedField(field: string): string {
  const cut = field.indexOf(':');
  // Not trim(): it would take 0xA0, the end of many a UTF-8 character.
  const value = field
    .slice(cut + 1)
    .replace(/\r\n/g, '')
    .replace(/[ \t]+/g, ' ');
  return `${field.slice(0, cut).trim().toLowerCase()}:${value.replace(/^ | $/g, '')}\r\n`;
}

/** RFC 6376 3.4.4. */
function relaxedBody(body: string): string {
  const lines = body.split('\r\n').map((line) => line.replace(/[ \t]+/g, ' ').replace(/ $/, ''));
  while (lines.at(-1) === '') lines.pop();
  return lines.map((line) => `${line}\r\n`).join('');
}

function fold(text: string): string {
  return (text.match(new RegExp(`.{1,${FOLD_AT}}`, 'g')) ?? []).join('\r\n  ');
}
