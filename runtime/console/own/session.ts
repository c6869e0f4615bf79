/** Calls about who is signed in: me, sign-out, sessions, the password. */

import Type from 'typebox';
import { may } from '../../../actors/authentication-manager/rights.js';
import type { ChannelEntry, Me, SessionSummary } from '../../../schemas/console.js';
import { PASSWORD_CHARACTERS_MIN } from '../../account-opening.js';
import { visible } from '../../operations/on-accounts.js';
import { refuse } from '../../operations/operation.js';
import type { Session } from '../../sessions.js';
import { version } from '../../version.js';
import { type Caller, type CallTable, type ConsoleParts, consoleCall } from '../console-call.js';
import { harmlessLine } from '../harmless.js';

const NAME_MAX = 256;
const PASSWORD_MAX = 1024;
const Nothing = Type.Object({});
const Name = Type.String({ minLength: 1, maxLength: NAME_MAX });
const Password = Type.String({ minLength: PASSWORD_CHARACTERS_MIN, maxLength: PASSWORD_MAX });

function channelsOf({ channels }: ConsoleParts): readonly ChannelEntry[] {
  return channels.map(({ name, description, facts, receive, deliver }) => ({
    name,
    description,
    receives: receive !== undefined,
    delivers: deliver !== undefined,
    keeps: facts.keeps,
    ...(facts.page !== undefined && { page: facts.page }),
  }));
}

function meOf(parts: ConsoleParts, { account }: Caller): Me {
  const demo = parts.demo?.(account);
  return {
    account: visible(account),
    may: { operate: may(account, 'message.track') },
    channels: channelsOf(parts),
    version: version(),
    domain: parts.config.domain,
    ...(demo && { demo }),
    now: parts.clock.now(),
  };
}

function summary(session: Session, current: Session): SessionSummary {
  const { id, createdAt, seenAt, peer, program } = session;
  const isCurrent = id === current.id;
  return { id, createdAt, seenAt, peer, program: harmlessLine(program), current: isCurrent };
}

export const sessionCalls: CallTable<
  'me' | 'signOut' | 'sessions.list' | 'sessions.revoke' | 'password.set'
> = {
  me: consoleCall('own.read', Nothing, async (parts, caller) => meOf(parts, caller)),
  signOut: consoleCall('own.read', Nothing, async ({ sessions }, { account, session }) => {
    const wasOpen = await sessions.revoke(account.id, session.id);
    return { done: wasOpen ? 1 : 0 };
  }),
  'sessions.list': consoleCall('own.read', Nothing, async ({ sessions }, caller) => {
    const all = await sessions.list(caller.account.id);
    return { items: all.map((one) => summary(one, caller.session)) };
  }),
  'sessions.revoke': consoleCall(
    'own.change',
    Type.Object({ id: Name }),
    async ({ sessions }, { account }, { id }) => {
      const wasOpen = await sessions.revoke(account.id, id);
      return wasOpen ? { done: 1 } : refuse('CALL_INVALID', 'There is no such session any more.');
    },
  ),
  'password.set': consoleCall(
    'own.change',
    Type.Object({ password: Password }),
    async ({ running, sessions }, { account, session }, { password }) => {
      const changed = await running.accounts.setPassword(account.id, password);
      if (!changed.ok) return changed;
      return { done: 1 + (await sessions.revokeOthers(account.id, session.id)) };
    },
  ),
};
