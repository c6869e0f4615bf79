/**
 * Trace information of incoming mail (RFC 5321 4.4).
 *
 * The Received line names the submission, whose identifier is known only after the mail was
 * stored; so it is not part of the raw bytes: the receiving agent keeps in `origin.trace` what it
 * knows of the line, and whoever sends the mail on builds the head from it.
 * Invariant: what a peer said appears in the line only if it cannot be mistaken for syntax.
 */

import { isIPv6 } from 'node:net';
import type { Origin } from '../../../schemas/submission.js';

/** What a receiving agent keeps of the line a mail came over. */
export interface LineFacts {
  readonly ip: string;
  /** The argument of HELO or EHLO, as the peer gave it. */
  readonly helo: string;
  /** SMTP, ESMTP, ESMTPS, ESMTPSA, … (RFC 3848). */
  readonly protocol: string;
  /** "TLSv1.3 TLS_AES_256_GCM_SHA384"; absent: no TLS. */
  readonly tls?: string;
}

const HELO_DOMAIN = /^(?=.{1,255}$)[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?$/;
const HELO_LITERAL = /^\[[A-Za-z0-9:.]{2,60}\]$/;

/** How the mail came in, for the tracker and for `receivedLine`. */
export function originOf(line: LineFacts, startedAt: number): Origin {
  const secured = line.tls === undefined ? '' : `, ${line.tls.split(' ')[0]?.replace('v', ' ')}`;
  return {
    channel: 'email',
    peer: `${line.ip}${secured}`,
    startedAt,
    trace: {
      ip: line.ip,
      helo: line.helo,
      protocol: line.protocol,
      ...(line.tls === undefined ? {} : { tls: line.tls }),
    },
  };
}

/** An address literal of RFC 5321 4.1.3. */
export function addressLiteral(ip: string): string {
  return isIPv6(ip) ? `[IPv6:${ip}]` : `[${ip}]`;
}

/** Date and time of RFC 5322 3.3, in UTC: `Mon, 23 Nov 2026 12:19:05 +0000`. */
export function mailDate(timeMs: number): string {
  return new Date(timeMs).toUTCString().replace('GMT', '+0000');
}

/**
 * The Received line for one recipient, CRLF at its end (RFC 5321 4.4). Mail that did not come in
 * by SMTP gets a line too: it counts as a hop (law 10).
 */
export function receivedLine(facts: {
  readonly origin: Origin;
  /** The submission's identifier. */
  readonly id: string;
  /** Our own name. */
  readonly hostname: string;
  readonly forAddress?: string;
}): string {
  const { origin } = facts;
  const ip = origin.trace?.['ip'];
  const from = ip === undefined ? '' : `from ${heloName(origin, ip)} (${addressLiteral(ip)})\r\n\t`;
  const protocol = origin.trace?.['protocol'] ?? origin.channel;
  const tls = origin.trace?.['tls'];
  const secured = tls === undefined ? '' : ` (${tls})`;
  const target = facts.forAddress === undefined ? '' : `\r\n\tfor <${facts.forAddress}>`;
  const date = mailDate(origin.startedAt);
  return (
    `Received: ${from}by ${facts.hostname} with ${protocol}${secured} id ${facts.id}` +
    `${target};\r\n\t${date}\r\n`
  );
}

function heloName(origin: Origin, ip: string): string {
  const helo = origin.trace?.['helo'] ?? '';
  return HELO_DOMAIN.test(helo) || HELO_LITERAL.test(helo) ? helo : addressLiteral(ip);
}
