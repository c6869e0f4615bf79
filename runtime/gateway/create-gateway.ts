/**
 * The web door's server: one listener for health, page, calls, channels and live lines.
 *
 * Stages of a request: head within its limits → health → which address is it (place) → is the
 * switch open → its route → answer with the headers that every answer has.
 * Invariants: a request ends in an answer or a closed connection, whatever its bytes are; what
 * throws is a bug, told as 500 and logged; a stop answers what runs, then closes.
 */

import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock, Log } from '../../actors/machinery.js';
import type { Console } from '../console/console.js';
import { type GatewayAnswer, plain } from './answer.js';
import { Body, Budget, BusyError, Waiting } from './body.js';
import { Connections } from './connections.js';
import { tokenIn } from './cookie.js';
import { Doors } from './doors.js';
import type { Behind, Gateway } from './gateway.js';
import { headersFor } from './headers.js';
import { answerHealth, type HealthOptions } from './health.js';
import { GATEWAY_LIMITS, type GatewayLimits } from './limits.js';
import { Lines } from './lines.js';
import { isLoopbackHost, joinListen, splitListen, urlOf } from './listen.js';
import { refusedOrigin } from './origin.js';
import { type PageFiles, readPageFiles } from './page-files.js';
import { type Place, type PlaceSettings, placeOf } from './place.js';
import { proxiesFrom } from './proxies.js';
import { Refusals } from './refusals.js';
import { type Opened, Routes } from './routes.js';
import { unencryptedPage } from './unencrypted-page.js';

export interface GatewayOptions extends HealthOptions {
  readonly http: {
    /** "127.0.0.1:2580"; port 0 takes a free one. */
    readonly listen: string;
    readonly publicUrl?: string;
    readonly trustProxy: readonly string[];
  };
  readonly clock: Clock;
  readonly log: Log;
  /** Counts requests and pages that were refused, by a few fixed reasons. */
  refused?(reason: string): void;
  readonly files?: PageFiles;
  readonly limits?: Partial<GatewayLimits>;
}

/** How often connections are looked at for their time limits, within the shortest of them. */
const CHECKS_PER_LIMIT = 4;
const CLOSED = 'The switch is starting or stopping. Try again in a moment.';

/** Listens at once; rejects with the system's error when the port cannot be had. */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const limits = { ...GATEWAY_LIMITS, ...options.limits };
  const server = createServer({
    headersTimeout: limits.headMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.idleMs,
    connectionsCheckingInterval: Math.max(50, limits.headMs / CHECKS_PER_LIMIT),
    maxHeaderSize: limits.headBytes,
    // It is missed here, in an answer that has its headers.
    requireHostHeader: false,
  });
  server.setTimeout(limits.stalledMs);
  const gateway = new HttpGateway(options, limits, server);
  await listening(server, splitListen(options.http.listen));
  return gateway.listens(server);
}

class HttpGateway implements Gateway {
  address = '';
  url = '';
  readonly #options: GatewayOptions;
  readonly #limits: GatewayLimits;
  readonly #server: Server;
  readonly #connections: Connections;
  readonly #doors: Doors;
  readonly #lines: Lines;
  readonly #routes: Routes;
  readonly #refusals: Refusals;
  readonly #budget: Budget;
  readonly #waiting: Waiting;
  readonly #place: PlaceSettings;
  #opened: Opened | undefined;
  #running = 0;
  #hasWarned = false;
  #drained: () => void = () => {};

