/**
 * One mail transaction, command by command: who sends (MAIL), to whom (RCPT), what (DATA).
 * Stages of DATA: content → limits and loops → late facts (bounces) → is the sender verified? →
 * accept → answer.
 *
 * Invariants: 250 only after `accept` resolved (law 1); our troubles are 4xx, the peer's mistakes
 * 5xx; outside addresses only from signed-in subscribers; a bounce is acknowledged only after it
 * was stored (law 3).
 */

import { createHash } from 'node:crypto';
import type { SMTPServerDataStream } from 'smtp-server';
import type { Account } from '../../../schemas/account.js';
import type { Address, Recipient } from '../../../schemas/address.js';
import type { Submission, Verification } from '../../../schemas/submission.js';
import type { ReceiveContext } from '../../machinery.js';
import { type Mailbox, specialLocal } from './address.js';
import type { EmailConfig } from './config.js';
import { headerFacts, type MailHead } from './head.js';
import type { PathCommand } from './path-command.js';
import { outcomesOf } from './receive-bounce.js';
import type { Connection, Handlers } from './receive-connection.js';
import { type ReceivedContent, receiveContent } from './receive-content.js';
import { isLoopback, PeerLimits } from './receive-limits.js';
import { homeOfReply } from './receive-reply.js';
import { envelopeText, makeSubmission, reportWish, senderFacts } from './receive-submission.js';
import type { DataReply, Refusal, Transaction } from './transaction.js';
import type { Checking, SenderFacts, Verifier } from './verify-sender.js';

const MAIL_PARAMETERS = new Set(['SIZE', 'BODY', 'SMTPUTF8', 'RET', 'ENVID', 'AUTH']);
const RCPT_PARAMETERS = new Set(['NOTIFY', 'ORCPT']);

const POSTMASTER = 'postmaster';

const TRY_LATER: Refusal = {
  code: 451,
  text: '4.3.0 Our own trouble, nothing is stored; try again',
};
const NEED_UTF8: Refusal = { code: 553, text: '5.6.7 This address needs the SMTPUTF8 parameter' };
const UNKNOWN_PARAMETER: Refusal = { code: 555, text: '5.5.4 Unknown parameter' };
const NO_RELAY: Refusal = { code: 550, text: '5.7.1 Relaying denied: sign in to send outside' };
const SIGN_IN_AGAIN: Refusal = {
  code: 550,
  text: '5.7.1 Your account was changed meanwhile: connect and sign in again',
};
const NOBODY: Refusal = { code: 550, text: '5.1.1 Nobody has this address here' };

export class Session implements Handlers {
  readonly #context: ReceiveContext<EmailConfig>;
  readonly #config: EmailConfig;
  readonly #domains: ReadonlySet<string>;
  readonly #limits: PeerLimits;
  readonly #verifier: Verifier | undefined;
  readonly #openConnections: () => number;

  constructor(
    context: ReceiveContext<EmailConfig>,
    parts: { readonly verifier: Verifier | undefined; readonly openConnections: () => number },
  ) {
    this.#context = context;
    this.#config = context.config;
    const { domains, bounceDomain } = context.config;
    const own = bounceDomain === undefined ? domains : [...domains, bounceDomain];
    this.#domains = new Set(own.map((domain) => domain.toLowerCase()));
    this.#limits = new PeerLimits(context.config.limits, context.clock);
    this.#verifier = parts.verifier;
    this.#openConnections = parts.openConnections;
  }

  connected(connection: Connection): Refusal | undefined {
    if (this.#openConnections() > this.#config.limits.connections) {
      return { code: 421, text: '4.3.2 Too many connections, try again later' };
    }
    connection.counted = this.#limits.connect(connection.remoteAddress);
    if (connection.counted) return undefined;
    return { code: 421, text: '4.7.0 Too many connections from your address' };
  }

  closed(connection: Connection): void {
    if (connection.counted) this.#limits.disconnect(connection.remoteAddress);
    connection.counted = false;
  }

  failed(error: unknown): void {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#context.log.error('email.bug', { why });
  }

