/**
 * Who may do what (K1): the one table which the channels, the API, the console and the command
 * line ask.
 */

import type { Account, Role } from '../../schemas/account.js';
import type { Address } from '../../schemas/address.js';

const EVERYBODY: readonly Role[] = ['subscriber', 'operator'];
const OPERATORS: readonly Role[] = ['operator'];

const RIGHTS = {
  /** Submit messages to subscribers and, tracked, to anybody outside (A13). */
  'message.send': EVERYBODY,
  /** Read one's own messages, and the state of what one sent. */
  'own.read': EVERYBODY,
  /** Change one's own devices, profiles, quiet time and password. */
  'own.change': EVERYBODY,
  /** See everybody's envelopes, states and history; never bodies. */
  'message.track': OPERATORS,
  /** Open somebody else's body; audited by the caller. */
  'message.open': OPERATORS,
  /** Release, retry, resend, redirect, edit. */
  'message.command': OPERATORS,
  'account.manage': OPERATORS,
  'switch.manage': OPERATORS,
  /** Write under a sender address that is not one's own. */
  'sender.any': OPERATORS,
} as const satisfies Readonly<Record<string, readonly Role[]>>;

export type Action = keyof typeof RIGHTS;

/** Whether one of the account's roles has the right. */
export function may(account: Account, action: Action): boolean {
  const roles: readonly Role[] = RIGHTS[action];
  return account.roles.some((role) => roles.includes(role));
}

/** Whether the account may write under this sender address: its own, or any with the right. */
export function mayWriteAs(account: Account, sender: Address): boolean {
  const owns = account.addresses.some(
    (own) => own.channel === sender.channel && own.value === sender.value,
  );
  return owns || may(account, 'sender.any');
}
