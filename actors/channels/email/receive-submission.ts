/**
 * From an SMTP transaction to a submission: pure, no I/O. What the envelope, the line and the head
 * of the mail say is put where the rest of the switch looks for it.
 */

import type { ReportWish, Sender, Submission, Verification } from '../../../schemas/submission.js';
import type { MailHead } from './head.js';
import type { PathCommand } from './path-command.js';
import type { Connection } from './receive-connection.js';
import type { ReceivedContent } from './receive-content.js';
import { originOf } from './trace.js';
import type { Transaction } from './transaction.js';
import type { SenderFacts } from './verify-sender.js';

export function senderFacts(connection: Connection, transaction: Transaction): SenderFacts {
  const { mailFrom } = transaction;
  return {
    ip: connection.remoteAddress,
    helo: connection.hostNameAppearsAs || connection.remoteAddress,
    ...(mailFrom && { mailFrom: { value: mailFrom.value, domain: mailFrom.domain } }),
  };
}

/** What the sender wants to be told (RFC 3461 4.1, 4.2): by default failures and delays. */
export function reportWish(connection: Connection, path: PathCommand): ReportWish {
  const { dsn } = connection.session.envelope;
  const args = path.args === false ? {} : path.args;
  const { NOTIFY: notify, ORCPT: original } = args;
  const wishes =
    typeof notify === 'string' ? notify.toUpperCase().split(',') : ['FAILURE', 'DELAY'];
  return {
    success: wishes.includes('SUCCESS'),
    failure: wishes.includes('FAILURE'),
    delay: wishes.includes('DELAY'),
    ...(dsn?.envid && { envelopeId: dsn.envid }),
    ...(typeof original === 'string' && { originalRecipient: original }),
    ...(dsn?.ret && { returnFull: dsn.ret === 'FULL' }),
  };
}

/** The source and the envelope, for the key of law 13. */
export function envelopeText(connection: Connection, transaction: Transaction): string {
  const from = transaction.mailFrom?.value ?? '';
  const to = [...transaction.recipients.keys()].join('\n');
  return `${connection.remoteAddress}\n${from}\n${to}\n\n`;
}

/** The `with` of a Received line (RFC 3848, RFC 6531 4.3): ESMTP, ESMTPSA, UTF8SMTPS, … */
function protocolOf(connection: Connection): string {
  const type = connection._transmissionType();
  return connection.session.envelope.smtpUtf8 ? type.replace(/^ESMTP/, 'UTF8SMTP') : type;
}

export function makeSubmission(parts: {
  readonly connection: Connection;
  readonly transaction: Transaction;
  readonly content: Extract<ReceivedContent, { kind: 'bytes' | 'blob' }>;
  readonly head: MailHead;
  readonly verification: Verification;
}): Submission {
  const { connection, transaction, content, head } = parts;
  const { mailFrom, account } = transaction;
  const sender: Sender = {
    verification: parts.verification,
    ...(mailFrom && { address: { channel: 'email', value: mailFrom.value } }),
    ...(head.fromName && { name: head.fromName }),
    ...(account && { account: account.id }),
  };
  const line = {
    ip: connection.remoteAddress,
    helo: connection.hostNameAppearsAs || '',
    protocol: protocolOf(connection),
    ...(connection.tls !== undefined && { tls: connection.tls }),
  };
  return {
    sender,
    header: {
      priority: head.priority,
      size: content.size,
      ...(head.subject !== undefined && { subject: head.subject }),
      ...(head.messageId && { reference: head.messageId }),
      ...(head.conversation && { conversation: head.conversation }),
      ...(head.automatic && { automatic: true as const }),
    },
    origin: originOf(line, transaction.startedAt),
    hops: head.receivedCount,
    recipients: [...transaction.recipients.values()],
    content:
      content.kind === 'bytes'
        ? { kind: 'bytes', channel: 'email', bytes: content.bytes }
        : { kind: 'blob', channel: 'email', key: content.key },
  };
}
