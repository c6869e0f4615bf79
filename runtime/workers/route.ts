/**
 * The routing role: asks the user manager where a message goes. The decision is made from one
 * version of the account, and the event that carries it names that version (C9).
 */

import type { Deliverer } from '../../actors/channel.js';
import type { Clock } from '../../actors/machinery.js';
import { decide, decideOutside } from '../../actors/user-manager/decision-maker.js';
import type { CachedDirectory } from '../../actors/user-manager/directory.js';
import type { Policies } from '../../actors/user-manager/policies.js';
import type { Address, Recipient } from '../../schemas/address.js';
import type { Decision } from '../../schemas/decision.js';
import type { MessageInput } from '../../schemas/message.js';

export interface Routing {
  /** Undefined: the account cannot be read now, somebody must look again. */
  decide(about: {
    readonly input: MessageInput;
    readonly recipient: Recipient;
    readonly releasedBy?: string | undefined;
  }): Promise<Decision | undefined>;
}

export function createRouting(parts: {
  readonly directory: CachedDirectory;
  readonly clock: Clock;
  readonly policies: () => Policies;
  readonly deliverers: ReadonlyMap<string, Deliverer>;
}): Routing {
  const absent = (address: Address, account: string) =>
    parts.deliverers.get(address.channel)?.absent?.(address, account);
  return {
    async decide({ input, recipient, releasedBy }) {
      const { header, sender } = input;
      const facts = { absent, ...(releasedBy === undefined ? {} : { releasedBy }) };
      const shared = { recipient, header, facts, now: parts.clock.now() };
      const policies = parts.policies();
      if (recipient.kind === 'outside') return decideOutside({ ...shared, policies });
      const account = await parts.directory.account(recipient.account).catch(() => 'unreadable');
      if (account === 'unreadable' || typeof account === 'string') return undefined;
      if (account !== undefined) return decide({ ...shared, sender, account, policies });
      const because = `the account ${recipient.account} does not exist any more`;
      const reasons = [{ rule: 'account', effect: 'blocked' as const, text: because }];
      return { kind: 'refuse', status: '5.1.6', because, reasons };
    },
  };
}
