/**
 * Delivery policy in layers (D1): what a channel's documentation says, over it what the operator
 * set for the channel, over that what the subscriber set. Pure.
 */

import type { Account } from '../../schemas/account.js';
import type { DeliveryPolicy } from '../../schemas/delivery.js';

/** What is known about every channel that this switch can deliver by, by channel name. */
export interface Policies {
  /** Each channel's own (`facts.policy`); a channel that is absent here cannot deliver. */
  readonly channels: Readonly<Record<string, DeliveryPolicy>>;
  /** The operator's configuration. */
  readonly operator: Readonly<Record<string, Partial<DeliveryPolicy>>>;
}

/** The value of an own property: a channel named `constructor` must not find Object's. */
function own<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}

/** The policy for one channel; undefined: the switch cannot deliver by it. */
export function policyFor(
  channel: string,
  policies: Policies,
  account?: Account,
): DeliveryPolicy | undefined {
  const base = own(policies.channels, channel);
  if (base === undefined) return undefined;
  return { ...base, ...own(policies.operator, channel), ...own(account?.policy, channel) };
}
