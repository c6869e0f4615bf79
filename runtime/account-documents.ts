/**
 * Accounts and addresses as documents: how they are read, written and claimed.
 *
 * An address document is claimed first, then the account takes the address up; on the way back the
 * account gives it up first, then the document is released. A crash between leaves a claim without
 * an account: it counts for nobody (451), lapses after CLAIM_LASTS_MS, and anybody's next claim, or
 * `releaseLapsed` at a start, repairs it.
 */

import type { Clock, Failure } from '../actors/machinery.js';
import type { DirectoryReads } from '../actors/user-manager/directory.js';
import type { Account } from '../schemas/account.js';
import { type Address, addressKey } from '../schemas/address.js';
import type { AddressDocument } from '../schemas/message.js';
import { failure, sameAddress } from './account-change.js';
import type { DocumentHead, Store, StoredDocument } from './store/store.js';

/** So long a claim holds although the account does not list the address yet. */
export const CLAIM_LASTS_MS = 60_000;
/** Index row of every account. */
export const ALL_ACCOUNTS = 'account/all';

const CLAIM_TRIES = 8;
const TOKEN_BYTES = 12;
const PAGE = 256;
const ADDRESS_PREFIX = 'keys/address/';

const HEAD: DocumentHead = {
  rows: [],
  lookAt: null,
  dueAt: null,
  lane: '',
  closed: false,
  outboxSize: 0,
  purgeAt: null,
  unique: null,
};

export interface HeldAccount {
  readonly account: Account;
  readonly rev: number;
}

export function accountKey(id: string): string {
  return `account/${id}`;
}

/** Index row of the accounts with this name: one. */
export function nameRow(name: string): string {
  return `account-name/${name}`;
}

export function roleRow(role: string): string {
  return `account-role/${role}`;
}

/** A random token, by which a save of unknown result can be settled. */
export function saveToken(clock: Clock): string {
  return Buffer.from(clock.random(TOKEN_BYTES)).toString('hex');
}

export function accountHead(account: Account): DocumentHead {
  const rows = [ALL_ACCOUNTS, nameRow(account.name), ...account.roles.map(roleRow)];
  return { ...HEAD, rows, unique: nameRow(account.name) };
}

/** A document that only waits to be purged; its name is free again. */
export function closedHead(now: number): DocumentHead {
  return { ...HEAD, closed: true, purgeAt: now };
}

function isAccount(value: unknown): value is Account {
  if (typeof value !== 'object' || value === null) return false;
  const lists = ['addresses', 'devices', 'profiles', 'active', 'roles'];
  const held = new Map<string, unknown>(Object.entries(value));
  return typeof held.get('id') === 'string' && lists.every((name) => Array.isArray(held.get(name)));
}

function isAddressDocument(value: unknown): value is AddressDocument {
  if (typeof value !== 'object' || value === null) return false;
  return 'account' in value && typeof value.account === 'string' && 'address' in value;
}

/** The account with its revision; undefined: there is none, or it is removed. */
export async function readAccount(store: Store, id: string): Promise<HeldAccount | undefined> {
  const stored = await store.get(accountKey(id));
  if (stored === undefined || stored.head.closed || !isAccount(stored.value)) return undefined;
  return { account: stored.value, rev: stored.rev };
}

function addressOf(stored: StoredDocument | undefined): AddressDocument | undefined {
  return stored !== undefined && isAddressDocument(stored.value) ? stored.value : undefined;
}

/** What the directory reads, from the store. */
export function directoryReads(store: Store): DirectoryReads {
  return {
    address: async (key) => addressOf(await store.get(key)),
    account: async (id) => (await readAccount(store, id))?.account,
  };
}

/** Who owns the address as far as both halves agree; `claimed`: the account may yet take it up. */
async function standingOf(
  store: Store,
  held: AddressDocument,
  now: number,
): Promise<'free' | 'owned' | 'claimed'> {
  if (held.removed === true) return 'free';
  const owner = (await readAccount(store, held.account))?.account;
  if (owner?.addresses.some((own) => sameAddress(own, held.address)) === true) return 'owned';
  return (held.claimedAt ?? 0) + CLAIM_LASTS_MS > now ? 'claimed' : 'free';
}

/** Claims an address for an account; twice is once. */
export async function claimAddress(
  parts: { readonly store: Store; readonly clock: Clock },
  address: Address,
  account: string,
): Promise<Failure | undefined> {
  const { store, clock } = parts;
  const key = addressKey(address);
  for (let i = 0; i < CLAIM_TRIES; i += 1) {
    const value: AddressDocument = { key, address, account, claimedAt: clock.now() };
    const created = await store.create({ key, value, head: HEAD, token: saveToken(clock) });
    if (created.ok) return undefined;
    const stored = await store.get(key);
    const held = addressOf(stored);
    if (stored === undefined || held === undefined) continue;
    const mine = held.account === account && held.removed !== true;
    const standing = await standingOf(store, held, clock.now());
    if (mine && standing === 'owned') return undefined;
    if (!mine && standing === 'owned') {
      return failure('ADDRESS_TAKEN', `${address.value} belongs to another account.`);
    }
    if (!mine && standing === 'claimed') {
      const message = `${address.value} is being taken by another account; try in a minute.`;
      return failure('ADDRESS_TAKEN', message);
    }
    const again = { key, rev: stored.rev, value, head: HEAD, token: saveToken(clock) };
    if ((await store.save(again)).ok) return undefined;
  }
  return failure('ACCOUNT_CHANGED', `${address.value} is being changed by others; try again.`);
}

/** Gives an address up, if it is this account's. */
export async function releaseAddress(
  parts: { readonly store: Store; readonly clock: Clock },
  address: Address,
  account: string,
): Promise<void> {
  const { store, clock } = parts;
  const key = addressKey(address);
  for (let i = 0; i < CLAIM_TRIES; i += 1) {
    const stored = await store.get(key);
    const held = addressOf(stored);
    if (stored === undefined || held === undefined) return;
    if (held.account !== account || held.removed === true) return;
    const value: AddressDocument = { ...held, removed: true };
    const head = closedHead(clock.now());
    const saved = await store.save({ key, rev: stored.rev, value, head, token: saveToken(clock) });
    if (saved.ok) return;
  }
}

/** Releases every claim that no account took up; the number of them. For the start. */
export async function releaseLapsed(parts: {
  readonly store: Store;
  readonly clock: Clock;
}): Promise<number> {
  const { store, clock } = parts;
  let released = 0;
  let after: string | undefined;
  for (;;) {
    const range = {
      limit: PAGE,
      order: 'ascending',
      ...(after !== undefined && { after }),
    } as const;
    const keys = await store.list(ADDRESS_PREFIX, range);
    for (const key of keys) {
      const held = addressOf(await store.get(key));
      if (held === undefined || held.removed === true) continue;
      if ((await standingOf(store, held, clock.now())) !== 'free') continue;
      await releaseAddress(parts, held.address, held.account);
      released += 1;
    }
    after = keys.at(-1);
    if (after === undefined) return released;
  }
}
