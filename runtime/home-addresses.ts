/**
 * When the domain has changed, every account gets its address there too; the old ones stay, so that
 * nobody's mail is refused on the day of the change. What the last domain was stands in the store.
 *
 * Invariant: a crash in between repeats it at the next start; giving an address twice is giving it
 * once. An address that somebody else has is told in the log and left.
 */

import type { Clock, Log } from '../actors/machinery.js';
import type { Account } from '../schemas/account.js';
import type { WrittenAddress } from './account-opening.js';
import type { Accounts } from './accounts.js';
import type { Store } from './store/store.js';

const KEY = 'setting/domain';
const PAGE = 500;
const TOKEN_BYTES = 9;

export interface HomeParts {
  readonly accounts: Accounts;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly domain: string;
  readonly defaultAddresses: (name: string) => readonly WrittenAddress[];
}

/** The number of addresses given; 0 when the domain is the one of the last start. */
export async function giveHomeAddresses(parts: HomeParts): Promise<number> {
  const { store, domain } = parts;
  const known = await store.get(KEY);
  if (known?.value === domain) return 0;
  let given = 0;
  let after: string | undefined;
  for (;;) {
    const from = after === undefined ? {} : { after };
    const page = await parts.accounts.list({ ...from, limit: PAGE });
    for (const account of page) given += await giveOne(parts, account);
    if (page.length < PAGE) break;
    after = page.at(-1)?.id;
  }
  await remember(parts, known?.rev);
  if (given > 0) parts.log.info('accounts.homeAddresses', { domain, given });
  return given;
}

async function giveOne(
  { accounts, defaultAddresses, log }: HomeParts,
  { id, name, version }: Account,
): Promise<number> {
  let given = 0;
  for (const address of defaultAddresses(name)) {
    const added = await accounts.addAddress(id, address);
    if (added.ok) given += added.account.version > version ? 1 : 0;
    else log.warn('accounts.homeAddress', { account: name, reason: added.message });
  }
  return given;
}

async function remember({ store, clock, domain }: HomeParts, rev?: number): Promise<void> {
  const token = Buffer.from(clock.random(TOKEN_BYTES)).toString('base64url');
  const times = { lookAt: null, dueAt: null, purgeAt: null };
  const head = { rows: [], ...times, lane: '', closed: true, outboxSize: 0, unique: null };
  const written = { key: KEY, value: domain, head, token };
  if (rev === undefined) await store.create(written);
  else await store.save({ ...written, rev });
}
