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

/** Signed, expiring tokens that bring bounces and replies home. */
export interface Tokens {
  /** At most 57 characters of [0-9a-z.-], so that `bounce+` and it fit a local part. */
  sign(purpose: 'bounce' | 'reply', messageKey: string, delivery: number): string;
  verify(
    purpose: 'bounce' | 'reply',
    token: string,
  ): { readonly messageKey: string; readonly delivery: number } | undefined;
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
}

/** What a delivery agent is given. */
export interface DeliverContext<Config> {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly tokens: Tokens;
}