  async signIn(connection: Connection, name: string, password: string) {
    const { authenticator, log } = this.#context;
    const signedIn = await authenticator.signIn(name, password, connection.remoteAddress);
    if (signedIn.ok) return signedIn.account;
    log.info('email.signInFailed', { peer: connection.remoteAddress, code: signedIn.code });
    if (signedIn.code === 'SIGN_IN_FAILED' || signedIn.code === 'NOT_ALLOWED') {
      return { code: 535, text: '5.7.8 Name or password is wrong' };
    }
    return { code: 454, text: '4.7.0 Signing in is not possible right now, try again later' };
  }

  async mail(connection: Connection, path: PathCommand): Promise<Refusal | undefined> {
    connection.transaction = undefined;
    const refusing = this.#context.refusing();
    if (refusing !== undefined) {
      this.#context.log.warn('email.refusing', { reason: refusing });
      return { code: 452, text: '4.3.1 Not accepting mail right now, try again later' };
    }
    const refusal = this.#refusedByPolicy(connection, path);
    if (refusal !== undefined) return refusal;
    const sender = await this.#senderAccount(connection, path.mailbox);
    if ('code' in sender) return sender;
    connection.transaction = {
      startedAt: this.#context.clock.now(),
      mailFrom: path.mailbox,
      account: sender.account,
      recipients: new Map(),
      bounces: new Map(),
    };
    return undefined;
  }

  async recipient(connection: Connection, path: PathCommand): Promise<Refusal | undefined> {
    const { transaction } = connection;
    if (transaction === undefined) return { code: 503, text: '5.5.1 Send MAIL first' };
    if (!onlyKnows(path, RCPT_PARAMETERS)) return UNKNOWN_PARAMETER;
    const { mailbox } = path;
    if (mailbox?.smtputf8 && !usesUtf8(connection)) return NEED_UTF8;
    const special = mailbox && specialLocal(mailbox.local);
    if (special?.purpose === 'bounce' && this.#domains.has(mailbox?.domain ?? '')) {
      const target = special.token && this.#context.tokens.verify('bounce', special.token);
      if (!target) return { code: 550, text: '5.1.1 This return address is unknown or expired' };
      // One delivery, one fact, in however many spellings the address is given.
      transaction.bounces.set(`${target.messageKey}#${target.delivery}`, target);
      return undefined;
    }
    const isReply = special?.purpose === 'reply' && this.#domains.has(mailbox?.domain ?? '');
    const resolved = isReply
      ? await this.#replyHome(special.token)
      : await this.#resolve(connection, mailbox);
    if ('code' in resolved) return resolved;
    const report = reportWish(connection, path);
    for (const to of resolved) transaction.recipients.set(recipientKey(to), { to, report });
    return undefined;
  }

