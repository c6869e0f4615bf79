/**
 * When the domain has changed, or a channel has come on which accounts have addresses, every
 * account gets its address there too; the old ones stay, so that nobody's mail is refused on the
 * day of the change. Where such a channel gives a device, the account gets that as well, and where
 * its standard profile only keeps messages, the device comes before. What there was at the last
 * start stands in the store.
 *
 * Invariant: a crash in between repeats it at the next start; giving an address twice is giving it
 * once. An address that somebody else has is told in the log and left.
 */

import type { Clock, Log } from '../actors/machinery.js';
import type { Account } from '../schemas/account.js';
import {
  type AddressChannels,
  firstDevices,
  normalAddress,
  type WrittenAddress,
} from './account-opening.js';
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
  readonly channels: AddressChannels;
  readonly defaultAddresses: (name: string) => readonly WrittenAddress[];
}

/** The number of addresses given; 0 when nothing has changed since the last start. */
export async function giveHomeAddresses(parts: HomeParts): Promise<number> {
  const { store, domain } = parts;
  const known = await store.get(KEY);
  const pattern = JSON.stringify(parts.defaultAddresses('{name}'));
  if (known?.value === pattern) return 0;
  const begun = `begun ${pattern}`;
  const isRepeated = known?.value === begun;
  const rev = isRepeated ? known.rev : await remember(parts, begun, known?.rev);
  let given = 0;
  let after: string | undefined;
  for (;;) {
    const from = after === undefined ? {} : { after };
    const page = await parts.accounts.list({ ...from, limit: PAGE });
    for (const account of page) given += await giveOne({ ...parts, isRepeated }, account);
    if (page.length < PAGE) break;
    after = page.at(-1)?.id;
  }
  await remember(parts, pattern, rev);
  if (given > 0) parts.log.info('accounts.homeAddresses', { domain, given });
  return given;
}

async function giveOne(
  parts: HomeParts & { readonly isRepeated: boolean },
  { id, name, version }: Account,
): Promise<number> {
  const { accounts, defaultAddresses, log, isRepeated } = parts;
  let given = 0;
  for (const address of defaultAddresses(name)) {
    const added = await accounts.addAddress(id, address);
    if (!added.ok) {
      log.warn('accounts.homeAddress', { account: name, reason: added.message });
      continue;
    }
    const isNew = added.account.version > version;
    if (isNew) given += 1;
    // A crash may have come between the address and the device.
    if (isNew || isRepeated) await giveDevice(parts, added.account, address);
  }
  return given;
}

/** The device that comes with a channel, for an account that has nothing there yet. */
async function giveDevice(
  { accounts, channels, log }: HomeParts,
  account: Account,
  written: WrittenAddress,
): Promise<void> {
  const address = normalAddress(channels, written);
  if (!('channel' in address)) return;
  const [device] = firstDevices(channels, [address]);
  const has = account.devices.some(({ endpoints }) =>
    endpoints.some((own) => own.address.channel === written.channel),
  );
  if (device === undefined || has) return;
  const added = await accounts.addDevice(account.id, { name: device.name, addresses: [address] });
  if (!added.ok) {
    log.warn('accounts.homeDevice', { account: account.name, reason: added.message });
    return;
  }
  const endpoint = added.account.devices.at(-1)?.endpoints[0]?.id;
  const profile = added.account.profiles.find(({ id }) => id === added.account.defaultProfile);
  const keeper = added.account.devices
    .flatMap(({ endpoints }) => endpoints)
    .find(({ lastResort }) => lastResort === true)?.id;
  const [first, ...others] = profile?.steps ?? [];
  const onlyKeeps = others.length === 0 && first?.endpoints.join() === keeper;
  if (profile === undefined || first === undefined || endpoint === undefined || !onlyKeeps) return;
  const steps = [{ endpoints: [endpoint] }, first];
  await accounts.putProfile(account.id, { ...profile, steps });
}

/** Resolves to the revision it then has. */
async function remember(
  { store, clock }: HomeParts,
  pattern: string,
  rev?: number,
): Promise<number> {
  const token = Buffer.from(clock.random(TOKEN_BYTES)).toString('base64url');
  const times = { lookAt: null, dueAt: null, purgeAt: null };
  const head = { rows: [], ...times, lane: '', closed: true, outboxSize: 0, unique: null };
  const written = { key: KEY, value: pattern, head, token };
  const done =
    rev === undefined ? await store.create(written) : await store.save({ ...written, rev });
  // Only one process is at this; had another one been faster, the next start would do it again.
  return done.ok ? done.rev : (rev ?? 1);
}
