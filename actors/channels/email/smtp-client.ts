/**
 * One open SMTP connection, many messages, one recipient each, over nodemailer's SMTPConnection
 * (which speaks the protocol; this file owns the time and the meaning).
 *
 * Stages: mail (MAIL, RCPT, DATA) → data (content without its end) → answer (the dot is out).
 *
 * Invariants: every stage has a time limit; nothing here rejects; after anything but a clean answer
 * the connection is reset or closed before it is used again; the dot leaves only after
 * `bytesSent()` said true.
 */

import type SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { SMTPConnectionSendInfo, SMTPError } from 'nodemailer/lib/smtp-connection';
import type { Clock, Timer } from '../../machinery.js';
import { type ConnectOptions, peerName } from './smtp-connect.js';
import { WithheldMessage } from './withheld-message.js';

/** How long the answer to QUIT is awaited. */
const QUIT_MS = 5_000;

export interface Mail {
  /** Empty: the null sender. */
  readonly from: string;
  readonly to: string;
  readonly chunks: readonly Uint8Array[];
  readonly size: number;
  readonly eightBit: boolean;
  readonly utf8: boolean;
  /** RFC 3461; passed on to servers that offer DSN. */
  readonly dsn?: {
    readonly ret?: 'FULL' | 'HDRS';
    readonly envid?: string;
    readonly notify?: readonly string[];
    readonly orcpt?: string;
  };
}

export type SendStage = 'mail' | 'data' | 'answer';

export type Sent =
  /** The answer to the dot, good or bad. */
  | { readonly kind: 'answered'; readonly reply: string }
  /** Refused before the dot. */
  | { readonly kind: 'refused'; readonly command: 'MAIL' | 'RCPT' | 'DATA'; readonly reply: string }
  | { readonly kind: 'lost'; readonly stage: SendStage; readonly reason: string }
  /** `bytesSent` said no: nothing that counts was sent. */
  | { readonly kind: 'withheld' }
  /** The server's announced limit is smaller, or the address cannot be written in SMTP. */
  | { readonly kind: 'unfit'; readonly status: string; readonly reason: string };

export type StagesMs = Record<string, number>;

export class SmtpClient {
  readonly #connection: SMTPConnection;
  readonly #clock: Clock;
  readonly #timeouts: ConnectOptions['timeouts'];
  readonly #extensions: ReadonlySet<string>;
  /** "mx.example.net [192.0.2.1]" */
  readonly peer: string;
  readonly secure: boolean;
  #utf8 = false;
  #reusable = true;
  /** The last transaction is still open at the server. */
  #refused = false;
  #messages = 0;
  /** Called once when the connection is gone. */
  onEnd: (() => void) | undefined;

