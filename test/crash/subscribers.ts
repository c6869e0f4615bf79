/** Who has what in the crash matrix: each subscriber makes the mail for it go another way. */

import type { Accounts, Changed } from '../../runtime/accounts.js';
import type { Account } from '../../schemas/account.js';

export const DOMAIN = 'crash.example';
const FAR_AWAY_MS = 10 * 365 * 24 * 3_600_000;

interface Subscriber {
  readonly name: string;
  /** The endpoints of the one step; `phone` is an outside mail address. */
  readonly endpoints: readonly string[];
  readonly lastResort: 'inbox' | 'dead';
  readonly quiet?: true;
}

const SUBSCRIBERS: readonly Subscriber[] = [
  { name: 'plain', endpoints: ['phone'], lastResort: 'inbox' },
  { name: 'other', endpoints: ['phone'], lastResort: 'inbox' },
  { name: 'kept', endpoints: ['inbox'], lastResort: 'inbox' },
  { name: 'refused', endpoints: ['phone'], lastResort: 'dead' },
  { name: 'retried', endpoints: ['phone'], lastResort: 'inbox' },
  { name: 'held', endpoints: ['phone'], lastResort: 'inbox', quiet: true },
  { name: 'both', endpoints: ['inbox', 'phone'], lastResort: 'inbox' },
];

/** The address of a subscriber here. */
export function addressOf(name: string): string {
  return `${name}@${DOMAIN}`;
}

/** The address of its phone, outside. */
export function phoneOf(name: string): string {
  return `${name}@phones.example`;
}

function must(changed: Changed): Account {
  if (!changed.ok) throw new Error(changed.message);
  return changed.account;
}

export async function openSubscribers(accounts: Accounts, operator: string): Promise<void> {
  must(await accounts.create({ name: operator, roles: ['subscriber', 'operator'] }));
  for (const { name, endpoints, lastResort, quiet } of SUBSCRIBERS) {
    const { id, createdAt } = must(await accounts.create({ name }));
    const addresses = [{ channel: 'email', value: phoneOf(name) }];
    must(await accounts.addDevice(id, { name: 'phone', addresses }));
    const steps = [{ endpoints }];
    const profile = { id: 'p', name: 'P', steps, confirms: 'all', lastResort } as const;
    must(await accounts.putProfile(id, profile));
    must(await accounts.setActive(id, { profile: 'p' }));
    if (quiet)
      must(await accounts.setQuiet(id, { until: createdAt + FAR_AWAY_MS, exceptions: [] }));
  }
}