  async data(connection: Connection, stream: SMTPServerDataStream): Promise<DataReply> {
    const { transaction } = connection;
    if (transaction === undefined) return no({ code: 503, text: '5.5.1 Send MAIL first' });
    const facts = senderFacts(connection, transaction);
    const checks = this.#mustCheck(connection);
    const hash = createHash('sha256').update(envelopeText(connection, transaction));
    let checking: Checking | undefined;
    const content = await receiveContent(stream, {
      sizeMax: this.#config.limits.sizeBytes,
      watch: (chunk) => hash.update(chunk),
      large: () => {
        if (!checks) return undefined;
        checking = this.#verifier?.begin(facts);
        return checking?.write;
      },
      ...(transaction.recipients.size > 0 && { putContent: this.#context.putContent }),
    });
    connection.phase = 'storing';
    const refusal = this.#refusedContent(content, stream);
    if (refusal !== undefined) return no(refusal);
    if (content.kind !== 'bytes' && content.kind !== 'blob') return no(TRY_LATER);
    const head = headerFacts(content.kind === 'bytes' ? content.bytes : content.head);
    const loop = this.#loop(transaction, head);
    if (loop !== undefined) return no(loop);
    if (transaction.bounces.size > 0) {
      const bytes = content.kind === 'bytes' ? content.bytes : content.head;
      const stored = await this.#observe(transaction, bytes);
      if (!stored) return no(TRY_LATER);
      if (transaction.recipients.size === 0) return yes('2.0.0 Ok: report taken');
    }
    const verification = checks
      ? withoutPassword(await (checking?.end() ?? this.#verify(content, facts)), transaction)
      : this.#unchecked(connection, transaction);
    const submission = makeSubmission({ connection, transaction, content, head, verification });
    return this.#accept({
      ...submission,
      unique: { hash: hash.digest('base64url'), lasts: 'untilAnswered' },
    });
  }

  async #accept(submission: Submission): Promise<DataReply> {
    const accepted = await this.#context.accept(submission);
    if (!accepted.ok) {
      this.#context.log.warn('email.notStored', { code: accepted.code, why: accepted.message });
      if (accepted.code !== 'STORE_FULL') return no(TRY_LATER);
      return no({ code: 452, text: '4.3.1 No space to store the mail, try again later' });
    }
    return {
      ok: true,
      text: `2.0.0 Ok: queued as ${accepted.id}`,
      told: (answered) => accepted.proceed({ answered }),
    };
  }

  #refusedByPolicy(connection: Connection, path: PathCommand): Refusal | undefined {
    const ip = connection.remoteAddress;
    if (!onlyKnows(path, MAIL_PARAMETERS)) return UNKNOWN_PARAMETER;
    if (path.mailbox?.smtputf8 && !usesUtf8(connection)) return NEED_UTF8;
    if (this.#config.tls.required && !connection.secure && !isLoopback(ip)) {
      return { code: 530, text: '5.7.0 Begin TLS first (STARTTLS)' };
    }
    if (connection.account === undefined && !this.#limits.mail(ip)) {
      return { code: 450, text: '4.7.1 Too many mails from your address, try again later' };
    }
    return undefined;
  }