  constructor(connection: SMTPConnection, options: ConnectOptions) {
    this.#connection = connection;
    this.#clock = options.clock;
    this.#timeouts = options.timeouts;
    this.#extensions = extensionsOf(connection);
    this.peer = peerName(options);
    this.secure = connection.secure;
    connection.on('end', () => this.onEnd?.());
    announceUtf8(connection, () => this.#utf8);
  }

  /** How many messages it was used for. */
  get messages(): number {
    return this.#messages;
  }

  /** May the next message use it? */
  get usable(): boolean {
    return this.#reusable && !this.#connection.destroyed;
  }

  offers(extension: '8BITMIME' | 'SMTPUTF8' | 'DSN' | 'SIZE'): boolean {
    return this.#extensions.has(extension);
  }

  /** One transaction; `stagesMs` gets the time spent in each stage. */
  async send(mail: Mail, stagesMs: StagesMs, bytesSent: () => Promise<boolean>): Promise<Sent> {
    if (this.#refused && !(await this.#reset())) {
      return { kind: 'lost', stage: 'mail', reason: 'the connection could not be reset' };
    }
    return this.#transact(mail, stagesMs, bytesSent);
  }

  #transact(mail: Mail, stagesMs: StagesMs, bytesSent: () => Promise<boolean>): Promise<Sent> {
    const socket = this.#connection._socket;
    if (!socket || this.#connection.destroyed) {
      return Promise.resolve({ kind: 'lost', stage: 'mail', reason: 'the connection is closed' });
    }
    this.#messages += 1;
    this.#reusable = false;
    this.#utf8 = mail.utf8;
    const stages = new Stages(this.#clock, stagesMs);
    return new Promise((resolve, reject) => {
      const settle = (sent: Sent): void => {
        if (!stages.finish()) return;
        this.#afterwards(sent, stages.stage);
        resolve(sent);
      };
      const limit = (ms: number): void =>
        stages.limit(ms, (stage) =>
          settle({ kind: 'lost', stage, reason: timeoutWords(stage, ms) }),
        );
      const message = new WithheldMessage({
        chunks: mail.chunks,
        socket,
        progressed: () => {
          stages.enter('data');
          limit(this.#timeouts.dataMs);
        },
        written: () => {
          stages.pause('record');
          bytesSent().then(
            (go) => {
              if (stages.finished) return;
              if (!go) return settle({ kind: 'withheld' });
              stages.enter('answer');
              limit(this.#timeouts.answerMs);
              message.end();
            },
            // Our own trouble: the dot stays here, and whoever called hears of it.
            (error: unknown) => {
              if (!stages.finish()) return;
              this.close();
              reject(error);
            },
          );
        },
      });
      limit(this.#timeouts.commandMs);
      // Also when we close it ourselves; nodemailer's own answer, which says more, comes first.
      const onEnd = (): void =>
        queueMicrotask(() =>
          settle({ kind: 'lost', stage: stages.stage, reason: 'the connection was closed' }),
        );
      this.#connection.once('end', onEnd);
      this.#connection.send(envelopeOf(mail), message, (error, info) => {
        this.#connection.off('end', onEnd);
        settle(meaning(stages.stage, error, info));
      });
    });
  }

  /** Ends a transaction that was refused (RFC 5321 4.1.1.5); false: the connection is no use. */
  #reset(): Promise<boolean> {
    this.#refused = false;
    return new Promise((resolve) => {
      const done = (ok: boolean): void => {
        timer.cancel();
        this.#connection.off('end', onEnd);
        if (!ok) this.close();
        resolve(ok);
      };
      const timer = this.#clock.after(this.#timeouts.commandMs, () => done(false));
      const onEnd = (): void => done(false);
      this.#connection.once('end', onEnd);
      this.#connection.reset((error) => done(error === null));
    });
  }

  /** Leaves politely. */
  quit(): void {
    this.#reusable = false;
    if (this.#connection.destroyed) return;
    const timer = this.#clock.after(QUIT_MS, () => this.#connection.close());
    this.#connection.once('end', () => timer.cancel());
    this.#connection.quit();
  }

  /** Drops the connection; what is queued is not sent. */
  close(): void {
    this.#reusable = false;
    this.#connection.close();
  }

  #afterwards(sent: Sent, stage: SendStage): void {
    const closing =
      (sent.kind === 'refused' || sent.kind === 'answered') && /^421/.test(sent.reply);
    // Half a content on the line can be ended only by closing it.
    const inContent = sent.kind === 'refused' && stage === 'data';
    if (sent.kind === 'lost' || sent.kind === 'withheld' || closing || inContent) {
      this.close();
      return;
    }
    this.#refused = sent.kind === 'refused';
    this.#reusable = true;
  }
}

/** What the end of a transaction means, by the stage in which it came. */
function meaning(
  stage: SendStage,
  error: SMTPError | null,
  info: SMTPConnectionSendInfo | undefined,
): Sent {
  if (error === null) {
    const reply = info?.response ?? '';
    if (stage === 'answer') return { kind: 'answered', reply };
    return { kind: 'lost', stage, reason: `answered before the end of the message: ${reply}` };
  }
  const reply = error.response ?? '';
  if (/^[45]\d\d/.test(reply)) {
    if (stage === 'answer') return { kind: 'answered', reply };
    const command = error.command === 'MAIL FROM' ? 'MAIL' : 'RCPT';
    return { kind: 'refused', command: error.command === 'DATA' ? 'DATA' : command, reply };
  }
  if (error.code === 'EMESSAGE' && reply === '' && stage === 'mail') {
    return { kind: 'unfit', status: '5.3.4', reason: error.message };
  }
  if (error.command === 'API' && error.code === 'EENVELOPE') {
    return { kind: 'unfit', status: '5.1.3', reason: error.message };
  }
  return { kind: 'lost', stage, reason: error.message };
}

function envelopeOf(mail: Mail) {
  const { dsn } = mail;
  return {
    from: mail.from === '' ? (false as const) : mail.from,
    to: [mail.to],
    size: mail.size,
    use8BitMime: mail.eightBit,
    ...(dsn !== undefined && {
      dsn: { ret: dsn.ret, envid: dsn.envid, notify: dsn.notify?.join(','), orcpt: dsn.orcpt },
    }),
  };
}

function timeoutWords(stage: SendStage, ms: number): string {
  const waitingFor = { mail: 'MAIL, RCPT or DATA', data: 'the content', answer: 'the final dot' };
  return `no answer to ${waitingFor[stage]} within ${ms} ms`;
}

/** nodemailer keeps what EHLO announced to itself; an empty set is the safe answer. */
function extensionsOf(connection: SMTPConnection): ReadonlySet<string> {
  const announced: unknown = Reflect.get(connection, '_supportedExtensions');
  return new Set(Array.isArray(announced) ? announced.map(String) : []);
}

/**
 * nodemailer asks for SMTPUTF8 only when an envelope address needs it. Header fields may need it
 * too (RFC 6531 3.4), so the parameter is added to its MAIL command where it is missing.
 */
function announceUtf8(connection: SMTPConnection, wanted: () => boolean): void {
  const write: unknown = Reflect.get(connection, '_sendCommand');
  if (typeof write !== 'function') return;
  const withUtf8 = (text: string, logged?: string): unknown => {
    const missing = text.startsWith('MAIL FROM:') && !/ SMTPUTF8(?: |$)/.test(text) && wanted();
    return Reflect.apply(write, connection, [missing ? `${text} SMTPUTF8` : text, logged]);
  };
  Reflect.set(connection, '_sendCommand', withUtf8);
}

/** Which stage runs, since when, and until when it may. */
class Stages {
  readonly #clock: Clock;
  readonly #stagesMs: StagesMs;
  #since: number;
  #timer: Timer | undefined;
  #label = 'mail';
  stage: SendStage = 'mail';
  finished = false;

  constructor(clock: Clock, stagesMs: StagesMs) {
    this.#clock = clock;
    this.#stagesMs = stagesMs;
    this.#since = clock.monotonic();
  }

  enter(stage: SendStage): void {
    if (this.stage === stage || this.finished) return;
    this.#note();
    this.stage = stage;
    this.#label = stage;
  }

  limit(ms: number, expired: (stage: SendStage) => void): void {
    this.#timer?.cancel();
    if (!this.finished) this.#timer = this.#clock.after(ms, () => expired(this.stage));
  }

  /** No limit: it is our turn, not the peer's; the time is counted under a name of its own. */
  pause(label: string): void {
    this.#timer?.cancel();
    this.#note();
    this.#label = label;
  }

  /** False: it was finished before. */
  finish(): boolean {
    if (this.finished) return false;
    this.#timer?.cancel();
    this.#note();
    this.finished = true;
    return true;
  }

  #note(): void {
    const now = this.#clock.monotonic();
    this.#stagesMs[this.#label] = Math.round(now - this.#since);
    this.#since = now;
  }
}
