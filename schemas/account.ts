/**
 * Accounts (C1, C2): identity → profiles → endpoints → devices. Document `account/<id>`.
 * Each of its addresses has a document `address/<channel>/<value>`, created first; a look-up counts
 * only if both agree.
 */

import type { Address } from './address.js';
import type { DeliveryPolicy } from './delivery.js';

export type Role = 'subscriber' | 'operator';

/** A code is on its way to an endpoint; nothing else goes there until it has come back. */
export interface Unverified {
  /** Of the code; never shown to anybody. */
  readonly codeHash?: string;
  readonly sentAt: number;
  readonly triesLeft: number;
  readonly expiresAt: number;
}

export interface Endpoint {
  readonly id: string;
  readonly address: Address;
  /** Its subscriber named the address, and has not shown yet to be reached there. */
  readonly unverified?: Unverified;
  /** The place of last resort, made with the account. */
  readonly lastResort?: true;
}

/** A thing a subscriber has: a phone, a laptop, a mailbox. */
export interface Device {
  readonly id: string;
  readonly name: string;
  readonly endpoints: readonly Endpoint[];
}

/** Endpoints that are tried together, after the step before had `waitMs` without confirmation. */
export interface ProfileStep {
  readonly endpoints: readonly string[];
  /** After this time without confirmation the next step starts too; absent: only after failure. */
  readonly waitMs?: number;
}

export interface Profile {
  readonly id: string;
  readonly name: string;
  readonly steps: readonly ProfileStep[];
  /** Of the endpoints of one step: does one confirmation suffice, or is each one awaited? */
  readonly confirms: 'any' | 'all';
  /** When every way has failed: keep in the inbox, or to the operator as a dead message. */
  readonly lastResort: 'inbox' | 'dead';
}

/** A profile chosen by hand, within [from, until). */
export interface ActiveSetting {
  readonly profile: string;
  readonly from?: number;
  readonly until?: number;
}

/** Whose messages pass a quiet time. Every given feature must match. */
export interface Exception {
  readonly sender?: string;
  readonly subject?: string;
  readonly priority?: 'high' | 'urgent';
  readonly destination?: string;
}

/** Do not disturb (C4): messages wait until `until`, then the profile active then decides. */
export interface Quiet {
  readonly until: number;
  readonly exceptions: readonly Exception[];
  /** The profile whose channels take what passes; absent: the active one. */
  readonly profile?: string;
}

export interface Account {
  readonly id: string;
  readonly name: string;
  /** Counts every change; a decision names the version it was made from (C9). */
  readonly version: number;
  readonly roles: readonly Role[];
  /** scrypt, as `scrypt$N$r$p$salt$hash` in base64. */
  readonly password?: string;
  readonly addresses: readonly Address[];
  readonly devices: readonly Device[];
  readonly profiles: readonly Profile[];
  readonly defaultProfile: string;
  /** Later entries win. */
  readonly active: readonly ActiveSetting[];
  readonly quiet?: Quiet;
  /** Policy by channel name, over the operator's. */
  readonly policy?: Readonly<Record<string, Partial<DeliveryPolicy>>>;
  readonly createdAt: number;
}
