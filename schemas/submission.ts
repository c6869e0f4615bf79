/** What an agent accepted, before it is split into one message for each recipient. */

import type { Address, Recipient } from './address.js';
import type { Priority, Umf } from './umf.js';

/** How sure we are that the sender is who it says (SPF, DKIM, DMARC, a password, a signature). */
export interface Verification {
  readonly verified: boolean;
  /** For people: "DKIM ok", "password", "SPF fail". */
  readonly how: string;
}

export interface Sender {
  readonly address?: Address;
  readonly name?: string;
  /** The subscriber who sent it, where the sender signed in or the address is a subscriber's. */
  readonly account?: string;
  readonly verification: Verification;
}

/** The salient features that decisions are made from (p. 11); the body stays in the content. */
export interface Header {
  readonly subject?: string;
  readonly priority: Priority;
  /** The sender's own identifier, e.g. the Message-ID. */
  readonly reference?: string;
  readonly conversation?: string;
  readonly size: number;
  readonly desiredTime?: number;
  readonly expiry?: number;
  /** Made by a program as an answer (RFC 3834): it is never answered by a report. */
  readonly automatic?: true;
  /** No answer to it goes home: a program's answer would quote what only the recipient may know. */
  readonly unanswerable?: true;
}

/** Where the content lies: raw bytes of a channel's wire format, or a UMF made by the switch. */
export type Content =
  | { readonly kind: 'raw'; readonly channel: string; readonly at: ContentPlace }
  | { readonly kind: 'umf'; readonly umf: Umf };

/** `own`: stored in the same atomic write as the submission's first message; else a blob. */
export type ContentPlace =
  | { readonly in: 'own'; readonly key: string }
  | { readonly in: 'blob'; readonly key: string };

/** What the sender asked to be told (RFC 3461 NOTIFY; other channels map onto it). */
export interface ReportWish {
  readonly success: boolean;
  readonly failure: boolean;
  readonly delay: boolean;
  readonly envelopeId?: string;
  readonly originalRecipient?: string;
  readonly returnFull?: boolean;
}

/** How the message came in, for the tracker. */
export interface Origin {
  readonly channel: string;
  /** Peer's address and how the line was secured, for operators: "192.0.2.7, TLS 1.3". */
  readonly peer: string;
  /** When the connection's transaction began: entry time of the receiving agent (p. 16). */
  readonly startedAt: number;
  /** What the channel's own trace line tells of the line it came over; text for its agents only. */
  readonly trace?: Readonly<Record<string, string>>;
}

export interface SubmissionRecipient {
  readonly to: Recipient;
  readonly report: ReportWish;
}

export interface Submission {
  readonly sender: Sender;
  readonly header: Header;
  readonly origin: Origin;
  /** How many switches have handled it before: loops end by it (law 10). */
  readonly hops: number;
  readonly recipients: readonly SubmissionRecipient[];
  readonly content:
    | { readonly kind: 'bytes'; readonly channel: string; readonly bytes: Uint8Array }
    | { readonly kind: 'blob'; readonly channel: string; readonly key: string }
    | { readonly kind: 'umf'; readonly umf: Umf };
  /**
   * The key of law 13: hash over the source and its own identifier. `untilAnswered`: it counts
   * only while the peer has not been answered, and for 15 minutes (SMTP).
   */
  readonly unique?: { readonly hash: string; readonly lasts: 'always' | 'untilAnswered' };
  /** A given identifier, where it follows from another document's (reports, replies). */
  readonly id?: string;
}
