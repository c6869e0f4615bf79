/**
 * smtp-server with our manners: the library keeps the command loop, TLS and SASL; this file holds
 * everything that leans on its inside, so that an upgrade is checked here.
 *
 * What is changed: no 100 ms wait before the greeting; MAIL and RCPT are read by our grammar; a
 * text that begins with an enhanced status code keeps it (RFC 2034); a connection that trickles
 * commands or content, or errs too often, ends with 421; whoever asks learns whether the final
 * reply to DATA was handed to the network.
 * Invariant: the answer to `answerThen` comes exactly once.
 */

import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import {
  SMTPServer,
  type SMTPServerAuthentication,
  type SMTPServerAuthenticationResponse,
  type SMTPServerDataStream,
  type SMTPServerOptions,
  type SMTPServerSession,
} from 'smtp-server';
import { SMTPConnection, type SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection.js';
import type { Account } from '../../../schemas/account.js';
import type { Clock } from '../../machinery.js';
import type { EmailConfig } from './config.js';
import { type PathCommand, readPathCommand } from './path-command.js';
import { isLoopback } from './receive-limits.js';
import type { DataReply, Refusal, Transaction } from './transaction.js';

/** What the protocol asks of us; undefined means yes. */
export interface Handlers {
  connected(connection: Connection): Refusal | undefined;
  signIn(connection: Connection, name: string, password: string): Promise<Account | Refusal>;
  mail(connection: Connection, path: PathCommand): Promise<Refusal | undefined>;
  recipient(connection: Connection, path: PathCommand): Promise<Refusal | undefined>;
  data(connection: Connection, stream: SMTPServerDataStream): Promise<DataReply>;
  /** The connection ends or has ended; may be told twice. */
  closed(connection: Connection): void;
  /** A handler threw: a bug, to be seen by the operator. */
  failed(error: unknown): void;
}

const ENHANCED = /^[245]\.\d{1,3}\.\d{1,3} /;
const INTERNAL: Refusal = { code: 451, text: '4.3.0 Internal trouble, try again later' };
const TOO_MANY_ERRORS = '4.7.0 Too many refused commands';
/** So many MAIL and RCPT of one connection are answered before the others have their turn. */
const COMMANDS_A_TURN = 8;
const CLOSED = (_answer: boolean): void => {};
/** Greeting, STARTTLS, QUIT and goodbyes: what follows them is no reply. */
const AT_ONCE: ReadonlySet<number> = new Set([220, 221, 421]);

export class Connection extends SMTPConnection {
  readonly #errorsMax: number;
  readonly #clock: Clock;
  readonly #left: (connection: Connection) => void;
  #errors = 0;
  #report: ((answered: boolean) => void) | undefined;
  #account: Account | undefined;
  #commands = 0;
  /** The socket while it is corked. */
  #held: Socket | TLSSocket | undefined;
  readonly #reports: ((answered: boolean) => void)[] = [];
  /** Of the command that is being handled. */
  #path: PathCommand | undefined;
  /** When it became the peer's turn, by the clock that never jumps. */
  waitingSince: number;
  /** receiving: content comes in · storing: it is all here, the peer waits for us. */
  phase: 'commands' | 'receiving' | 'storing' = 'commands';
  transaction: Transaction | undefined;
  /** Counted by the limits, so that it must be given back. */
  counted = false;
  /** The switch stops: after the answer to this mail the connection ends. */
  leaving = false;

  constructor(
    server: SMTPServer,
    socket: Socket | TLSSocket,
    options: SMTPConnectionOptions | null | undefined,
    manners: {
      readonly errorsMax: number;
      readonly clock: Clock;
      readonly left: (connection: Connection) => void;
    },
  ) {
    super(server, socket, options ?? null);
    this.#errorsMax = manners.errorsMax;
    this.#clock = manners.clock;
    this.#left = manners.left;
    this.waitingSince = manners.clock.monotonic();
  }

  /** The subscriber who signed in; STARTTLS and a new sign-in forget it. */
  get account(): Account | undefined {
    return this.session.user === undefined || this.session.user === false
      ? undefined
      : this.#account;
  }

  signedIn(account: Account): void {
    this.#account = account;
  }

  /** "TLSv1.3 TLS_AES_256_GCM_SHA384"; undefined: no TLS. */
  get tls(): string | undefined {
    if (!(this._socket instanceof TLSSocket)) return undefined;
    return `${this._socket.getProtocol() ?? 'TLS'} ${this._socket.getCipher()?.name ?? ''}`.trim();
  }

  get path(): PathCommand {
    return this.#path ?? { address: '', args: false };
  }

  /** The handler of a command or of a mail has the word, the peer can only wait. */
  get answering(): boolean {
    return this._handlerPending || this.phase === 'storing';
  }

  /** The next reply decides; `report` is called once, also when there is no peer any more. */
  answerThen(report: (answered: boolean) => void, reply: () => void): void {
    this.#report = report;
    reply();
    this.#takeReport()(false);
  }

  /**
   * Goes on with the next command. A peer that sends ten thousand recipients in one piece would
   * otherwise have them all looked up before anybody else is read.
   */
  goOn(next: () => void): void {
    this.#commands += 1;
    if (this.#commands % COMMANDS_A_TURN === 0) setImmediate(next);
    else next();
  }

  override init(): void {
    this._setListeners(() => this.connectionReady());
  }

  /** What lingers after our goodbye is bounded by the library (5 s) and no longer counted. */
  override close(): void {
    super.close();
    this.#left(this);
  }

  /**
   * Replies of one turn of the event loop leave in one write: to a peer that pipelines, the replies
   * to MAIL, RCPT and DATA are one system call, which is the largest cost of a small mail.
   */
  override send(code: number, data?: string | string[] | null, context?: string | false): void {
    const report = this.#takeReport();
    const open = !this._upgrading && !this._socket.destroyed && this._socket.readyState === 'open';
    if (AT_ONCE.has(code)) this.#flush();
    else if (open) this.#hold();
    super.send(code, data, typeof data === 'string' && ENHANCED.test(data) ? false : context);
    this.waitingSince = this.#clock.monotonic();
    if (!open) report(false);
    else if (report !== CLOSED) this.#reports.push(report);
    if (code >= 500 && ++this.#errors > this.#errorsMax) super.send(421, TOO_MANY_ERRORS, false);
  }

  #hold(): void {
    if (this.#held !== undefined) return;
    this.#held = this._socket;
    this.#held.cork();
    setImmediate(() => this.#flush());
  }

  /** Hands what was held to the network, and tells whether it took it. */
  #flush(): void {
    const socket = this.#held;
    if (socket === undefined) return;
    this.#held = undefined;
    socket.uncork();
    for (const report of this.#reports.splice(0)) whenWritten(socket, report);
  }

  override _parseAddressCommand(rawName: string, rawCommand: Buffer | string) {
    const name = rawName === 'mail from' ? 'MAIL FROM' : 'RCPT TO';
    this.#path = readPathCommand(name, rawCommand.toString());
    // A copy: the library adds properties to what it is given.
    return this.#path === undefined ? false : { ...this.#path };
  }

  #takeReport(): (answered: boolean) => void {
    const report = this.#report ?? CLOSED;
    this.#report = undefined;
    return report;
  }
}

/** The commands nobody should find in a mail server; AUTH goes where it must not be used. */
const NEVER = ['XCLIENT', 'XFORWARD', 'WIZ', 'SHELL', 'KILL', 'LHLO'];

export class Server extends SMTPServer {
  readonly #handlers: Handlers;
  readonly #config: EmailConfig;
  readonly #clock: Clock;
  readonly #bySession = new WeakMap<SMTPServerSession, Connection>();
  readonly #offersTls: boolean;

  constructor(
    options: SMTPServerOptions,
    manners: { readonly config: EmailConfig; readonly clock: Clock; readonly handlers: Handlers },
  ) {
    super({ ...options, disabledCommands: NEVER });
    this.#handlers = manners.handlers;
    this.#config = manners.config;
    this.#clock = manners.clock;
    this.#offersTls = options.key !== undefined;
  }

  override connect(socket: Socket | TLSSocket, options?: SMTPConnectionOptions | null): void {
    const manners = {
      errorsMax: this.#config.limits.errors,
      clock: this.#clock,
      left: (one: Connection) => this.#handlers.closed(one),
    };
    const connection = new Connection(this, socket, options, manners);
    this.#bySession.set(connection.session, connection);
    this.connections.add(connection);
    connection.on('error', (error: Error) => this._onError(error));
    connection.init();
  }

  override onConnect(session: SMTPServerSession, done: (error?: Error | null) => void): void {
    const connection = this.#of(session);
    session.disabledCommands = [
      ...NEVER,
      ...(this.#offersTls ? [] : ['STARTTLS']),
      ...(this.#authAllowed(connection) ? [] : ['AUTH']),
    ];
    done(asError(this.#handlers.connected(connection)));
  }

  override onSecure(
    _socket: Socket | TLSSocket,
    session: SMTPServerSession,
    done: (error?: Error | null) => void,
  ): void {
    session.disabledCommands = [...NEVER, ...(this.#config.submission.enabled ? [] : ['AUTH'])];
    done();
  }

  override onAuth(
    auth: SMTPServerAuthentication,
    session: SMTPServerSession,
    done: (error: Error | null | undefined, response?: SMTPServerAuthenticationResponse) => void,
  ): void {
    const connection = this.#of(session);
    this.#handlers.signIn(connection, auth.username ?? '', auth.password ?? '').then(
      (result) => {
        if ('code' in result) return done(asError(result));
        connection.signedIn(result);
        done(null, { user: result.id });
      },
      (error: unknown) => done(this.#bug(error)),
    );
  }

  override onMailFrom(
    _: unknown,
    session: SMTPServerSession,
    done: (error?: Error | null) => void,
  ): void {
    const connection = this.#of(session);
    this.#settle(connection, this.#handlers.mail(connection, connection.path), done);
  }

  override onRcptTo(
    _: unknown,
    session: SMTPServerSession,
    done: (error?: Error | null) => void,
  ): void {
    const connection = this.#of(session);
    this.#settle(connection, this.#handlers.recipient(connection, connection.path), done);
  }

  override onData(
    stream: SMTPServerDataStream,
    session: SMTPServerSession,
    done: (error?: Error | null, message?: string) => void,
  ): void {
    const connection = this.#of(session);
    connection.phase = 'receiving';
    connection.waitingSince = this.#clock.monotonic();
    const finish = (error: Error | null | undefined, text?: string): void => {
      connection.phase = 'commands';
      connection.transaction = undefined;
      done(error, text);
      if (connection.leaving) connection.send(421, '4.3.2 The switch is stopping');
    };
    this.#handlers.data(connection, stream).then(
      (reply) => {
        if (!reply.ok) return finish(asError(reply));
        connection.answerThen(reply.told, () => finish(null, reply.text));
      },
      (error: unknown) => finish(this.#bug(error)),
    );
  }

  override onClose(session: SMTPServerSession): void {
    this.#handlers.closed(this.#of(session));
  }

  /** The connections, as what `connect` made them. */
  *open(): Generator<Connection> {
    for (const connection of this.connections) {
      if (connection instanceof Connection) yield connection;
    }
  }

  #of(session: SMTPServerSession): Connection {
    const connection = this.#bySession.get(session);
    if (connection === undefined) throw new Error('A session without its connection.');
    return connection;
  }

  /** Before STARTTLS: for a client on this computer, where that is allowed. */
  #authAllowed(connection: Connection): boolean {
    const { enabled, plaintext } = this.#config.submission;
    return enabled && plaintext === 'loopback' && isLoopback(connection.remoteAddress);
  }

  #settle(
    connection: Connection,
    result: Promise<Refusal | undefined>,
    done: (error?: Error | null) => void,
  ): void {
    const answer = (error: Error | null): void => connection.goOn(() => done(error));
    result.then(
      (refusal) => answer(asError(refusal)),
      (error: unknown) => answer(this.#bug(error)),
    );
  }

  /** A handler threw: a bug of ours, and so a temporary error for the peer. */
  #bug(error: unknown): Error | null {
    this.#handlers.failed(error);
    return asError(INTERNAL);
  }
}

/** Calls `report` once: were all bytes written so far handed to the network? */
function whenWritten(socket: Socket | TLSSocket, report: (answered: boolean) => void): void {
  if (socket.destroyed) report(socket.writableFinished);
  else if (socket.writableEnded) socket.once('close', () => report(socket.writableFinished));
  else if (socket.writableLength === 0) report(true);
  else socket.write('', (error) => report(!error));
}

function asError(refusal: Refusal | undefined): Error | null {
  if (refusal === undefined) return null;
  return Object.assign(new Error(refusal.text), { responseCode: refusal.code });
}
