/** Accounts made up for the user manager's tests. */

import type { DecisionInput } from '../../../actors/user-manager/decision-maker.js';
import type { Policies } from '../../../actors/user-manager/policies.js';
import type { Account, Profile } from '../../../schemas/account.js';
import type { DeliveryPolicy } from '../../../schemas/delivery.js';

export const NOW = 1_700_000_000_000;

export const POLICY: DeliveryPolicy = {
  success: 'accepted',
  trials: 5,
  retryMs: [60_000],
  expiryMs: 86_400_000,
  confirmWithinMs: 60_000,
  onAmbiguous: 'retry',
};

export const POLICIES: Policies = {
  channels: { chat: POLICY, post: POLICY, pager: POLICY, shelf: POLICY },
  operator: {},
};

export function aProfile(
  id: string,
  steps: Profile['steps'],
  more: Partial<Profile> = {},
): Profile {
  return { id, name: id, steps, confirms: 'any', lastResort: 'inbox', ...more };
}

/** Endpoints chat, post, pager on channels of those names, and shelf as the last resort. */
export function anAccount(given: Partial<Account> = {}): Account {
  const device = (id: string) => ({
    id,
    name: id,
    endpoints: [{ id, address: { channel: id, value: `r@${id}` } }],
  });
  const shelf = { channel: 'shelf', value: 'r1' };
  return {
    id: 'r1',
    name: 'r',
    version: 41,
    roles: ['subscriber'],
    addresses: [{ channel: 'post', value: 'r@switch.example' }],
    devices: [
      device('chat'),
      device('post'),
      device('pager'),
      {
        id: 'shelf',
        name: 'shelf',
        endpoints: [{ id: 'shelf', address: shelf, lastResort: true }],
      },
    ],
    profiles: [aProfile('work', [{ endpoints: ['chat', 'post'] }])],
    defaultProfile: 'work',
    active: [],
    createdAt: NOW,
    ...given,
  };
}

export function anInput(account: Account, given: Partial<DecisionInput> = {}): DecisionInput {
  const via = { channel: 'post', value: 'r@switch.example' };
  return {
    account,
    recipient: { kind: 'subscriber', account: account.id, via },
    sender: {
      address: { channel: 'post', value: 'boss@example.org' },
      verification: { verified: true, how: 'DKIM ok' },
    },
    header: { subject: 'Server room', priority: 'normal', size: 100 },
    facts: {},
    now: NOW,
    policies: POLICIES,
    ...given,
  };
}
