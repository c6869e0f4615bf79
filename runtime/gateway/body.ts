/**
 * Bodies of requests, whole and in memory: each within its own limit, all together within one.
 *
 * Invariant: nothing is read before who asks may send it, and what is taken from the common budget
 * is given back when the request ends, however it ends.
 */

import type { IncomingMessage } from 'node:http';

/** Bytes that all requests together may hold. */
export class Budget {
  readonly #max: number;
  #taken = 0;

  constructor(maxBytes: number) {
    this.#max = maxBytes;
  }

  take(bytes: number): boolean {
    if (this.#taken + bytes > this.#max) return false;
    this.#taken += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#taken -= bytes;
  }
}

/** Too many bodies at once: the same request may be tried again. */
export class BusyError extends Error {}

/** Reads the body of one request; what it holds is given back by `release`. */
export class Body {
  readonly #request: IncomingMessage;
  readonly #budget: Budget;
  #held = 0;
  #isCut = false;

  constructor(request: IncomingMessage, budget: Budget) {
    this.#request = request;
    this.#budget = budget;
  }

  /** Something of it was left unread: the connection cannot carry another request. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** Undefined: it is larger. Rejects with BusyError, and when the peer goes away. */
  async read(maxBytes: number): Promise<Uint8Array | undefined> {
    if (Number(this.#request.headers['content-length'] ?? 0) > maxBytes) return this.#cut();
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of this.#request.iterator({ destroyOnReturn: false })) {
      if (!(chunk instanceof Uint8Array)) continue;
      bytes += chunk.byteLength;
      if (bytes > maxBytes) return this.#cut();
      if (!this.#budget.take(chunk.byteLength)) {
        this.#isCut = true;
        throw new BusyError('Too many requests hold the memory for bodies; try again.');
      }
      this.#held += chunk.byteLength;
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  release(): void {
    this.#budget.give(this.#held);
    this.#held = 0;
  }

  #cut(): undefined {
    this.#isCut = true;
    return undefined;
  }
}

/** What a JSON body says; undefined: it is none. */
export function parseJson(bytes: Uint8Array): unknown {
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
