/**
 * What answers which path, for a request whose address has been judged.
 *
 * Order: login → calls and documents (`/api/`) → channels' doors (`/c/`) → the built page.
 * Invariants: without a session only the login, the page's files and what a channel says itself
 * answer; whatever changes something comes from our own page; a body is read only after that.
 */

import type { IncomingHttpHeaders } from 'node:http';
import type { Clock, DoorRequest, Log } from '../../actors/machinery.js';
import type { Console } from '../console/console.js';
import type { SignedInSession } from '../sessions.js';
import { type GatewayAnswer, json, plain, refusal, wrongMethod } from './answer.js';
import { type Body, isJson, parseJson } from './body.js';
import { cookieGone, tokenIn } from './cookie.js';
import type { Doors } from './doors.js';
import type { Behind } from './gateway.js';
import type { GatewayLimits } from './limits.js';
import { login } from './login.js';
import { isOtherSite, refusedOrigin } from './origin.js';
import type { PageFiles } from './page-files.js';
import type { Place } from './place.js';

export interface Opened extends Behind {
  readonly console: Console;
}

export interface RouteParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: GatewayLimits;
  readonly publicUrl: string | undefined;
  readonly doors: Doors;
  readonly files: PageFiles;
  /** Counts what was refused, and why. */
  refused(reason: string): void;
}

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  readonly place: Place;
  readonly body: Body;
}

const SIGN_IN_NEEDED = 'Nobody is signed in here, or the session has ended. Sign in again.';
const CROSS_SITE = 'Another site asked for this; open it from the page of Patchboard.';
const NO_PAGE = 'The page was not built: run npm run prepare, then start again.';
/** A file at the root is none of the page's own addresses; below, a message's key has a dot. */
const FILE_LIKE = /^\/[^/]+\.[a-z0-9]{1,12}$/i;

export class Routes {
  readonly #parts: RouteParts;
  /** Requests that are being worked at, by account. */
  readonly #running = new Map<string, number>();

  constructor(parts: RouteParts) {
    this.#parts = parts;
  }

  async answer(asked: Asked, opened: Opened): Promise<GatewayAnswer> {
    const { path } = asked;
    if (path === '/login') return this.#login(asked, opened);
    if (path.startsWith('/api/')) return this.#api(asked, opened);
    if (path.startsWith('/c/')) return this.#door(asked, opened);
    return this.#page(asked);
  }

  async #login(asked: Asked, opened: Opened): Promise<GatewayAnswer> {
    if (asked.method === 'GET' || asked.method === 'HEAD') return this.#page(asked);
    const given = await this.#posted(asked, this.#parts.limits.loginBodyBytes);
    if ('answer' in given) return given.answer;
    const { place, headers } = asked;
    const program = String(headers['user-agent'] ?? '');
    const token = tokenIn(place, headers.cookie);
    const parts = { ...this.#parts, ...opened };
    return login(parts, { given: given.value, place, program, token });
  }

