/**
 * Bodies of requests, whole and in memory: each within its own limit, all together within one.
 *
 * Invariant: nothing is read before who asks may send it, and what is taken from the common budget
 * is given back when the request ends, however it ends.
 */

import type { IncomingMessage } from 'node:http';

/** Whoever is not signed in; no account has this name. */
const STRANGER = '';

/** Bytes that all requests together may hold, and those of one account, or of all strangers. */
export class Budget {
  readonly #max: number;
  readonly #maxOfOne: number;
  readonly #takenBy = new Map<string, number>();
  #taken = 0;

  constructor(limits: { readonly bytes: number; readonly bytesOfOne: number }) {
    this.#max = limits.bytes;
    this.#maxOfOne = limits.bytesOfOne;
  }

  take(who: string, bytes: number): boolean {
    const own = (this.#takenBy.get(who) ?? 0) + bytes;
    if (this.#taken + bytes > this.#max || own > this.#maxOfOne) return false;
    this.#taken += bytes;
    this.#takenBy.set(who, own);
    return true;
  }

  give(who: string, bytes: number): void {
    this.#taken -= bytes;
    const own = (this.#takenBy.get(who) ?? 0) - bytes;
    if (own > 0) this.#takenBy.set(who, own);
    else this.#takenBy.delete(who);
  }
}

/**
 * Strangers whose bodies are awaited: of too many the one goes that has been awaited longest, so
 * that those who promise a body and do not send it keep nobody out.
 */
export class Waiting {
  readonly #max: number;
  readonly #requests = new Set<IncomingMessage>();

  constructor(max: number) {
    this.#max = max;
  }

  /** To be called back when the body is there. */
  enter(request: IncomingMessage): () => void {
    const [oldest] = this.#requests;
    if (this.#requests.size >= this.#max && oldest !== undefined) {
      this.#requests.delete(oldest);
      oldest.destroy();
    }
    this.#requests.add(request);
    return () => void this.#requests.delete(request);
  }
}

/** Too many bodies at once: the same request may be tried again. */
export class BusyError extends Error {}

/** Reads the body of one request; what it holds is given back by `release`. */
export class Body {
  readonly #request: IncomingMessage;
  readonly #budget: Budget;
  readonly #waiting: Waiting;
  #held = 0;
  #isCut = false;
  #account = STRANGER;

  constructor(request: IncomingMessage, budget: Budget, waiting: Waiting) {
    this.#request = request;
    this.#budget = budget;
    this.#waiting = waiting;
  }

  /** Somebody who is signed in sends it: there are other limits for these. */
  known(account: string): void {
    this.#account = account;
  }

  /** Something of it was left unread: the connection cannot carry another request. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** Undefined: it is larger. Rejects with BusyError, and when the peer goes away. */
  async read(maxBytes: number): Promise<Uint8Array | undefined> {
    if (Number(this.#request.headers['content-length'] ?? 0) > maxBytes) return this.#cut();
    if (this.#account !== STRANGER) return this.#all(maxBytes);
    const leave = this.#waiting.enter(this.#request);
    try {
      return await this.#all(maxBytes);
    } finally {
      leave();
    }
  }

  async #all(maxBytes: number): Promise<Uint8Array | undefined> {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of this.#request.iterator({ destroyOnReturn: false })) {
      if (!(chunk instanceof Uint8Array)) continue;
      bytes += chunk.byteLength;
      if (bytes > maxBytes) return this.#cut();
      if (!this.#budget.take(this.#account, chunk.byteLength)) {
        this.#isCut = true;
        throw new BusyError('Too many requests hold the memory for bodies; try again.');
      }
      this.#held += chunk.byteLength;
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  release(): void {
    this.#budget.give(this.#account, this.#held);
    this.#held = 0;
  }

  #cut(): undefined {
    this.#isCut = true;
    return undefined;
  }
}

/** Nothing that a page of ours sends is nested so deeply; parsing such takes seconds. */
const JSON_DEPTH_MAX = 100;
const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d]);

function isDeep(bytes: Uint8Array): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) inString = !inString;
    else if (inString) at += byte === BACKSLASH ? 1 : 0;
    else if (OPENING.has(byte)) depth += 1;
    else if (CLOSING.has(byte)) depth -= 1;
    if (depth > JSON_DEPTH_MAX) return true;
  }
  return false;
}

/** What a JSON body says; undefined: it is none, or nested without end. */
export function parseJson(bytes: Uint8Array): unknown {
  if (isDeep(bytes)) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const parsed: unknown = JSON.parse(text);
    return parsed;
  } catch {
    return undefined;
  }
}

export function isJson(contentType: string | undefined): boolean {
  return /^application\/json\s*(;|$)/i.test(contentType ?? '');
}
