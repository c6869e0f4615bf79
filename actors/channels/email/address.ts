/**
 * The mail address grammar: what SMTP calls a Mailbox (RFC 5321 4.1.2), internationalised by
 * RFC 6531 3.3. Stages: lengths → local part → domain or literal → normal form.
 *
 * Invariants: nothing that is accepted holds a control character, a line break or a source route;
 * the normal form, parsed again, gives itself; the local part keeps its case, the domain has none.
 * Comments and folding white space (RFC 5322 3.2.2) belong to header fields, not to mailboxes.
 */

import { isIPv6 } from 'node:net';
import { domainToASCII, domainToUnicode } from 'node:url';
import type { Failure } from '../../machinery.js';

/** RFC 5321 4.5.3.1.1, in octets. */
export const LOCAL_OCTETS_MAX = 64;
/** RFC 5321 4.5.3.1.2, in octets. */
export const DOMAIN_OCTETS_MAX = 255;
/** RFC 5321 4.5.3.1.3: a path has 256 octets, two of them its brackets. */
export const MAILBOX_OCTETS_MAX = 254;
/** RFC 1035 2.3.4. */
export const LABEL_OCTETS_MAX = 63;

export interface Mailbox {
  readonly ok: true;
  /** As it is meant: without quotes and escapes. */
  readonly local: string;
  /** Lower case, A-labels; an address literal keeps its brackets. */
  readonly domain: string;
  /** The next hop must know SMTPUTF8 (RFC 6531). */
  readonly smtputf8: boolean;
  /** The normal form. */
  readonly value: string;
  /** For finding a subscriber, where the case of the local part means nothing. */
  readonly key: string;
}

/** `a%b@c` and `a!b@c` ask some servers to relay; senders outside may nevertheless be called so. */
export type Routing = 'refuse' | 'allow';

const DOT_ATOM =
  /^[\w!#$%&'*+/=?^`{|}~\u0080-\u{10ffff}-]+(?:\.[\w!#$%&'*+/=?^`{|}~\u0080-\u{10ffff}-]+)*$/u;
const QUOTED = /^"((?:[^"\\]|\\.)*)"$/su;
const NON_ASCII = /[^\0-\x7f]/;
const FORBIDDEN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\ufeff]/u;
const SPACE_OUTSIDE_ASCII = /(?! )\p{Zs}/u;
const LABEL = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
const IPV4_OCTET = /^(?:0|[1-9]\d{0,2})$/;

const octets = (text: string): number => Buffer.byteLength(text, 'utf8');

function fail(text: string, why: string): Failure {
  const shown = text.length > 80 ? `${text.slice(0, 77)}...` : text;
  return {
    ok: false,
    code: 'ADDRESS_SYNTAX',
    message: `The address ${JSON.stringify(shown)} ${why}`,
  };
}

/**
 * Parses one mailbox, `local@domain`, and gives its normal form (RFC 5321 4.1.2, RFC 6531 3.3).
 * Display names, brackets, comments, source routes and the null path are refused.
 */
export function parseMailbox(text: string, routing: Routing = 'refuse'): Mailbox | Failure {
  // A cheap bound before any pattern runs; IDN domains can only become longer.
  if (text.length > MAILBOX_OCTETS_MAX) return fail(text, 'is longer than 254 octets; shorten it.');
  if (text === '') return fail(text, 'is empty; write local@domain.');
  if (FORBIDDEN.test(text)) return fail(text, 'has a control character; remove it.');
  if (text.startsWith('@')) return fail(text, 'is a source route; write local@domain alone.');
  const at = text.startsWith('"') ? endOfQuotes(text) : text.indexOf('@');
  if (at < 0 || text[at] !== '@') return fail(text, 'has no @ after its local part.');
  const local = parseLocal(text.slice(0, at));
  if (typeof local !== 'string') return fail(text, local.why);
  if (routing === 'refuse' && /[!%]/.test(local)) {
    return fail(text, 'has ! or % in its local part, which asks to be relayed; that is refused.');
  }
  const domain = parseDomain(text.slice(at + 1));
  if (typeof domain !== 'string') return fail(text, domain.why);
  const written = writeLocal(local);
  if (octets(written) > LOCAL_OCTETS_MAX) {
    return fail(text, 'has a local part longer than 64 octets; shorten it.');
  }
  const value = `${written}@${domain}`;
  if (octets(value) > MAILBOX_OCTETS_MAX) {
    return fail(text, 'is longer than 254 octets; shorten it.');
  }
  const key = `${writeLocal(local.toLowerCase().normalize('NFC'))}@${domain}`;
  return { ok: true, local, domain, smtputf8: NON_ASCII.test(local), value, key };
}

interface Wrong {
  readonly why: string;
}

/** Where the @ after a quoted string must stand; -1: the quotes are not closed. */
function endOfQuotes(text: string): number {
  for (let i = 1; i < text.length; i += 1) {
    if (text[i] === '\\') i += 1;
    else if (text[i] === '"') return i + 1;
  }
  return -1;
}

