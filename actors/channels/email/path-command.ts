/**
 * Reads `MAIL FROM:` and `RCPT TO:` by our own grammar (RFC 5321 4.1.1.2, 4.1.1.3, 4.1.2): the
 * library's own reading splits quoted local parts and rewrites domains.
 * Invariants: what comes out contains no control characters; a source route is dropped, never
 * followed (appendix C); anything that is not exactly a path and its parameters is refused.
 */

import { type Mailbox, parseMailbox } from './address.js';

export interface PathCommand {
  /** Empty: the null reverse-path. `postmaster` needs no domain (RFC 5321 4.1.1.3). */
  readonly address: string;
  readonly args: Record<string, string | true> | false;
  readonly duplicate?: string;
  readonly mailbox?: Mailbox;
}

const COMMANDS = {
  'MAIL FROM': /^mail +from *: *</i,
  'RCPT TO': /^rcpt +to *: *</i,
} as const;
const PATH = /^((?:"(?:[^"\\]|\\.)*"|[^<>"])*)>/;
const SOURCE_ROUTE = /^@[^\s,:@<>"]+(?:,@[^\s,:@<>"]+)*:/;
const PARAMETER = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:=([^\s]+))?$/;
const POSTMASTER = /^postmaster$/i;

/** @returns undefined: not a command of this form, or not a valid address in it. */
export function readPathCommand(
  name: keyof typeof COMMANDS,
  line: string,
): PathCommand | undefined {
  const start = COMMANDS[name].exec(line);
  if (start === null || hasControls(line) || line.includes('\ufffd')) return undefined;
  const rest = line.slice(start[0].length);
  const path = PATH.exec(rest);
  if (path === null) return undefined;
  const tail = rest.slice(path[0].length);
  if (tail !== '' && !tail.startsWith(' ')) return undefined;
  const parameters = readParameters(tail);
  if (parameters === undefined) return undefined;
  const text = (path[1] ?? '').replace(SOURCE_ROUTE, '');
  if (text === '') {
    return name === 'MAIL FROM' && path[1] === '' ? { address: '', ...parameters } : undefined;
  }
  if (name === 'RCPT TO' && POSTMASTER.test(text)) return { address: 'postmaster', ...parameters };
  // A sender may be called a%b or a!b; a recipient of that name asks to be relayed.
  const mailbox = parseMailbox(text, name === 'MAIL FROM' ? 'allow' : 'refuse');
  return mailbox.ok ? { address: mailbox.value, mailbox, ...parameters } : undefined;
}

function readParameters(tail: string): Pick<PathCommand, 'args' | 'duplicate'> | undefined {
  const words = tail.split(' ').filter((word) => word !== '');
  if (words.length === 0) return { args: false };
  const args: Record<string, string | true> = {};
  let duplicate: string | undefined;
  for (const word of words) {
    const parameter = PARAMETER.exec(word);
    const key = parameter?.[1]?.toUpperCase();
    if (parameter === null || key === undefined) return undefined;
    const value = parameter[2] === undefined ? true : decodeXtext(parameter[2]);
    if (typeof value === 'string' && hasControls(value)) return undefined;
    if (key in args) duplicate = key;
    args[key] = value;
  }
  return duplicate === undefined ? { args } : { args, duplicate };
}

/** xtext of RFC 3461 4: `+XX` is one octet. */
function decodeXtext(text: string): string {
  return text.replace(/\+([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function hasControls(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true;
  }
  return false;
}