  async #api(asked: Asked, opened: Opened): Promise<GatewayAnswer> {
    const name = asked.path.slice('/api/'.length);
    const isRead = asked.method === 'GET' || asked.method === 'HEAD';
    if (!isRead && asked.method !== 'POST') return wrongMethod('GET, HEAD, POST');
    if (isRead && isOtherSite(asked.headers)) return this.#refuse('site', CROSS_SITE);
    const origin = isRead ? undefined : this.#foreignOrigin(asked);
    if (origin !== undefined) return origin;
    const signedIn = await this.#signedIn(asked, opened);
    if (signedIn === undefined) return refusal('SIGN_IN_NEEDED', SIGN_IN_NEEDED);
    asked.body.known(signedIn.account.id);
    return this.#counted(signedIn, () =>
      isRead
        ? this.#document(name, asked, opened, signedIn)
        : this.#call(name, asked, opened, signedIn),
    );
  }

  async #call(name: string, asked: Asked, { console }: Opened, signedIn: SignedInSession) {
    const { limits } = this.#parts;
    const isLarge = console.takesLarge?.(name, signedIn) ?? false;
    const bytesMax = isLarge ? limits.largeCallBodyBytes : limits.callBodyBytes;
    const given = await this.#posted(asked, bytesMax);
    if ('answer' in given) return given.answer;
    const { place } = asked;
    const answered = await console.call(name, given.value, { signedIn, peer: place.peer });
    const leaves = answered.ok && name === 'signOut';
    return json(answered, leaves ? { 'set-cookie': cookieGone(place) } : {});
  }

  async #document(name: string, asked: Asked, { console }: Opened, signedIn: SignedInSession) {
    const caller = { signedIn, peer: asked.place.peer };
    const found = await console.document(name, asked.query, caller);
    if (found === undefined) return refusal('MESSAGE_UNKNOWN', 'There is no such document.');
    const { status, body, contentType, headers = {} } = found;
    return { status, body, headers: { 'content-type': contentType, ...headers } };
  }

  async #door(asked: Asked, opened: Opened): Promise<GatewayAnswer> {
    const { method, place, headers, query } = asked;
    const [, channel = '', path = ''] = /^\/c\/([^/]+)\/?(.*)$/.exec(asked.path) ?? [];
    const handle = this.#parts.doors.handlerOf(channel);
    if (handle === undefined) return plain(404, 'There is nothing here.');
    if (method !== 'GET' && method !== 'POST') return wrongMethod('GET, POST');
    // A program that is no browser has neither an Origin nor our cookie: it is nobody.
    const isProgram = headers.origin === undefined && headers.cookie === undefined;
    const origin = method === 'GET' || isProgram ? undefined : this.#foreignOrigin(asked);
    if (origin !== undefined) return origin;
    const isNobody = isProgram || isOtherSite(headers);
    const signedIn = isNobody ? undefined : await this.#signedIn(asked, opened);
    if (signedIn !== undefined) asked.body.known(signedIn.account.id);
    const request: DoorRequest = {
      method,
      path,
      query,
      contentType: headers['content-type'] ?? '',
      peer: place.peer,
      account: signedIn?.account,
      body: (maxBytes) => asked.body.read(Math.min(maxBytes, this.#parts.limits.doorBodyBytes)),
    };
    return this.#counted(signedIn, async () => {
      const { status, body, contentType, headers: own = {} } = await handle(request);
      return { status, body, headers: { 'content-type': contentType, ...own } };
    });
  }

  async #page({ method, path, headers }: Asked): Promise<GatewayAnswer> {
    if (method !== 'GET' && method !== 'HEAD') return wrongMethod('GET, HEAD');
    const accept = String(headers['accept-encoding'] ?? '');
    const file = await this.#parts.files.at(path, accept);
    if (file !== undefined) return { status: 200, ...file };
    const isMissing = path.startsWith('/page/') || FILE_LIKE.test(path);
    if (isMissing) return plain(404, 'There is nothing here.');
    const index = await this.#parts.files.index(accept);
    return index === undefined ? plain(503, NO_PAGE) : { status: 200, ...index };
  }

  /** The JSON that a page of ours posted, or why it is not taken. */
  async #posted(
    asked: Asked,
    maxBytes: number,
  ): Promise<{ readonly value: unknown } | { readonly answer: GatewayAnswer }> {
    if (asked.method !== 'POST') return { answer: wrongMethod('POST') };
    const origin = this.#foreignOrigin(asked);
    if (origin !== undefined) return { answer: origin };
    if (!isJson(asked.headers['content-type'])) {
      const answer = refusal('CALL_INVALID', 'The body must be application/json.');
      return { answer: { ...answer, status: 415 } };
    }
    const bytes = await asked.body.read(maxBytes);
    if (bytes === undefined) {
      const answer = refusal('CALL_INVALID', `The request is larger than ${maxBytes} bytes.`);
      return { answer: { ...answer, status: 413 } };
    }
    const value = parseJson(bytes);
    if (value !== undefined) return { value };
    return { answer: refusal('CALL_INVALID', 'The body is no JSON.') };
  }

  #foreignOrigin({ place, headers }: Asked): GatewayAnswer | undefined {
    const why = refusedOrigin(place, headers, this.#parts.publicUrl);
    return why === undefined ? undefined : this.#refuse('origin', why);
  }

  #refuse(reason: string, why: string): GatewayAnswer {
    this.#parts.refused(reason);
    return refusal('NOT_ALLOWED', why);
  }

  async #signedIn({ place, headers }: Asked, { sessions }: Opened) {
    const token = tokenIn(place, headers.cookie);
    return token === undefined ? undefined : sessions.find(token);
  }

  /** One account's requests must not keep the others waiting. */
  async #counted(
    signedIn: SignedInSession | undefined,
    work: () => Promise<GatewayAnswer>,
  ): Promise<GatewayAnswer> {
    const id = signedIn?.account.id;
    if (id === undefined) return work();
    const running = this.#running.get(id) ?? 0;
    if (running >= this.#parts.limits.requestsPerAccount) {
      this.#parts.refused('requests');
      return plain(429, 'Too many requests of this account at once; try again.');
    }
    this.#running.set(id, running + 1);
    try {
      return await work();
    } finally {
      const left = (this.#running.get(id) ?? 1) - 1;
      if (left === 0) this.#running.delete(id);
      else this.#running.set(id, left);
    }
  }
}
