/**
 * Accounts (C1, C2): opened, changed and removed.
 *
 * Invariants: every change is one compare-and-set of the account's document with its version + 1
 * (C9), applied again to what stands if somebody was faster; addresses are claimed before an
 * account lists them and released after it has given them up. Expected failures are values.
 */

import type { Clock, Failure } from '../actors/machinery.js';
import type {
  Account,
  ActiveSetting,
  Profile,
  Quiet,
  Role,
  Unverified,
} from '../schemas/account.js';
import { type Address, addressKey } from '../schemas/address.js';
import type { AddressDocument } from '../schemas/message.js';
import * as change from './account-change.js';
import * as documents from './account-documents.js';
import type { NewAccount, WrittenAddress } from './account-opening.js';
import * as opening from './account-opening.js';
import { givingCode, takingCode, verified } from './device-code.js';
import type { Range, Store } from './store/store.js';

export { recipientOf } from './account-opening.js';

const CHANGE_TRIES = 16;
const LIST_MAX = 1_000;

export type Changed = change.Changed;

export interface NewDevice {
  readonly name: string;
  readonly addresses: readonly WrittenAddress[];
  /** The code that must come back first; absent: it is used at once. */
  readonly unverified?: Unverified;
}

export interface Accounts {
  create(account: NewAccount): Promise<Changed>;
  get(id: string): Promise<Account | undefined>;
  /** By name, identifier, or any address of any channel. */
  find(text: string): Promise<Account | undefined>;
  list(wanted?: {
    readonly role?: Role;
    readonly after?: string;
    readonly limit?: number;
  }): Promise<readonly Account[]>;
  addAddress(id: string, address: WrittenAddress): Promise<Changed>;
  removeAddress(id: string, address: WrittenAddress): Promise<Changed>;
  addDevice(id: string, device: NewDevice): Promise<Changed>;
  /** Every profile that names the endpoint has the new address at once. */
  moveEndpoint(id: string, endpoint: string, address: WrittenAddress): Promise<Changed>;
  /** A new code for an endpoint that is not verified yet. */
  giveCode(id: string, endpoint: string, unverified: Unverified): Promise<Changed>;
  /** The right code verifies the endpoint; another one costs a try. */
  takeCode(id: string, endpoint: string, code: string): Promise<Changed>;
  removeDevice(id: string, device: string): Promise<Changed>;
  putProfile(id: string, profile: Profile): Promise<Changed>;
  removeProfile(id: string, profile: string): Promise<Changed>;
  setActive(id: string, setting: ActiveSetting): Promise<Changed>;
  clearActive(id: string): Promise<Changed>;
  setQuiet(id: string, quiet: Quiet): Promise<Changed>;
  clearQuiet(id: string): Promise<Changed>;
  setPassword(id: string, password: string): Promise<Changed>;
  setRoles(id: string, roles: readonly Role[]): Promise<Changed>;
  remove(id: string): Promise<{ readonly ok: true } | Failure>;
  /** Releases claims that no account took up; for the start. */
  repair(): Promise<number>;
}

export interface AccountsParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly channels: opening.AddressChannels;
  /** What an account of this name is reached at on this switch. */
  readonly defaultAddresses: (name: string) => readonly WrittenAddress[];
  /** Called after each change in this process, e.g. to empty a cache. */
  readonly changed?: (accountId: string) => void;
}

class StoredAccounts implements Accounts {
  readonly #parts: AccountsParts;
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(parts: AccountsParts) {
    this.#parts = parts;
    this.#store = parts.store;
    this.#clock = parts.clock;
  }