  constructor(options: GatewayOptions, limits: GatewayLimits, server: Server) {
    const { clock, log, http } = options;
    this.#options = options;
    this.#limits = limits;
    this.#server = server;
    this.#refusals = new Refusals(clock, log, options.refused);
    const refused = (reason: string): void => this.#refusals.count(reason);
    this.#budget = new Budget({ bytes: limits.bodyBytes, bytesOfOne: limits.bodyBytesPerAccount });
    this.#waiting = new Waiting(limits.strangersBodies);
    const { connections: max, unansweredPerConnection: unansweredMax } = limits;
    this.#connections = new Connections(server, { max, unansweredMax });
    this.#doors = new Doors(log);
    const publicUrl = http.publicUrl?.replace(/\/+$/, '');
    this.#place = {
      proxies: proxiesFrom(http.trustProxy),
      publicUrl,
      isLoopback: isLoopbackHost(splitListen(http.listen).host),
    };
    const shared = { clock, log, limits, doors: this.#doors, refused };
    const check = async (token: string) => this.#opened?.sessions.find(token);
    this.#lines = new Lines({ ...shared, check });
    const files = options.files ?? readPageFiles();
    this.#routes = new Routes({ ...shared, publicUrl, files });
    const asked = (request: IncomingMessage, response: ServerResponse): void =>
      void this.#request(request, response);
    server.on('request', asked);
    server.on('checkExpectation', asked);
    server.on('upgrade', (request, socket, head) => {
      socket.on('error', () => socket.destroy());
      this.#upgrade(request, socket, head).catch((error: unknown) => {
        log.error('line.failed', { reason: String(error) });
        refuseUpgrade(socket, plain(500, 'The line could not be opened; the log says why.'));
      });
    });
    server.on('clientError', (error, socket) => this.#hostile(error, socket));
  }

  listens(server: Server): this {
    const bound = server.address();
    if (bound !== null && typeof bound !== 'string') {
      this.address = joinListen(bound.address, bound.port);
    }
    this.url = this.#place.publicUrl ?? urlOf(this.address);
    return this;
  }

  doorOf(channel: string) {
    return this.#doors.doorOf(channel, this.url);
  }

  open(console: Console, behind: Behind): void {
    this.#opened = { console, ...behind };
    behind.sessions.onRevoked(({ id }) => this.#lines.signOut(id));
  }

  async shut(): Promise<void> {
    this.#opened = undefined;
    this.#lines.stop();
    if (this.#running === 0) return;
    await new Promise<void>((resolve) => {
      const limit = this.#options.clock.after(this.#limits.drainMs, resolve);
      this.#drained = () => {
        limit.cancel();
        resolve();
      };
    });
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.#connections.closeIdle();
    const limit = this.#options.clock.after(this.#limits.drainMs, () => this.#cut());
    await this.shut();
    await closed;
    limit.cancel();
  }

  #cut(): void {
    this.#lines.terminate();
    this.#connections.closeAll();
  }

  async #request(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = request;
    const body = new Body(request, this.#budget, this.#waiting);
    let isOver = false;
    const over = (): void => {
      if (isOver) return;
      isOver = true;
      this.#running -= 1;
      if (this.#running === 0) this.#drained();
      body.release();
      this.#connections.idle(socket, over);
    };
    if (!this.#connections.busy(socket, over)) return this.#refusals.count('pipeline');
    this.#running += 1;
    response.once('close', over);
    response.on('error', () => socket.destroy());
    const place = this.#placeOf(request);
    try {
      const answer = await this.#answer(request, place, body);
      write(response, place, body.isCut ? { ...answer, last: true } : answer);
    } catch (error) {
      const answer = this.#failed(error, request);
      write(response, place, { ...answer, last: true });
    }
  }

  async #answer(
    request: IncomingMessage,
    place: Place | undefined,
    body: Body,
  ): Promise<GatewayAnswer> {
    const { method = '', url = '', headers } = request;
    const [path = '', search = ''] = url.split('?', 2);
    if (!path.startsWith('/')) return plain(400, 'The request names no path.');
    const health = await answerHealth(this.#options, { method, path });
    if (health !== undefined) return health;
    if (place === undefined) return plain(400, 'The Host header is missing or malformed.');
    const elsewhere = this.#elsewhere(place, socketPort(request.socket));
    if (elsewhere !== undefined) return elsewhere;
    const busy = this.#running > this.#limits.requests;
    if (busy) this.#refusals.count('busy');
    if (busy || this.#opened === undefined) return later(busy ? 'The switch is busy.' : CLOSED);
    const query = Object.fromEntries(new URLSearchParams(search));
    return this.#routes.answer({ method, path, query, headers, place, body }, this.#opened);
  }

  /** What an address gets on which nobody may sign in. */
  #elsewhere(place: Place, port: number): GatewayAnswer | undefined {
    if (place.kind === 'foreign') {
      this.#refusals.count('host');
      const { url } = this;
      return plain(403, `${place.host} is not the name of this switch: open ${url}`);
    }
    if (place.kind !== 'open') return undefined;
    this.#refusals.count('unencrypted');
    const headers = { 'content-type': 'text/html; charset=utf-8' };
    return { status: 403, body: unencryptedPage(place.host, port), headers };
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { headers, url } = request;
    const place = this.#placeOf(request);
    const opened = this.#opened;
    if (place === undefined || url !== '/live' || request.method !== 'GET') {
      return refuseUpgrade(socket, plain(400, 'The only WebSocket here is /live.'));
    }
    const elsewhere = this.#elsewhere(place, socketPort(request.socket));
    if (elsewhere !== undefined) return refuseUpgrade(socket, elsewhere, place);
    const foreign = refusedOrigin(place, headers, this.#place.publicUrl);
    if (foreign !== undefined) {
      this.#refusals.count('origin');
      return refuseUpgrade(socket, plain(403, foreign), place);
    }
    if (opened === undefined || this.#lines.isFull) {
      return refuseUpgrade(socket, later(opened === undefined ? CLOSED : 'Too many pages.'), place);
    }
    const token = tokenIn(place, headers.cookie);
    const signedIn = token === undefined ? undefined : await opened.sessions.find(token);
    if (token === undefined || signedIn === undefined) {
      return refuseUpgrade(socket, plain(401, 'Nobody is signed in here.'), place);
    }
    if (socket.destroyed || this.#opened !== opened) return void socket.destroy();
    this.#connections.release(request.socket);
    request.socket.setTimeout(0);
    const line = { signedIn, token, peer: place.peer };
    this.#lines.open({ request, socket, head }, line, (one) => opened.console.line(one));
  }

  #placeOf(request: IncomingMessage): Place | undefined {
    const connected = request.socket.remoteAddress ?? '';
    this.#lookForProxy(request);
    return placeOf(this.#place, { headers: request.headers, connected });
  }

  /** Without trust everybody behind a proxy is one peer, and a guesser slows all of them down. */
  #lookForProxy({ headers, socket }: IncomingMessage): void {
    if (this.#hasWarned || headers['x-forwarded-for'] === undefined) return;
    const address = socket.remoteAddress ?? '';
    if (this.#place.publicUrl === undefined || this.#place.proxies.trusts(address)) return;
    this.#hasWarned = true;
    const remedy = 'if a proxy of yours asks from there, set http.trustProxy to its address';
    this.#options.log.warn('http.proxyNotTrusted', { peer: address, remedy });
  }

  #failed(error: unknown, { url = '', destroyed }: IncomingMessage): GatewayAnswer {
    if (error instanceof BusyError) {
      this.#refusals.count('busy');
      return later(error.message);
    }
    const path = url.split('?', 1)[0];
    // A peer that went away in the middle of its body is no trouble of ours.
    if (destroyed) this.#options.log.debug('http.aborted', { path });
    else this.#options.log.error('http.failed', { path, error });
    return plain(500, 'The switch could not do this; its log says why.');
  }

  /** Bytes that are no HTTP, a head that is too large or too slow. */
  #hostile(error: NodeJS.ErrnoException, socket: Duplex): void {
    this.#refusals.count('malformed');
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const isLarge = error.code === 'HPE_HEADER_OVERFLOW';
    const isSlow = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
    const late = isSlow ? plain(408, 'The request took too long.') : undefined;
    const answer = isLarge ? plain(431, 'The head is too large.') : plain(400, 'This is no HTTP.');
    refuseUpgrade(socket, late ?? answer);
  }
}

function later(text: string): GatewayAnswer {
  const { status, body, headers } = plain(503, text);
  return { status, body, headers: { ...headers, 'retry-after': '1' } };
}

function socketPort(socket: Socket): number {
  return socket.localPort ?? 0;
}

function write(response: ServerResponse, place: Place | undefined, answer: GatewayAnswer): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  const { status, body, headers, last } = answer;
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const length = { 'content-length': String(bytes.byteLength) };
  const end = last === true ? { connection: 'close' } : {};
  response.writeHead(status, { ...headersFor(place, headers), ...length, ...end });
  response.end(bytes);
}

/** Answers on a bare connection, and ends it. */
function refuseUpgrade(socket: Duplex, answer: GatewayAnswer, place?: Place): void {
  const { status, body, headers } = answer;
  const bytes = Buffer.from(body);
  const length = String(bytes.byteLength);
  const all = { ...headersFor(place, headers), 'content-length': length, connection: 'close' };
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head.join('')}\r\n${bytes}`);
}

function listening(server: Server, at: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(at.port, at.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