  async #senderAccount(
    connection: Connection,
    mailFrom: Mailbox | undefined,
  ): Promise<{ readonly account: Account | undefined } | Refusal> {
    const { account } = connection;
    if (account !== undefined) {
      if (!(await this.#isStillSignedIn(account))) return SIGN_IN_AGAIN;
      const own = mailFrom === undefined || isAddressOf(account, mailFrom);
      if (own || this.#config.submission.senders === 'any') return { account };
      return { code: 550, text: '5.7.1 This sender address is not yours' };
    }
    if (mailFrom === undefined || !this.#domains.has(mailFrom.domain)) {
      return { account: undefined };
    }
    const found = await this.#find(mailFrom);
    if (found.kind === 'tryLater') return TRY_LATER;
    return { account: found.kind === 'subscriber' ? found.account : undefined };
  }

  /** A connection may live long: a new password, or the account's end, ends what it may do. */
  async #isStillSignedIn(account: Account): Promise<boolean> {
    const [address] = account.addresses;
    if (address === undefined) return true;
    const found = await this.#context.directory.find(address);
    if (found.kind !== 'subscriber') return found.kind === 'tryLater';
    return found.account.id === account.id && found.account.password === account.password;
  }

  async #resolve(
    connection: Connection,
    mailbox: Mailbox | undefined,
  ): Promise<readonly Recipient[] | Refusal> {
    const via = {
      channel: 'email',
      value: mailbox?.key ?? `${POSTMASTER}@${this.#config.domains[0]}`,
    };
    const found = await this.#context.directory.find(via);
    if (found.kind === 'tryLater') {
      this.#context.log.warn('email.directory', { why: found.reason });
      return TRY_LATER;
    }
    if (found.kind === 'subscriber') {
      return [{ kind: 'subscriber', account: found.account.id, via }];
    }
    const ours = mailbox === undefined || this.#domains.has(mailbox.domain);
    if (ours && via.value.startsWith(`${POSTMASTER}@`)) return this.#postmasters(via);
    if (ours) return NOBODY;
    if (connection.account === undefined) return NO_RELAY;
    return [{ kind: 'outside', via: { channel: 'email', value: mailbox.value } }];
  }

  async #replyHome(token: string | undefined): Promise<readonly Recipient[] | Refusal> {
    const home = await homeOfReply(this.#context, token);
    return 'code' in home ? home : [home];
  }

  /** RFC 5321 4.5.1: the postmaster always exists. Nobody was given the address: all operators. */
  async #postmasters(via: Address): Promise<readonly Recipient[] | Refusal> {
    try {
      const operators = await this.#context.operators();
      if (operators.length > 0) return operators.map((operator) => ({ ...operator, via }));
      this.#context.log.error('email.postmaster', { why: 'there is no operator' });
    } catch (error) {
      this.#context.log.warn('email.postmaster', { why: String(error) });
    }
    return TRY_LATER;
  }

  #find(mailbox: Mailbox) {
    return this.#context.directory.find({ channel: 'email', value: mailbox.key });
  }

  #refusedContent(content: ReceivedContent, stream: SMTPServerDataStream): Refusal | undefined {
    if (content.kind === 'refused') return content;
    if (content.kind === 'trouble') {
      this.#context.log.error('email.content', { why: String(content.error) });
    }
    if (!stream.sizeExceeded) return undefined;
    return { code: 552, text: `5.3.4 Larger than ${this.#config.limits.sizeBytes} bytes` };
  }

  /** Too many hops, or every recipient's mark already stands in the mail (law 10). */
  #loop(transaction: Transaction, head: MailHead): Refusal | undefined {
    const { receivedCount } = head;
    if (receivedCount > this.#config.limits.hops) {
      return { code: 554, text: `5.4.6 A mail loop: ${receivedCount} Received lines` };
    }
    const marks = new Set(head.deliveredTo.map((mark) => mark.trim().toLowerCase()));
    const recipients = [...transaction.recipients.values()];
    const been = recipients.length > 0 && recipients.every(({ to }) => marks.has(to.via.value));
    return been
      ? { code: 554, text: '5.4.6 A mail loop: it was delivered here before' }
      : undefined;
  }

  async #observe(transaction: Transaction, bytes: Uint8Array): Promise<boolean> {
    try {
      for (const target of transaction.bounces.values()) {
        const facts = await outcomesOf(bytes, target);
        if (facts.length === 0) this.#context.log.info('email.bounceIgnored', { ...target });
        for (const fact of facts) await this.#context.observe(fact);
      }
      return true;
    } catch (error) {
      this.#context.log.error('email.bounceNotStored', { why: String(error) });
      return false;
    }
  }

  #mustCheck(connection: Connection): boolean {
    if (this.#verifier === undefined || connection.account !== undefined) return false;
    return this.#config.verify.local === 'check' || !isLoopback(connection.remoteAddress);
  }

  async #verify(
    content: Extract<ReceivedContent, { kind: 'bytes' | 'blob' }>,
    facts: SenderFacts,
  ): Promise<Verification> {
    if (this.#verifier === undefined || content.kind === 'blob') return NOT_CHECKED;
    return this.#verifier.verify(content.bytes, facts);
  }

  #unchecked(connection: Connection, transaction: Transaction): Verification {
    if (connection.account !== undefined) return { verified: true, how: 'password' };
    if (!isLoopback(connection.remoteAddress)) return NOT_CHECKED;
    const local = { verified: this.#config.verify.local === 'trust', how: 'local peer' };
    return withoutPassword(local, transaction);
  }
}

const NOT_CHECKED: Verification = { verified: false, how: 'not checked' };

/** A subscriber's own address without a password is nobody's word, whatever DNS says of it. */
function withoutPassword(verification: Verification, transaction: Transaction): Verification {
  if (transaction.account === undefined) return verification;
  return { verified: false, how: `${verification.how}, not signed in` };
}

/** One address may lead to several people: the postmaster's. */
function recipientKey(to: Recipient): string {
  return to.kind === 'subscriber' ? `${to.via.value} ${to.account}` : to.via.value;
}

function no(refusal: Refusal): DataReply {
  return { ok: false, code: refusal.code, text: refusal.text };
}

function yes(text: string): DataReply {
  return { ok: true, text, told: () => {} };
}

function onlyKnows(path: PathCommand, known: ReadonlySet<string>): boolean {
  return path.args === false || Object.keys(path.args).every((key) => known.has(key));
}

function usesUtf8(connection: Connection): boolean {
  return connection.session.envelope.smtpUtf8 === true;
}

function isAddressOf(account: Account, mailbox: Mailbox): boolean {
  return account.addresses.some(
    ({ channel, value }) => channel === 'email' && value.toLowerCase() === mailbox.key,
  );
}
