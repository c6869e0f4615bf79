/**
 * User directory (C1): finds the subscriber by any of the account's addresses.
 *
 * An address counts only if both halves agree: the address document names the account, and the
 * account lists the address; else a temporary answer (DESIGN 6). Documents are cached for at most
 * CACHE_MS by the clock that never jumps, counted from before the read: so that a change reaches
 * every worker within 2 s (C9, law 7); `invalidate` makes it at once in this process.
 * An address of nobody is never cached: an account opened now gets mail now.
 */

import type { Account } from '../../schemas/account.js';
import { type Address, addressKey } from '../../schemas/address.js';
import type { AddressDocument } from '../../schemas/message.js';
import type { Clock, Directory, Found } from '../machinery.js';

/** The greatest age of a cached document. */
export const CACHE_MS = 2_000;
/** Accounts, and addresses, kept in the cache at most. */
export const CACHE_ENTRIES_MAX = 10_000;

/** What the directory reads; rejects when the store cannot be read. */
export interface DirectoryReads {
  address(key: string): Promise<AddressDocument | undefined>;
  account(id: string): Promise<Account | undefined>;
}

export interface CachedDirectory extends Directory {
  /** The account, at most CACHE_MS old; rejects when the store cannot be read. */
  account(id: string): Promise<Account | undefined>;
  /** Forgets what is cached of an account, because it was changed here. */
  invalidate(accountId: string): void;
}

/** A bounded cache of reads that are shared while they run and young enough afterwards. */
class ReadCache<T> {
  readonly #entries = new Map<string, { readonly at: number; readonly value: Promise<T> }>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The cached value of `key`, or what `read` gives; `keep` says whether that may stay. */
  get(key: string, read: () => Promise<T>, keep: (value: T) => boolean): Promise<T> {
    const now = this.#clock.monotonic();
    const hit = this.#entries.get(key);
    if (hit !== undefined && now - hit.at < CACHE_MS) return hit.value;
    const value = read();
    this.#entries.delete(key);
    this.#entries.set(key, { at: now, value });
    const drop = () => {
      if (this.#entries.get(key)?.value === value) this.#entries.delete(key);
    };
    value.then((found) => {
      if (!keep(found)) drop();
    }, drop);
    const oldest = this.#entries.keys().next();
    if (this.#entries.size > CACHE_ENTRIES_MAX && !oldest.done) this.#entries.delete(oldest.value);
    return value;
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }
}

function sameAddress(a: Address, b: Address): boolean {
  return a.channel === b.channel && a.value === b.value;
}

/** The directory over any way of reading the two kinds of document. */
export function createDirectory(options: {
  readonly reads: DirectoryReads;
  readonly clock: Clock;
}): CachedDirectory {
  const { reads, clock } = options;
  const accounts = new ReadCache<Account | undefined>(clock);
  const addresses = new ReadCache<AddressDocument | undefined>(clock);
  const present = (value: unknown) => value !== undefined;
  const taken = (half: AddressDocument | undefined) => half !== undefined && half.removed !== true;

  const account = (id: string) => accounts.get(id, () => reads.account(id), present);

  async function look(address: Address): Promise<Found> {
    const key = addressKey(address);
    const half = await addresses.get(key, () => reads.address(key), taken);
    if (half === undefined || half.removed === true) return { kind: 'nobody' };
    const owner = await account(half.account);
    if (owner?.addresses.some((own) => sameAddress(own, address)) === true) {
      return { kind: 'subscriber', account: owner };
    }
    // One of them may be old: what disagrees is read afresh next time.
    addresses.delete(key);
    accounts.delete(half.account);
    return { kind: 'tryLater', reason: 'address and account do not agree yet' };
  }

  return {
    account,
    async find(address) {
      try {
        return await look(address);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        return { kind: 'tryLater', reason: `the directory cannot be read: ${why}` };
      }
    },
    invalidate: (accountId) => accounts.delete(accountId),
  };
}
