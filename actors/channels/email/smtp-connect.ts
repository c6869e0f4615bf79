/**
 * Opens an SMTP connection up to the point where mail can be sent: TCP, greeting, EHLO, STARTTLS,
 * AUTH, over nodemailer's SMTPConnection.
 *
 * Invariants: nothing here rejects, and everything has a time limit; a password goes over TLS or to
 * this computer only; `require` and `verify` never fall back to plain text.
 */

import SMTPConnection, { type SMTPError } from 'nodemailer/lib/smtp-connection';
import type { Clock } from '../../machinery.js';
import type { DeliverSettings } from './deliver-settings.js';

/** RFC 8314 3.3. */
const IMPLICIT_TLS_PORT = 465;

export interface ConnectOptions {
  readonly clock: Clock;
  /** The mail host's name, for TLS and for people. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** Our own name in EHLO. */
  readonly hostname: string;
  readonly tls: DeliverSettings['tls'];
  readonly timeouts: DeliverSettings['timeouts'];
  readonly auth?: { readonly user: string; readonly password: string };
  /** What gives up connections that are being opened: called when the switch stops. */
  readonly opening?: Set<() => void>;
}

export type Connected =
  | { readonly ok: true; readonly connection: SMTPConnection }
  | {
      readonly ok: false;
      readonly trouble: 'refused' | 'lost' | 'tls' | 'auth';
      /** What the server said; empty when it said nothing. */
      readonly reply: string;
      readonly reason: string;
    };

/** Opens a connection up to the point where mail can be sent. */
export async function connectSmtp(options: ConnectOptions): Promise<Connected> {
  const first = await open(options, options.tls);
  if (first.ok || first.trouble !== 'tls' || options.tls !== 'opportunistic') return first;
  // A broken STARTTLS must not keep mail from a host that would take it in plain (RFC 7435);
  // credentials never go that way.
  return options.auth === undefined ? open(options, 'off') : first;
}

async function open(options: ConnectOptions, tls: ConnectOptions['tls']): Promise<Connected> {
  const { connectMs, greetingMs, commandMs, dataMs, answerMs } = options.timeouts;
  const connection = new SMTPConnection({
    host: options.address,
    port: options.port,
    servername: options.name,
    name: options.hostname,
    secure: options.port === IMPLICIT_TLS_PORT,
    ignoreTLS: tls === 'off',
    requireTLS: tls === 'require' || tls === 'verify',
    opportunisticTLS: tls === 'opportunistic',
    connectionTimeout: connectMs + greetingMs,
    greetingTimeout: greetingMs,
    // Ours are shorter; this one only stands behind them.
    socketTimeout: 2 * Math.max(greetingMs, commandMs, dataMs, answerMs) + 1000,
    socketCloseTimeout: 0,
    tls: { rejectUnauthorized: tls === 'verify' },
  });
  const opened = await opening(connection, options);
  if (!opened.ok || options.auth === undefined) return opened;
  return signIn(connection, options);
}

function opening(connection: SMTPConnection, options: ConnectOptions): Promise<Connected> {
  const { clock, timeouts } = options;
  return new Promise((resolve) => {
    let settled = false;
    const settle = (connected: Connected): void => {
      if (settled) return;
      settled = true;
      timer.cancel();
      slow.cancel();
      options.opening?.delete(giveUp);
      if (!connected.ok) connection.close();
      resolve(connected);
    };
    const lost = (reason: string): void =>
      settle({ ok: false, trouble: 'lost', reply: '', reason });
    const giveUp = (): void => lost('given up: the switch is stopping');
    options.opening?.add(giveUp);
    const timer = clock.after(timeouts.connectMs, () => {
      if (connection.stage === 'init') lost(`no connection within ${timeouts.connectMs} ms`);
    });
    const slow = clock.after(timeouts.connectMs + 2 * timeouts.greetingMs, () =>
      lost('connected, but the greeting was not finished in time'),
    );
    // Stays: an error without a listener would be thrown.
    connection.on('error', (error: SMTPError) => settle(connectTrouble(error, connection)));
    connection.connect((error) =>
      settle(error ? connectTrouble(error, connection) : { ok: true, connection }),
    );
  });
}

function signIn(
  connection: SMTPConnection,
  { auth, address, clock, timeouts }: ConnectOptions,
): Promise<Connected> {
  const refuse = (reply: string, reason: string): Connected => {
    connection.close();
    return { ok: false, trouble: 'auth', reply, reason };
  };
  if (auth === undefined) return Promise.resolve({ ok: true, connection });
  const safe = connection.secure || address === '127.0.0.1' || address === '::1';
  if (!safe) {
    return Promise.resolve(refuse('', 'no TLS: the password is not sent; see email.deliver.tls'));
  }
  return new Promise((resolve) => {
    const timer = clock.after(timeouts.greetingMs, () =>
      resolve(refuse('', 'signing in to the smart host took too long')),
    );
    const onEnd = (): void => resolve(refuse('', 'the smart host hung up while we signed in'));
    connection.once('end', onEnd);
    connection.login({ user: auth.user, pass: auth.password }, (error) => {
      timer.cancel();
      connection.off('end', onEnd);
      if (error === null) return resolve({ ok: true, connection });
      resolve(refuse(error.response ?? '', 'the smart host refused email.smartHostAuth'));
    });
  });
}

function connectTrouble(error: SMTPError, connection: SMTPConnection): Connected {
  const reply = error.response ?? '';
  const reason = error.message;
  if (error.code === 'ETLS' || error.command === 'STARTTLS' || connection.upgrading === true) {
    return { ok: false, trouble: 'tls', reply, reason };
  }
  return { ok: false, trouble: reply === '' ? 'lost' : 'refused', reply, reason };
}

/** "mx.example.net [192.0.2.1]" */
export function peerName(options: { readonly name: string; readonly address: string }): string {
  return options.name === options.address
    ? `[${options.address}]`
    : `${options.name} [${options.address}]`;
}
