/** What the actors ask of the machinery; runtime implements it. */

import type { Account } from '../schemas/account.js';
import type { Address, Recipient } from '../schemas/address.js';
import type { Outcome } from '../schemas/delivery.js';
import type { ErrorCode } from '../schemas/errors.js';
import type { Submission } from '../schemas/submission.js';

export interface Timer {
  cancel(): void;
}

/** Time and chance, injected: nothing else calls Date.now(), setTimeout() or Math.random(). */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds of a clock that never jumps; only differences mean something. */
  monotonic(): number;
  after(ms: number, run: () => void): Timer;
  random(bytes: number): Uint8Array;
}

/** `event` is dotted ("delivery.confirmed"); addresses among the facts are hashed by the logger. */
export interface Log {
  debug(event: string, facts?: Readonly<Record<string, unknown>>): void;
  info(event: string, facts?: Readonly<Record<string, unknown>>): void;
  warn(event: string, facts?: Readonly<Record<string, unknown>>): void;
  error(event: string, facts?: Readonly<Record<string, unknown>>): void;
}

/** An expected failure as a value: what happened, to what, and what to do. */
export interface Failure {
  readonly ok: false;
  readonly code: ErrorCode;
  readonly message: string;
}

export type Found =
  | { readonly kind: 'subscriber'; readonly account: Account }
  | { readonly kind: 'nobody' }
  /** The two halves disagree, or the store cannot be read: a temporary error (451). */
  | { readonly kind: 'tryLater'; readonly reason: string };

export interface Directory {
  find(address: Address): Promise<Found>;
  /** At most 2 s old; rejects when the store cannot be read. */
  account(id: string): Promise<Account | undefined>;
}

export type SignedIn = { readonly ok: true; readonly account: Account } | Failure;

export interface Authenticator {
  /** `peer` is the remote address, for rate limits. */
  signIn(name: string, password: string, peer: string): Promise<SignedIn>;
}

export type Accepted =
  | {
      readonly ok: true;
      /** The submission's identifier; an old one when the same input came again (law 13). */
      readonly id: string;
      readonly again: boolean;
      /** To be called once: was the peer told? Then the message goes on its way. */
      proceed(answer: { readonly answered: boolean }): void;
    }
  /** Our own trouble: nothing is stored, the peer may try again. */
  | Failure;

/** What a token is for: one for another purpose is worth nothing. */
export type TokenPurpose = 'bounce' | 'reply' | 'receipt';

/** Signed, expiring tokens that bring bounces, replies and receipts home. */
export interface Tokens {
  /** At most 57 characters of [0-9a-z.-], so that `bounce+` and it fit a local part. */
  sign(purpose: TokenPurpose, messageKey: string, delivery: number): string;
  verify(
    purpose: TokenPurpose,
    token: string,
  ): { readonly messageKey: string; readonly delivery: number } | undefined;
}

/**
 * An open page of a signed-in person, as a channel sees it: its own line in both directions, over
 * whatever carries it. Frames are JSON values. What is sent to a page that is gone is lost.
 */
export interface Page {
  readonly account: string;
  readonly name: string;
  /** Bytes that the page has not taken yet; above a limit the carrier closes it. */
  backlog(): number;
  send(frame: unknown): void;
  onFrame(run: (frame: unknown) => void): void;
  onClose(run: () => void): void;
}

/** A request to a channel's own path, `/c/<channel>/<path>`; its origin has been checked. */
export interface DoorRequest {
  readonly method: 'GET' | 'POST';
  /** Without the leading `/c/<channel>/` and the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly contentType: string;
  /** The remote address, for limits and the tracker. */
  readonly peer: string;
  /** Who is signed in; undefined: nobody. */
  readonly account: Account | undefined;
  /** At most `maxBytes`; undefined: it is larger. */
  body(maxBytes: number): Promise<Uint8Array | undefined>;
}

export interface DoorAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The switch's web door (`http.listen`), for a channel that speaks to browsers. */
export interface Door {
  /** "http://localhost:2580": where browsers find it. */
  readonly url: string;
  serve(handle: (request: DoorRequest) => Promise<DoorAnswer>): void;
  /** Told of each page that opens, until it closes. */
  pages(open: (page: Page) => void): void;
}

/** What a receiving agent is given. */
export interface ReceiveContext<Config> {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly directory: Directory;
  /** The operators, for addresses that always lead to people in charge; rejects as a store does. */
  operators(): Promise<readonly Recipient[]>;
  readonly authenticator: Authenticator;
  readonly tokens: Tokens;
  /** Resolves only after one flushed write holds everything (law 1). */
  accept(submission: Submission): Promise<Accepted>;
  /** Streams content that is too large to travel in the submission; resolves to its blob key. */
  putContent(chunks: AsyncIterable<Uint8Array>): Promise<{ key: string; size: number }>;
  /** A late fact about an earlier delivery (a bounce, a receipt): stored when it resolves. */
  observe(fact: {
    readonly messageKey: string;
    readonly delivery: number;
    readonly id: string;
    readonly outcome: Outcome;
  }): Promise<void>;
  /** Why nothing may be accepted right now; undefined: all is well. */
  refusing(): string | undefined;
  /** Where a person's text leads: an account, "channel:address", or a bare address. */
  recipient(text: string): Promise<Recipient | undefined>;
  /** Where an answer to this message goes: to its sender; undefined: nowhere. */
  home(messageKey: string): Promise<Home | undefined>;
  /** Undefined: the switch has no web door. */
  readonly door: Door | undefined;
  secret(name: string, bytes: number): Promise<Uint8Array>;
}

/** The person that an answer goes home to, and the conversation that it belongs to. */
export interface Home {
  readonly to: Recipient;
  readonly conversation?: string;
  /** The answered message: whose it was, and its sender's own identifier of it. */
  readonly of: {
    readonly recipient: Recipient;
    /** The account that sent it. */
    readonly sender?: string;
    readonly reference?: string;
  };
}

/** What a delivery agent is given. */
export interface DeliverContext<Config> {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly tokens: Tokens;
  /** Random bytes of the channel's own: made once, kept in the store. */
  secret(name: string, bytes: number): Promise<Uint8Array>;
}
