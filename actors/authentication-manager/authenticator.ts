/**
 * Authentication manager: name and password → account (K1).
 *
 * Stages: is the peer slowed down → find the account → is the same pair known from a moment ago →
 * scrypt. What is remembered is an HMAC under a key of this process over account, stored hash and
 * password: a changed password forgets itself. Failures tell nobody whether the name exists.
 */

import { createHmac } from 'node:crypto';
import type { Account } from '../../schemas/account.js';
import type { Authenticator, Clock, Failure, Log, SignedIn } from '../machinery.js';
import { FailureLimit } from './failure-limit.js';
import {
  hashingBusy,
  PASSWORD_CHARACTERS_MAX,
  pretendToVerify,
  verifyPassword,
} from './password.js';

/** How long a pair that was right is remembered. */
export const REMEMBER_MS = 5 * 60_000;
/** Pairs remembered at most; the oldest goes. */
export const REMEMBERED_MAX = 10_000;
const NAME_CHARACTERS_MAX = 320;
const KEY_BYTES = 32;
/** What a peer is told to wait while too many hashes wait. */
const BUSY_MS = 1_000;

const WRONG: Failure = {
  ok: false,
  code: 'SIGN_IN_FAILED',
  message: 'Name or password is wrong. Check both, or ask an operator to set a new password.',
};

function slow(waitMs: number): Failure {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  const message = `Too many failed sign-ins from there. Wait ${seconds} s and try again.`;
  return { ok: false, code: 'SIGN_IN_RATE', message };
}

/** Right pairs of a moment ago, so that a mail program's next connection costs no 50 ms. */
class Remembered {
  readonly #clock: Clock;
  readonly #key: Uint8Array;
  readonly #until = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#key = clock.random(KEY_BYTES);
  }

  mark(account: Account, password: string): string {
    const pair = JSON.stringify([account.id, account.password, password]);
    return createHmac('sha256', this.#key).update(pair).digest('base64');
  }

  has(mark: string): boolean {
    const until = this.#until.get(mark);
    if (until === undefined) return false;
    if (this.#clock.monotonic() < until) return true;
    this.#until.delete(mark);
    return false;
  }

  add(mark: string): void {
    this.#until.set(mark, this.#clock.monotonic() + REMEMBER_MS);
    const oldest = this.#until.keys().next();
    if (this.#until.size > REMEMBERED_MAX && !oldest.done) this.#until.delete(oldest.value);
  }
}

/**
 * One try at a time for one peer and name: a hundred guesses sent at once meet the pause like a
 * hundred sent in turn, and of a hundred right sign-ins only the first one costs a hash.
 */
class Lines {
  readonly #last = new Map<string, Promise<unknown>>();

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#last.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#last.get(key) === mine) this.#last.delete(key);
    }
  }
}

/** The authentication manager over any way of finding an account by its name or an address. */
export function createAuthenticator(options: {
  readonly lookup: (nameOrAddress: string) => Promise<Account | undefined>;
  readonly clock: Clock;
  readonly log: Log;
}): Authenticator {
  const { lookup, clock, log } = options;
  const limit = new FailureLimit(clock);
  const remembered = new Remembered(clock);
  const lines = new Lines();

  async function check(account: Account | undefined, password: string): Promise<boolean> {
    if (account?.password === undefined) {
      await pretendToVerify(password);
      return false;
    }
    const mark = remembered.mark(account, password);
    if (remembered.has(mark)) return true;
    if (!(await verifyPassword(password, account.password))) return false;
    remembered.add(mark);
    return true;
  }

  function isKnown(account: Account | undefined, password: string): boolean {
    return account?.password !== undefined && remembered.has(remembered.mark(account, password));
  }

  async function find(name: string): Promise<Account | Failure | undefined> {
    try {
      return await lookup(name);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      log.error('signIn.unavailable', { reason: why });
      const message = `Accounts cannot be read right now (${why}). Try again in a minute.`;
      return { ok: false, code: 'STORE_UNAVAILABLE', message };
    }
  }

  async function attempt(name: string, password: string, peer: string): Promise<SignedIn> {
    const pausedMs = limit.pausedMs(peer, name);
    if (pausedMs > 0) {
      log.debug('signIn.slowed', { peer, waitMs: pausedMs });
      return slow(pausedMs);
    }
    const account = await find(name);
    if (account !== undefined && 'ok' in account) return account;
    // Who was right a moment ago costs no hash: guessers from everywhere do not keep him out.
    if (!isKnown(account, password) && hashingBusy()) return slow(BUSY_MS);
    const right = await check(account, password);
    if (right && account !== undefined) {
      limit.succeeded(peer, name);
      log.debug('signIn.ok', { peer, account: account.id });
      return { ok: true, account };
    }
    limit.failed(peer, name);
    log.warn('signIn.failed', { peer, account: account?.id });
    return WRONG;
  }

  return {
    async signIn(name, password, peer) {
      const wanted = name.normalize('NFC').trim().toLowerCase();
      if (wanted.length > NAME_CHARACTERS_MAX || password.length > PASSWORD_CHARACTERS_MAX) {
        return WRONG;
      }
      return lines.run(`${peer} ${wanted}`, () => attempt(wanted, password, peer));
    },
  };
}
