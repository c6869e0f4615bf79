/** One SMTP transaction: what is known between MAIL and the reply to DATA, and its replies. */

import type { Account } from '../../../schemas/account.js';
import type { SubmissionRecipient } from '../../../schemas/submission.js';
import type { Mailbox } from './address.js';
import type { BounceTarget } from './receive-bounce.js';

/** Between MAIL and the reply to DATA. */
export interface Transaction {
  readonly startedAt: number;
  readonly mailFrom: Mailbox | undefined;
  /** The subscriber who signed in, or whose address the envelope names. */
  readonly account: Account | undefined;
  /** By normal form and account: a repeated RCPT replaces the first. */
  readonly recipients: Map<string, SubmissionRecipient>;
  readonly bounces: Map<string, BounceTarget>;
}

/** A refusal: reply code and text, which begins with an enhanced status code (RFC 3463). */
export interface Refusal {
  readonly code: number;
  readonly text: string;
}

export type DataReply =
  | (Refusal & { readonly ok: false })
  | {
      readonly ok: true;
      readonly text: string;
      /** Called once: were the bytes of the reply handed to the network? */
      readonly told: (answered: boolean) => void;
    };