  async create(wanted: NewAccount): Promise<Changed> {
    const name = change.accountName(wanted.name);
    if (name === undefined) {
      const message = `"${wanted.name}" cannot name an account: use a-z, 0-9, dot, dash.`;
      return change.failure('ACCOUNT_INVALID', message);
    }
    const exists = change.failure('ACCOUNT_EXISTS', `An account named ${name} exists.`);
    const addresses = opening.normalAddresses(this.#parts.channels, [
      ...this.#parts.defaultAddresses(name),
      ...(wanted.addresses ?? []),
    ]);
    if (opening.isFailure(addresses)) return addresses;
    if (addresses.length > change.ADDRESSES_MAX) {
      const message = `An account may have ${change.ADDRESSES_MAX} addresses.`;
      return change.failure('ACCOUNT_LIMIT', message);
    }
    const hash = await opening.hashNewPassword(this.#clock, wanted.password);
    if (hash !== undefined && typeof hash !== 'string') return hash;
    return this.#guarded(async () => {
      if ((await this.#byName(name)) !== undefined) return exists;
      const account = opening.openedAccount(this.#parts, {
        name,
        addresses,
        roles: wanted.roles ?? ['subscriber'],
        ...(hash !== undefined && { password: hash }),
      });
      const taken = await this.#claimAll(account);
      if (taken !== undefined) return taken;
      const created = await this.#store.create({
        key: documents.accountKey(account.id),
        value: account,
        head: documents.accountHead(account),
        token: documents.saveToken(this.#clock),
      });
      if (created.ok) return this.#told(account);
      await this.#releaseAll(account.id, addresses);
      return exists;
    });
  }

  async get(id: string): Promise<Account | undefined> {
    return (await documents.readAccount(this.#store, id))?.account;
  }

  async find(text: string): Promise<Account | undefined> {
    const name = change.accountName(text);
    const named = name === undefined ? undefined : await this.#byName(name);
    if (named !== undefined) return named;
    const byId = await this.get(text);
    if (byId !== undefined) return byId;
    const reads = documents.directoryReads(this.#store);
    for (const channel of this.#parts.channels) {
      const parsed = channel.address(text);
      if (!parsed.ok) continue;
      const held: AddressDocument | undefined = await reads.address(addressKey(parsed.address));
      if (held === undefined || held.removed === true) continue;
      const account = await this.get(held.account);
      const lists = account?.addresses.some((own) => change.sameAddress(own, parsed.address));
      if (lists === true) return account;
    }
    return undefined;
  }

  async list(
    wanted: { readonly role?: Role; readonly after?: string; readonly limit?: number } = {},
  ): Promise<readonly Account[]> {
    const { role, after } = wanted;
    const row = role === undefined ? documents.ALL_ACCOUNTS : documents.roleRow(role);
    const range: Range = {
      limit: Math.min(wanted.limit ?? LIST_MAX, LIST_MAX),
      order: 'ascending',
      ...(after !== undefined && { after: documents.accountKey(after) }),
    };
    const keys = await this.#store.list(row, range);
    const prefix = documents.accountKey('').length;
    const found = await Promise.all(keys.map((key) => this.get(key.slice(prefix))));
    return found.filter((account) => account !== undefined);
  }

  async addAddress(id: string, written: WrittenAddress): Promise<Changed> {
    const address = opening.normalAddress(this.#parts.channels, written);
    if (opening.isFailure(address)) return address;
    return this.#guarded(async () => {
      const account = await this.get(id);
      if (account === undefined) return this.#unknown(id);
      const possible = change.addingAddress(address)(account);
      if (!possible.ok) return possible;
      const taken = await documents.claimAddress(this.#parts, address, id);
      if (taken !== undefined) return taken;
      const added = await this.#change(id, change.addingAddress(address));
      if (!added.ok) await documents.releaseAddress(this.#parts, address, id);
      return added;
    });
  }

  async removeAddress(id: string, written: WrittenAddress): Promise<Changed> {
    const address = opening.normalAddress(this.#parts.channels, written);
    if (opening.isFailure(address)) return address;
    return this.#guarded(async () => {
      const removed = await this.#change(id, change.removingAddress(address));
      // Also when the account has it no more: a crash may have left the claim behind.
      await documents.releaseAddress(this.#parts, address, id);
      return removed;
    });
  }

  async addDevice(id: string, { name, addresses, unverified }: NewDevice): Promise<Changed> {
    const normal = opening.normalAddresses(this.#parts.channels, addresses);
    if (opening.isFailure(normal)) return normal;
    return this.#guarded(() => this.#change(id, change.addingDevice(name, normal, unverified)));
  }

  giveCode(id: string, endpoint: string, unverified: Unverified): Promise<Changed> {
    return this.#guarded(() => this.#change(id, givingCode(endpoint, unverified)));
  }

  async takeCode(id: string, endpoint: string, code: string): Promise<Changed> {
    const now = this.#clock.now();
    const taken = await this.#guarded(() => this.#change(id, takingCode(endpoint, code, now)));
    return taken.ok ? verified(taken.account, endpoint) : taken;
  }

  async moveEndpoint(id: string, endpoint: string, written: WrittenAddress): Promise<Changed> {
    const address = opening.normalAddress(this.#parts.channels, written);
    if (opening.isFailure(address)) return address;
    return this.#guarded(() => this.#change(id, change.movingEndpoint(endpoint, address)));
  }

  removeDevice(id: string, device: string): Promise<Changed> {
    return this.#guarded(() => this.#change(id, change.removingDevice(device)));
  }

  putProfile(id: string, profile: Profile): Promise<Changed> {
    return this.#guarded(() => this.#change(id, change.puttingProfile(profile)));
  }

  removeProfile(id: string, profile: string): Promise<Changed> {
    return this.#guarded(() => this.#change(id, change.removingProfile(profile)));
  }

  setActive(id: string, setting: ActiveSetting): Promise<Changed> {
    return this.#guarded(() => {
      return this.#change(id, change.settingActive(setting, this.#clock.now()));
    });
  }

  clearActive(id: string): Promise<Changed> {
    return this.#guarded(() => this.#change(id, change.clearingActive));
  }

  setQuiet(id: string, quiet: Quiet): Promise<Changed> {
    return this.#guarded(() => this.#change(id, change.settingQuiet(quiet, this.#clock.now())));
  }

  clearQuiet(id: string): Promise<Changed> {
    return this.#guarded(() => this.#change(id, change.clearingQuiet));
  }

  async setPassword(id: string, password: string): Promise<Changed> {
    const hash = await opening.hashNewPassword(this.#clock, password);
    if (typeof hash !== 'string') return hash ?? this.#unknown(id);
    return this.#guarded(() => this.#change(id, change.settingPassword(hash)));
  }

  setRoles(id: string, roles: readonly Role[]): Promise<Changed> {
    return this.#guarded(() => this.#change(id, change.settingRoles(roles)));
  }

  async remove(id: string): Promise<{ readonly ok: true } | Failure> {
    return this.#guarded(async () => {
      for (let i = 0; i < CHANGE_TRIES; i += 1) {
        const held = await documents.readAccount(this.#store, id);
        if (held === undefined) return this.#unknown(id);
        const saved = await this.#store.save({
          key: documents.accountKey(id),
          rev: held.rev,
          value: opening.emptied(held.account),
          head: documents.closedHead(this.#clock.now()),
          token: documents.saveToken(this.#clock),
        });
        if (!saved.ok) continue;
        this.#parts.changed?.(id);
        await this.#releaseAll(id, held.account.addresses);
        return { ok: true };
      }
      return this.#busy(id);
    });
  }

  repair(): Promise<number> {
    return documents.releaseLapsed(this.#parts);
  }

  async #byName(name: string): Promise<Account | undefined> {
    const row = documents.nameRow(name);
    const [key] = await this.#store.list(row, { limit: 1, order: 'ascending' });
    return key === undefined ? undefined : this.get(key.slice(documents.accountKey('').length));
  }

  async #claimAll(account: Account): Promise<Failure | undefined> {
    const claimed: Address[] = [];
    for (const address of account.addresses) {
      const taken = await documents.claimAddress(this.#parts, address, account.id);
      if (taken !== undefined) {
        await this.#releaseAll(account.id, claimed);
        return taken;
      }
      claimed.push(address);
    }
    return undefined;
  }

  async #releaseAll(id: string, addresses: readonly Address[]): Promise<void> {
    for (const address of addresses) await documents.releaseAddress(this.#parts, address, id);
  }

  async #change(id: string, alter: change.Change): Promise<Changed> {
    for (let i = 0; i < CHANGE_TRIES; i += 1) {
      const held = await documents.readAccount(this.#store, id);
      if (held === undefined) return this.#unknown(id);
      const altered = alter(held.account);
      if (!altered.ok || altered.account === held.account) return altered;
      const account = { ...altered.account, version: held.account.version + 1 };
      const saved = await this.#store.save({
        key: documents.accountKey(id),
        rev: held.rev,
        value: account,
        head: documents.accountHead(account),
        token: documents.saveToken(this.#clock),
      });
      if (saved.ok) return this.#told(account);
    }
    return this.#busy(id);
  }

  #told(account: Account): Changed {
    this.#parts.changed?.(account.id);
    return { ok: true, account };
  }

  #unknown(id: string): Failure {
    return change.failure('ACCOUNT_UNKNOWN', `There is no account ${id}.`);
  }

  #busy(id: string): Failure {
    const message = `Account ${id} is being changed by others all the time; try again.`;
    return change.failure('ACCOUNT_CHANGED', message);
  }

  /** What the store cannot do right now is a failure; what it did anyway, the same call repairs. */
  async #guarded<T>(work: () => Promise<T>): Promise<T | Failure> {
    try {
      return await work();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return change.failure('STORE_UNAVAILABLE', `Accounts cannot be changed right now: ${why}`);
    }
  }
}

/** Accounts over a store. */
export function createAccounts(parts: AccountsParts): Accounts {
  return new StoredAccounts(parts);
}