/** RFC 5321 Local-part = Dot-string / Quoted-string; white space in quotes is space alone. */
function parseLocal(written: string): string | Wrong {
  if (written === '') return { why: 'has an empty local part; write local@domain.' };
  if (written.startsWith('"')) {
    const inside = QUOTED.exec(written)?.[1];
    if (inside === undefined) return { why: 'has quotes that are not closed; close them.' };
    const local = inside.replace(/\\(.)/gsu, '$1').normalize('NFC');
    return local === '' ? { why: 'has an empty local part in quotes.' } : local;
  }
  if (written.startsWith('.') || written.endsWith('.') || written.includes('..')) {
    return { why: 'has a misplaced dot in its local part; put the local part in quotes.' };
  }
  if (!DOT_ATOM.test(written) || SPACE_OUTSIDE_ASCII.test(written)) {
    return { why: 'has a character in its local part that is allowed in quotes only.' };
  }
  return written.normalize('NFC');
}

/** Quotes only where they are needed (RFC 5321 4.1.2: the simpler form SHOULD be used). */
function writeLocal(local: string): string {
  if (DOT_ATOM.test(local) && !SPACE_OUTSIDE_ASCII.test(local)) return local;
  return `"${local.replace(/["\\]/g, '\\$&')}"`;
}

function parseDomain(written: string): string | Wrong {
  if (written === '') return { why: 'has no domain after the @; write local@domain.' };
  if (written.startsWith('[')) return parseLiteral(written);
  const ascii = toAscii(written);
  if (ascii === undefined) return { why: 'has a character in its domain that no domain can have.' };
  if (ascii.length > DOMAIN_OCTETS_MAX) return { why: 'has a domain longer than 255 octets.' };
  const labels = ascii.split('.');
  for (const label of labels) {
    if (label === '') return { why: 'has an empty label (a misplaced dot) in its domain.' };
    if (label.length > LABEL_OCTETS_MAX) return { why: 'has a domain label over 63 octets.' };
    if (!LABEL.test(label)) return { why: 'has a domain label that is not letters, digits, "-".' };
  }
  // RFC 3696 2: no top level domain is all digits; such a domain is an IP address in disguise.
  if (/^\d+$/.test(labels.at(-1) ?? '')) {
    return { why: 'has an IP address as its domain; put it in brackets.' };
  }
  return ascii;
}

/** A-labels in lower case (RFC 5890); undefined: no domain name. */
function toAscii(written: string): string | undefined {
  // The URL machinery would also decode %41, cut at / and read 0x7f.1 as an IP address.
  if (/[^A-Za-z0-9.\u0080-\u{10ffff}-]/u.test(written)) return undefined;
  const lower = written.toLowerCase();
  if (!NON_ASCII.test(lower) && !lower.includes('xn--')) return lower;
  const ascii = domainToASCII(written);
  return ascii !== '' && ascii.split('.').every(isDecodable) ? ascii : undefined;
}

/** Not every `xn--…` stands for something (RFC 5890 2.3.2.1); newer Nodes let it pass as it is. */
function isDecodable(label: string): boolean {
  if (!label.startsWith('xn--')) return true;
  const shown = domainToUnicode(label);
  return shown !== label && domainToASCII(shown) === label;
}

/** RFC 5321 4.1.3: [192.0.2.1] and [IPv6:2001:db8::1]; other tags name nothing we can reach. */
function parseLiteral(written: string): string | Wrong {
  if (!written.endsWith(']')) return { why: 'has an address literal without its closing bracket.' };
  const inside = written.slice(1, -1);
  if (/^ipv6:/i.test(inside)) {
    const address = inside.slice(5);
    if (!isIPv6(address) || address.includes('%')) {
      return { why: 'has an address literal that is no IPv6 address.' };
    }
    return `[IPv6:${new URL(`http://[${address}]`).hostname.slice(1, -1)}]`;
  }
  const parts = inside.split('.');
  const good = parts.length === 4 && parts.every((p) => IPV4_OCTET.test(p) && Number(p) <= 255);
  return good ? `[${inside}]` : { why: 'has an address literal that is no IPv4 address.' };
}

export interface SpecialLocal {
  readonly purpose: 'bounce' | 'reply';
  /** Absent: the name is reserved, but what follows is no token of ours. */
  readonly token?: string;
}

const RESERVED = /^(bounce|reply)\+(.*)$/is;
/** What a local part has room for after `bounce+`. */
const TOKEN = /^[0-9a-z.-]{1,57}$/;

/** The local parts that bring bounces and replies home: `bounce+TOKEN`, `reply+TOKEN`. */
export function specialLocal(local: string): SpecialLocal | undefined {
  const match = RESERVED.exec(local);
  if (match === null) return undefined;
  const purpose = match[1]?.toLowerCase() === 'bounce' ? 'bounce' : 'reply';
  // Some servers change the case of local parts; our tokens have one case only.
  const token = (match[2] ?? '').toLowerCase();
  return TOKEN.test(token) ? { purpose, token } : { purpose };
}
