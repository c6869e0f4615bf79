/**
 * What an SMTP server answered: code, enhanced status (RFC 3463, RFC 2034) and words. Pure.
 *
 * Invariant: a status always has the class of the reply's code, also when the peer says otherwise.
 */

export interface Reply {
  /** 0: not a reply of SMTP. */
  readonly code: number;
  readonly status: string;
  /** In one line, bounded. */
  readonly text: string;
}

/** Words of a peer that are kept, in characters. */
const TEXT_MAX = 500;

/** What a code means where the server gives no enhanced status (RFC 5321 4.2.3, RFC 3463). */
const STATUS_OF_CODE: Readonly<Record<number, string>> = {
  421: '4.3.2',
  450: '4.2.0',
  451: '4.3.0',
  452: '4.3.1',
  454: '4.7.0',
  530: '5.7.0',
  535: '5.7.8',
  550: '5.1.1',
  551: '5.1.6',
  552: '5.2.2',
  553: '5.1.3',
  555: '5.5.4',
  556: '5.1.10',
};

/** Reads a reply, which may have several lines (RFC 5321 4.2.1). */
export function parseReply(answer: string): Reply {
  const text = oneLine(answer);
  const match = /^(\d{3})(?:[ -]+([245]\.\d{1,3}\.\d{1,3})(?=\s|$))?/.exec(text);
  const code = Number(match?.[1] ?? 0);
  const said = match?.[2];
  const first = String(code).charAt(0);
  const status = said?.startsWith(first) ? said : (STATUS_OF_CODE[code] ?? `${first}.0.0`);
  return { code, status, text };
}

/** Control characters become spaces: the words go into logs, histories and reports. */
export function oneLine(answer: string): string {
  const lines = answer.split(/\r?\n/);
  const [first = '', ...further] = lines;
  const text = [
    first,
    ...further.map((line) => line.replace(/^\d{3}[ -]?(?:[245]\.\d+\.\d+ )?/, '')),
  ].join(' ');
  return text
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, TEXT_MAX);
}

/** How servers name the message they took; the first that matches counts. */
const REFERENCES = [
  /\bqueued (?:mail |message )?(?:for delivery )?as:? ?<?([\w.@+/=-]{3,128})/i,
  /\bid=([\w.@+-]{3,128})/i,
  /^250[ -]2\.\d\.\d ([\w-]{8,64}) message accepted/i,
  /^250[ -]2\.\d\.\d OK +([\w.@ -]{8,128}?) - gsmtp/i,
  /<([^<>\s]{3,200}@[^<>\s]{1,200})>/,
];

/** The peer's identifier of a message in its answer to the final dot. */
export function peerReference(answer: string): string | undefined {
  const text = oneLine(answer);
  for (const pattern of REFERENCES) {
    const found = pattern.exec(text)?.[1];
    if (found !== undefined) return found.replace(/[.,]+$/, '');
  }
  return undefined;
}
