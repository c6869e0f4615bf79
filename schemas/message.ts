/** The message: one submission for one recipient. Document `msg/<submission>.<n>` (DESIGN 3). */

import type { Address, Recipient } from './address.js';
import type { Decision, Plan } from './decision.js';
import type { Delivery, FormattedCopy, Outcome } from './delivery.js';
import type {
  Content,
  Header,
  Origin,
  ReportWish,
  Sender,
  SubmissionRecipient,
} from './submission.js';

/** What a message knows from its birth; never changes. */
export interface MessageInput {
  readonly key: string;
  readonly createdAt: number;
  readonly recipient: Recipient;
  readonly sender: Sender;
  readonly header: Header;
  readonly origin: Origin;
  readonly content: Content;
  readonly report: ReportWish;
  readonly hops: number;
}

/** What the machine keeps. Pure data; `dueAt` is the time by which somebody must look again. */
export interface MessageContext {
  readonly input: MessageInput;
  /** Changed by REDIRECT only. */
  readonly recipient: Recipient;
  /** Changed by EDIT only. */
  readonly content: Content;
  readonly plan?: Plan;
  readonly deliveries: readonly Delivery[];
  /** How many steps of the plan have been started. */
  readonly stepsStarted: number;
  /** When the next step starts although the one before may still succeed. */
  readonly nextStepAt: number | null;
  readonly heldUntil: number | null;
  readonly expiresAt: number | null;
  readonly dueAt: number | null;
  /** How often it was decided anew; deliveries of earlier rounds are history only. */
  readonly round: number;
  /** It was long under way, and that is told: once, whatever the round. */
  readonly delayTold?: true;
  /** The person who said "deliver now": it is not held again. */
  readonly releasedBy?: string;
  /** Why it ended so, for people. */
  readonly because?: string;
  /** Identifiers of observations already applied, the newest last, bounded (law 3). */
  readonly seen: readonly string[];
}

interface At {
  readonly at: number;
}

/** Observations carry an identifier: applying one twice changes nothing. */
interface Observed extends At {
  readonly id: string;
}

export type MessageEvent =
  | ({ readonly type: 'STORED' } & At)
  | ({ readonly type: 'ROUTED'; readonly decision: Decision } & At)
  | ({ readonly type: 'DISPATCHED' } & At)
  | ({
      readonly type: 'SENDING';
      readonly delivery: number;
      readonly attempt: string;
      readonly phase: 'claimed' | 'bytesSent';
      readonly worker: string;
      readonly copy?: FormattedCopy;
    } & At)
  | ({
      readonly type: 'OUTCOME';
      readonly delivery: number;
      /** '' for a late fact that names only the delivery (a bounce). */
      readonly attempt: string;
      readonly outcome: Outcome;
      readonly tookMs?: number;
    } & Observed)
  /** The worker that made the attempt is gone. */
  | ({
      readonly type: 'ATTEMPT_LOST';
      readonly delivery: number;
      readonly attempt: string;
    } & Observed)
  | ({ readonly type: 'DUE' } & At)
  /** Commands of a person: `by` names them. */
  | ({ readonly type: 'RELEASE'; readonly by: string } & Observed)
  /** What it was held for has changed: decided anew, without anybody's word for it. */
  | ({ readonly type: 'REVIEW'; readonly by: string } & Observed)
  | ({ readonly type: 'RETRY'; readonly by: string } & Observed)
  | ({ readonly type: 'RESEND'; readonly by: string } & Observed)
  | ({ readonly type: 'REDIRECT'; readonly by: string; readonly to: Recipient } & Observed)
  | ({ readonly type: 'EDIT'; readonly by: string; readonly content: Content } & Observed)
  /** Looked at many times and never moved (law 9). */
  | ({ readonly type: 'STUCK'; readonly looks: number } & At);

/** `dispatched` → { dispatched: 'waiting' } and so on; `received`, `stored`, … are plain. */
export type MessageStateValue =
  | 'received'
  | 'stored'
  | { readonly routed: 'planned' | 'held' }
  | { readonly dispatched: 'waiting' | 'retrying' | 'partlyFailed' }
  | 'confirmed'
  | { readonly failed: 'dead' | 'expired' | 'refused' | 'returned' };

/** One line of the tracker: written in the same write as what it tells of (law 12). */
export interface HistoryEntry {
  readonly event: MessageEvent;
  /** The state after the event, e.g. `dispatched.waiting`. */
  readonly state: string;
  /** Time since the message was last saved, in milliseconds. */
  readonly tookMs: number;
  readonly worker: string;
}

/** The creation of another document; its key follows from this one's, so twice is once. */
export type OutboxEntry =
  /** A report on this message to its sender. */
  | { readonly kind: 'report'; readonly id: string; readonly action: ReportAction }
  /** A dead message for the operators' eyes. */
  | { readonly kind: 'deadNotice'; readonly id: string }
  /** The messages of further recipients, `from` to the end of `fanout`. */
  | { readonly kind: 'fanout'; readonly id: string; readonly from: number };

export type ReportAction = 'failed' | 'delayed' | 'delivered' | 'relayed';

export interface MessageDocument {
  readonly key: string;
  readonly machineVersion: number;
  /** Dotted: `received`, `routed.held`, `dispatched.retrying`, … */
  readonly state: string;
  readonly input: MessageInput;
  readonly context: Omit<MessageContext, 'input'>;
  readonly outbox: readonly OutboxEntry[];
  readonly history: readonly HistoryEntry[];
  /** Number of entries that moved to overflow documents `history/<key>/<k>`. */
  readonly historyMoved: number;
  readonly closed: boolean;
  readonly dueAt: number | null;
  readonly lookAt: number | null;
  /** How often the sweep looked since the machine last moved. */
  readonly looks: number;
  readonly purgeAt: number;
  readonly savedAt: number;
  /** Of `.0` only: the further recipients still to be created. */
  readonly fanout?: readonly SubmissionRecipient[];
  readonly unique?: string;
  readonly answered?: boolean;
  /** Whether the sender was told, or why not (law 9). */
  readonly senderTold?: string;
}

export interface AddressDocument {
  readonly key: string;
  readonly address: Address;
  readonly account: string;
  /** When the account claimed it; a claim that the account never took up lapses. */
  readonly claimedAt?: number;
  /** Given up: anybody may claim it. */
  readonly removed?: true;
}
