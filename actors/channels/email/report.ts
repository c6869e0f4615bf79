/**
 * Delivery reports (RFC 3464, internationalised by RFC 6533): multipart/report ⇄ Umf.report.
 *
 * Invariants: a report without one well-formed recipient is no report; what is written holds no
 * line break that a peer or a sender put there.
 */

import type { Part, Report, Umf } from '../../../schemas/umf.js';
import { headerFacts, readHead } from './head.js';

export const REPORT_BYTES_MAX = 1024 * 1024;
export const REPORT_RECIPIENTS_MAX = 1000;
export const DIAGNOSTIC_CHARACTERS_MAX = 2000;
const CHANNEL = 'email';

type Told = Report['recipients'][number];

/** One recipient of a bounce, as late outcomes want it. */
export interface Bounced {
  readonly action: Told['action'];
  readonly status: string;
  readonly diagnostic: string;
  readonly finalRecipient: string;
}

const ACTIONS: Readonly<Record<string, Told['action']>> = {
  failed: 'failed',
  delayed: 'delayed',
  delivered: 'delivered',
  relayed: 'relayed',
  expanded: 'expanded',
};
const STATUS_BY_ACTION: Readonly<Record<Told['action'], string>> = {
  failed: '5.0.0',
  delayed: '4.0.0',
  delivered: '2.0.0',
  relayed: '2.0.0',
  expanded: '2.0.0',
};
const STATUS = /\b([245]\.\d{1,3}\.\d{1,3})\b/;

function find(part: Part, mediaTypes: readonly string[]): Part | undefined {
  return part.parts?.find((inner) => mediaTypes.includes(inner.mediaType));
}

const STATUS_TYPES = ['message/delivery-status', 'message/global-delivery-status'];
/** What holds the original, or its head. */
export const ORIGINAL_TYPES = [
  'message/rfc822',
  'message/global',
  'text/rfc822-headers',
  'message/global-headers',
] as const;

export function originalOf(body: Part): Part | undefined {
  return find(body, ORIGINAL_TYPES);
}

/** The report in a body, if it is a multipart/report of delivery-status. */
export function readReport(body: Part): Report | undefined {
  if (body.mediaType !== 'multipart/report') return undefined;
  const status = find(body, STATUS_TYPES);
  const bytes = status?.bytes ?? Buffer.from(status?.text ?? '');
  if (bytes.length === 0 || bytes.length > REPORT_BYTES_MAX) return undefined;
  const [perMessage = new Map<string, string>(), ...groups] = fieldGroups(bytes);
  const recipients = groups.map(readRecipient).filter((told) => told !== undefined);
  if (recipients.length === 0) return undefined;
  const original = originalOf(body);
  const of = original?.bytes ? headerFacts(original.bytes).messageId : undefined;
  const envelope = perMessage.get('original-envelope-id');
  return {
    of: of ?? '',
    ...(envelope && { originalEnvelopeId: envelope }),
    recipients: recipients.slice(0, REPORT_RECIPIENTS_MAX),
  };
}

/** RFC 3464 2.1: groups of fields with blank lines between; some software adds more of these. */
function fieldGroups(bytes: Uint8Array): Map<string, string>[] {
  const text = Buffer.from(bytes).toString('latin1');
  const groups: Map<string, string>[] = [];
  for (const block of text.split(/\n[ \t]*\r?\n/)) {
    if (block.trim() === '') continue;
    const fields = readHead(Buffer.from(`${block.trimStart()}\r\n\r\n`, 'latin1')).fields;
    groups.push(new Map(fields.toReversed().map((f) => [f.name.toLowerCase(), f.value])));
    if (groups.length > REPORT_RECIPIENTS_MAX) break;
  }
  return groups;
}

/** `rfc822; user@example.org` → the part after the type. */
function typed(value: string | undefined): string {
  return (value ?? '')
    .replace(/^[^;]*;\s*/, '')
    .trim()
    .replace(/^<(.*)>$/, '$1');
}

function readRecipient(group: ReadonlyMap<string, string>): Told | undefined {
  const original = typed(group.get('original-recipient'));
  const address = typed(group.get('final-recipient')) || original;
  const action = ACTIONS[(group.get('action') ?? '').replace(/[\s(].*$/, '').toLowerCase()];
  if (address === '' || action === undefined) return undefined;
  const diagnostic = typed(group.get('diagnostic-code')).slice(0, DIAGNOSTIC_CHARACTERS_MAX);
  const remote = typed(group.get('remote-mta'));
  const status = STATUS.exec(group.get('status') ?? '')?.[1] ?? STATUS.exec(diagnostic)?.[1];
  return {
    address: { channel: CHANNEL, address },
    ...(original && { originalRecipient: original }),
    action,
    status: status ?? STATUS_BY_ACTION[action],
    diagnostic,
    ...(remote && { remote }),
  };
}

/** What a returned report says of each recipient; undefined: this mail is no report. */
export function parseBounce(umf: Umf): Bounced[] | undefined {
  return umf.report?.recipients.map((told) => ({
    action: told.action,
    status: told.status,
    diagnostic: told.diagnostic,
    finalRecipient: told.address.address,
  }));
}

/** Half a surrogate pair has no UTF-8; it becomes U+FFFD. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Cs}/gu, '\ufffd');
}

/** No control character, no surprise: for the value of a field. */
export function oneLine(value: string): string {
  return wellFormed(value)
    .replace(/\p{Cc}+/gu, ' ')
    .trim();
}

/** RFC 3464 is ASCII; fields longer than a line are folded at their spaces. */
function statusField(name: string, value: string): string {
  const ascii = oneLine(value).replace(/[^ -~]/g, '?');
  const words = ascii.slice(0, DIAGNOSTIC_CHARACTERS_MAX).match(/\S{1,900}/g) ?? [];
  let line = `${name}:`;
  const lines: string[] = [];
  for (const word of words) {
    if (line.length + word.length + 1 > 76 && line.length > name.length + 1) {
      lines.push(line);
      line = '';
    }
    line += ` ${word}`;
  }
  return [...lines, line].join('\r\n');
}

/** ORCPT (RFC 3461 4.2) names the type of its address itself. */
function withType(originalRecipient: string): string {
  const typed = /^([a-z0-9-]+);\s*(.*)$/is.exec(originalRecipient);
  return typed === null ? `rfc822; ${originalRecipient}` : `${typed[1]}; ${typed[2]}`;
}

/** The machine-readable part of a report (RFC 3464 2.1). */
export function writeStatus(report: Report, reportingMta: string): string {
  const perMessage = [
    statusField('Reporting-MTA', `dns; ${reportingMta}`),
    ...(report.originalEnvelopeId
      ? [statusField('Original-Envelope-Id', report.originalEnvelopeId)]
      : []),
  ];
  const groups = report.recipients.map((told) => [
    ...(told.originalRecipient
      ? [statusField('Original-Recipient', withType(told.originalRecipient))]
      : []),
    statusField('Final-Recipient', `rfc822; ${told.address.address}`),
    statusField('Action', told.action),
    statusField('Status', told.status),
    ...(told.remote ? [statusField('Remote-MTA', `dns; ${told.remote}`)] : []),
    ...(told.diagnostic ? [statusField('Diagnostic-Code', `smtp; ${told.diagnostic}`)] : []),
  ]);
  return [perMessage, ...groups].map((lines) => `${lines.join('\r\n')}\r\n`).join('\r\n');
}
