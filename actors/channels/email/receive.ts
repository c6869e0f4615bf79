/**
 * The email receiving agent: an SMTP server (RFC 5321) with PIPELINING, SIZE, 8BITMIME, SMTPUTF8,
 * STARTTLS, AUTH and DSN. This file starts it, watches over slow peers, and stops it;
 * receive-session.ts decides what is taken.
 *
 * Invariants: without a key of our own no STARTTLS is offered (the library's is public); stopping
 * lets a mail that is being stored finish and answers everybody else 421.
 */

import { readFile } from 'node:fs/promises';
import type { SMTPServerOptions } from 'smtp-server';
import type { Receiver } from '../../channel.js';
import type { Clock, ReceiveContext, Timer } from '../../machinery.js';
import type { EmailConfig } from './config.js';
import { type Connection, Server } from './receive-connection.js';
import { Session } from './receive-session.js';
import { makeVerifier } from './verify-sender.js';

/** How often slow peers are looked for, at most and at least. */
const WATCH_MS_MAX = 10_000;
const WATCH_MS_MIN = 20;
/** A mail that is being stored when the switch stops has this long. */
const STOP_WITHIN_MS = 10_000;
const BACKLOG = 1024;

/** Starts listening; rejects with words for the operator when that is not possible. */
export async function receive(context: ReceiveContext<EmailConfig>): Promise<Receiver> {
  const { config, clock, log } = context;
  const verifier = config.verify.mode === 'on' ? await makeVerifier(config, clock) : undefined;
  const session = new Session(context, {
    verifier,
    openConnections: () => server.connections.size,
  });
  const server: Server = new Server(await serverOptions(config), {
    config,
    clock,
    handlers: session,
  });
  // What a peer does to its connection must not end the process.
  server.on('error', (error: Error) => log.info('email.connection', { why: error.message }));
  const address = await listen(server, config.listen);
  const watch = new SlowPeers(server, { config, clock });
  return {
    address,
    async stop() {
      watch.cancel();
      await stop(server, clock);
    },
  };
}

async function serverOptions(config: EmailConfig): Promise<SMTPServerOptions> {
  const { tls } = config;
  if ((tls.key === undefined) !== (tls.cert === undefined)) {
    throw new Error('email.tls needs both key and cert; give both or neither.');
  }
  const keys =
    tls.key === undefined || tls.cert === undefined
      ? { hideSTARTTLS: true }
      : { key: await readFile(tls.key), cert: await readFile(tls.cert) };
  return {
    ...keys,
    minVersion: 'TLSv1.2',
    name: config.hostname,
    heloResponse: '%s',
    logger: false,
    disableReverseLookup: true,
    size: config.limits.sizeBytes,
    maxRecipients: config.limits.recipients,
    socketTimeout: config.limits.idleTimeoutMs,
    closeTimeout: STOP_WITHIN_MS,
    authOptional: true,
    // Where AUTH must not be used it is disabled for the session, see receive-connection.ts.
    allowInsecureAuth: true,
    authMethods: ['PLAIN', 'LOGIN'],
    hideDSN: false,
    hideENHANCEDSTATUSCODES: false,
    noDelay: true,
  };
}

function listen(server: Server, text: string): Promise<string> {
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  const port = Number(text.slice(colon + 1));
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void =>
      reject(new Error(`email.listen ${text}: ${error.message}. Free the port or choose another.`));
    server.server.once('error', failed);
    server.server.listen({ host, port, backlog: BACKLOG }, () => {
      server.server.off('error', failed);
      const bound = server.server.address();
      const at = typeof bound === 'object' && bound !== null ? bound.port : port;
      resolve(`${host.includes(':') ? `[${host}]` : host}:${at}`);
    });
  });
}

/** Closes connections whose commands or content take too long, however steadily they trickle. */
class SlowPeers {
  readonly #server: Server;
  readonly #limits: EmailConfig['limits'];
  readonly #clock: Clock;
  readonly #everyMs: number;
  #timer: Timer;

  constructor(server: Server, parts: { readonly config: EmailConfig; readonly clock: Clock }) {
    this.#server = server;
    this.#limits = parts.config.limits;
    this.#clock = parts.clock;
    const shortest = Math.min(this.#limits.commandTimeoutMs, this.#limits.dataTimeoutMs);
    this.#everyMs = Math.min(WATCH_MS_MAX, Math.max(WATCH_MS_MIN, Math.floor(shortest / 4)));
    this.#timer = this.#clock.after(this.#everyMs, () => this.#look());
  }

  cancel(): void {
    this.#timer.cancel();
  }

  #look(): void {
    const now = this.#clock.monotonic();
    for (const connection of this.#server.open()) {
      if (connection.answering) continue;
      const receiving = connection.phase === 'receiving';
      const limit = receiving ? this.#limits.dataTimeoutMs : this.#limits.commandTimeoutMs;
      if (now - connection.waitingSince > limit) {
        connection.send(421, `4.4.2 ${receiving ? 'The content' : 'A command'} took too long`);
      }
    }
    this.#timer = this.#clock.after(this.#everyMs, () => this.#look());
  }
}

function stop(server: Server, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const late = clock.after(STOP_WITHIN_MS, () => {
      for (const connection of server.open()) connection._socket.destroy();
    });
    server.close(() => {
      late.cancel();
      resolve();
    });
    for (const connection of server.open()) goodbye(connection);
  });
}

/** A mail that is being stored gets its answer; the next command is answered 421. */
function goodbye(connection: Connection): void {
  if (connection.phase === 'storing') connection.leaving = true;
  else connection.send(421, '4.3.2 The switch is stopping');
}
