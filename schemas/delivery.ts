/** Deliveries (one message to one endpoint) and the outcomes of their attempts. */

import type { Address } from './address.js';

/** How far a confirmation goes; `kept` is the archive's, which is never called delivered. */
export type Level = 'accepted' | 'kept' | 'delivered' | 'read';

/** The outcome of one attempt (law 6). `status` is an enhanced status code of RFC 3463. */
export type Outcome = OutcomeFacts &
  (
    | { readonly result: 'confirmed'; readonly level: Exclude<Level, 'accepted'> }
    /** The peer took responsibility; a receipt may follow. */
    | { readonly result: 'accepted' }
    /** Temporary: try again, not before `afterMs` where the peer or the channel says so. */
    | { readonly result: 'retry'; readonly afterMs?: number }
    /** Not tried at all (destination paused, no capacity): costs no trial. */
    | { readonly result: 'postponed'; readonly afterMs: number }
    | { readonly result: 'failed' }
  );

export interface OutcomeFacts {
  readonly status: string;
  /** For operators: what the peer said, or what happened. */
  readonly reason: string;
  /** Who said so, e.g. "mx.example.net [192.0.2.1]". */
  readonly peer?: string;
  /** The peer's identifier of the message, to match later receipts. */
  readonly peerReference?: string;
  /** Nobody knows whether the peer took it: the connection was lost after the last byte. */
  readonly ambiguous?: true;
  /** Time spent by stage in milliseconds, for the tracker. */
  readonly stagesMs?: Readonly<Record<string, number>>;
}

/** What the operator decided for a channel or a subscriber (D1). */
export interface DeliveryPolicy {
  /** The level at which a delivery counts as confirmed. */
  readonly success: 'accepted' | 'delivered' | 'read';
  readonly trials: number;
  /** Waiting times between trials; the last one repeats. */
  readonly retryMs: readonly number[];
  readonly expiryMs: number;
  /** How long to wait for a receipt that is due. */
  readonly confirmWithinMs: number;
  /** What to do when nobody knows whether an attempt arrived (law 5). */
  readonly onAmbiguous: 'retry' | 'hold';
}

/** The protocol-formatted copy of an attempt (E4): head, followed by the raw content or `bytes`. */
export interface FormattedCopy {
  /** Header lines put above the content, CRLF at the end of each. */
  readonly head: string;
  /** Absent: the submission's raw content follows `head` unchanged. */
  readonly body?: { readonly blob: string } | { readonly bytes: Uint8Array };
}

/** Recorded before the byte that makes the peer responsible (law 5). */
export interface Attempt {
  /** `<delivery>.<trial>.<nonce>`: delivery from 0, trial from 1, the nonce the worker's own. */
  readonly id: string;
  readonly phase: 'claimed' | 'bytesSent';
  readonly at: number;
  /** The worker that makes it. */
  readonly worker: string;
}

/**
 * `ready`: somebody may take it from `dueAt` on · `sending`: `attempt` says how far ·
 * `accepted`: the peer has it, a receipt is due by `dueAt` · the rest are ends;
 * `skipped`: not needed, another one confirmed or the message ended.
 */
export type DeliveryPhase = 'ready' | 'sending' | 'accepted' | 'confirmed' | 'failed' | 'skipped';

export interface Delivery {
  readonly id: number;
  /** Number of the plan's step that it belongs to. */
  readonly step: number;
  /** The subscriber's endpoint; absent for somebody outside. */
  readonly endpoint?: string;
  /** Frozen at dispatch (law 7). */
  readonly address: Address;
  readonly policy: DeliveryPolicy;
  readonly phase: DeliveryPhase;
  readonly trials: number;
  readonly dueAt: number;
  readonly expiresAt: number;
  readonly attempt?: Attempt;
  readonly possibleDuplicate?: true;
  readonly level?: Level;
  /** The latest outcome. */
  readonly last?: { readonly at: number; readonly status: string; readonly reason: string };
}
