/**
 * Mail ⇄ UMF: the codec of this channel. Reading: mime-reader takes the structure apart, head the
 * salient features, report a delivery report. Writing: mime-writer.
 *
 * Invariants: reading never throws and never loses: what cannot be taken apart, or passes a limit,
 * is one part with the raw bytes. Writing gives lines that end in CRLF and have at most 998 octets.
 */

import type { AgentSection, Alert, Conversation, Part, Party, Umf } from '../../../schemas/umf.js';
import { headerFacts, type MailHead, readMailboxes } from './head.js';
import { MimeLimit, readMime } from './mime-reader.js';
import { readReport } from './report.js';

export { headerFacts, type MailHead } from './head.js';
export { type WriteOptions, writeMail } from './mime-writer.js';
export { type Bounced, parseBounce } from './report.js';

const CHANNEL = 'email';
/** Of To and Cc together; the envelope, not the head, says who gets a mail. */
export const PARTIES_MAX = 1000;

/** Reads a mail (RFC 5322, MIME) into a UMF. Never rejects. */
export async function readMail(bytes: Uint8Array, uid: string): Promise<Umf> {
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const facts = headerFacts(raw);
  const { fields, body } = readOrKeep(raw);
  const report = readReport(body);
  const all = (name: string) => fields.filter((field) => field.name.toLowerCase() === name);
  const security = all('sensitivity')[0]?.value ?? '';
  return {
    uid,
    ...(facts.fromAddress && { from: party(facts.fromAddress, facts.fromName) }),
    to: [...all('to'), ...all('cc')]
      .slice(0, PARTIES_MAX)
      .flatMap((field) => readMailboxes(field.value))
      .slice(0, PARTIES_MAX)
      .map((box) => party(box.address, box.name)),
    ...(facts.subject !== undefined && { subject: facts.subject }),
    body,
    ...alertFor(facts),
    priority: facts.priority,
    securityLevel: /^(?:private|company-confidential)/i.test(security) ? 'confidential' : 'normal',
    ...conversationOf(facts),
    ...(facts.date !== undefined && { sentAt: facts.date }),
    agent: { channel: CHANNEL, fields },
    ...(report && { report }),
  };
}

function party(address: string, name: string | undefined): Party {
  return { channel: CHANNEL, address, ...(name && { name }) };
}

interface Read {
  readonly fields: AgentSection['fields'];
  readonly body: Part;
}

/** The mail's parts, or the whole mail as its only part. */
function readOrKeep(raw: Buffer): Read {
  try {
    return readMime(raw);
  } catch (error) {
    if (!(error instanceof MimeLimit)) throw error;
    return { fields: [], body: { mediaType: 'message/rfc822', bytes: raw } };
  }
}

/** A device that can blink or ring does so for what is more than normal (p. 16). */
function alertFor(facts: MailHead): { readonly alert?: Alert } {
  if (facts.priority === 'urgent') return { alert: { visual: 'urgent', audible: 'urgent' } };
  return facts.priority === 'high' ? { alert: { visual: 'important' } } : {};
}

function conversationOf(facts: MailHead): { readonly conversation?: Conversation } {
  if (facts.conversation === undefined) return {};
  return {
    conversation: {
      id: facts.conversation,
      ...(facts.messageId && { message: facts.messageId }),
      ...(facts.inReplyTo && { inReplyTo: facts.inReplyTo }),
      ...(facts.references.length > 0 && { references: facts.references }),
    },
  };
}
