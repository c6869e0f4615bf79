/**
 * Sessions of signed-in people (K1), and the links that begin one.
 *
 * Invariants: only hashes of tokens are stored; a link is used up by a compare-and-set, so it
 * signs in once; a session ends when it is revoked, when its time is over, when it has not been
 * seen for long, or when its account is gone.
 */

import type { Account } from '../schemas/account.js';

export interface Session {
  /** Names it in lists; not its token. */
  readonly id: string;
  readonly account: string;
  readonly createdAt: number;
  readonly seenAt: number;
  readonly expiresAt: number;
  readonly peer: string;
  /** The browser, as it names itself, shortened. */
  readonly program: string;
}

export interface SignedInSession {
  readonly session: Session;
  readonly account: Account;
}

export interface Sessions {
  /** A key that signs the account in once, within `lastsMs`. */
  makeLink(accountId: string, lastsMs?: number): Promise<string>;
  /** Uses the link up; undefined: unknown, used, or too late. */
  useLink(key: string): Promise<Account | undefined>;
  /**
   * The token goes into the cookie.
   * @param as the account that showed who it is: a password changed since then ends the session
   */
  open(
    accountId: string,
    from: { readonly peer: string; readonly program: string },
    as?: Account,
  ): Promise<{ readonly token: string; readonly session: Session }>;
  find(token: string): Promise<SignedInSession | undefined>;
  list(accountId: string): Promise<readonly Session[]>;
  /** Only one's own: the account is part of the name. True: there was such a session. */
  revoke(accountId: string, id: string): Promise<boolean>;
  /**
   * To be called after one's own password was changed: every other session ends, this one goes on.
   * Without it all of them end, since each holds for the password it began under.
   */
  revokeOthers(accountId: string, keep: string): Promise<number>;
  /** The account was changed or removed in this process: pages of ended sessions are closed. */
  accountChanged(accountId: string): void;
  /** Told of every session that ended here, so that its pages are closed. */
  onRevoked(run: (session: Session) => void): void;
}
