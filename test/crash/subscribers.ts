/** Who has what in the crash matrix: each subscriber makes the messages for it go another way. */

import type { Accounts, Changed } from '../../runtime/accounts.js';
import type { Account } from '../../schemas/account.js';
import type { Address } from '../../schemas/address.js';
import { DOMAIN } from './configuration.js';

const FAR_AWAY_MS = 10 * 365 * 24 * 3_600_000;

export interface Subscriber {
  readonly name: string;
  /**
   * Addresses on channels; or a channel's name: the endpoint that every account has there. None:
   * whatever a new account does.
   */
  readonly ways: readonly (Address | string)[];
  readonly lastResort: 'inbox' | 'dead';
  readonly quiet?: true;
}

/** The address of a subscriber here. */
export function addressOf(name: string): string {
  return `${name}@${DOMAIN}`;
}

function must(changed: Changed): Account {
  if (!changed.ok) throw new Error(changed.message);
  return changed.account;
}

export async function openSubscribers(
  accounts: Accounts,
  subscribers: readonly Subscriber[],
): Promise<void> {
  for (const { name, ways, lastResort, quiet } of subscribers) {
    let account = must(await accounts.create({ name }));
    const { id, createdAt } = account;
    const endpoints: string[] = [];
    for (const way of ways) {
      const known = endpointAt(account, way);
      if (known === undefined && typeof way !== 'string') {
        const device = { name: `${way.channel} device`, addresses: [way] };
        account = must(await accounts.addDevice(id, device));
      }
      endpoints.push(known ?? endpointAt(account, way) ?? '');
    }
    if (ways.length === 0) continue;
    const steps = [{ endpoints }];
    const profile = { id: 'p', name: 'P', steps, confirms: 'all', lastResort } as const;
    must(await accounts.putProfile(id, profile));
    must(await accounts.setActive(id, { profile: 'p' }));
    if (quiet)
      must(await accounts.setQuiet(id, { until: createdAt + FAR_AWAY_MS, exceptions: [] }));
  }
}

function endpointAt({ devices }: Account, way: Address | string): string | undefined {
  const endpoints = devices.flatMap((device) => device.endpoints);
  if (typeof way === 'string') return endpoints.find(({ id }) => id === way)?.id;
  const isThere = ({ channel, value }: Address) => channel === way.channel && value === way.value;
  return endpoints.find(({ address }) => isThere(address))?.id;
}
