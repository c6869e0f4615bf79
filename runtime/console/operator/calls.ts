/** The operator's calls: what goes in is checked here, the right with it. */

import Type from 'typebox';
import { PASSWORD_CHARACTERS_MAX } from '../../../actors/authentication-manager/password.js';
import { readAudit } from '../audit.js';
import { type CallTable, consoleCall } from '../console-call.js';
import { COLUMN_MS, KEPT_MS } from '../rates.js';
import * as accounts from './accounts.js';
import * as messages from './messages.js';
import { overview } from './overview.js';
import * as queue from './queue.js';
import { search } from './search.js';

const NAME_MAX = 256;
const TEXT_MAX = 4 * 1024 * 1024;
const SUBJECT_MAX = 998;
const CURSOR_MAX = 200;
const RATES_SHOWN_MS = 3_600_000;

const Nothing = Type.Object({});
const Key = Type.String({ pattern: '^msg/[0-9a-hjkmnp-tv-z]{16}\\.[0-9]{1,7}$' });
const Name = Type.String({ minLength: 1, maxLength: NAME_MAX });
const Words = Type.String({ maxLength: SUBJECT_MAX });
const Cursor = Type.String({ minLength: 1, maxLength: CURSOR_MAX });
const Password = Type.String({ minLength: 1, maxLength: PASSWORD_CHARACTERS_MAX });
const Command = Type.Enum(['retry', 'release', 'resend']);
const Span = Type.Integer({ minimum: COLUMN_MS, maximum: KEPT_MS });
const Wanted = { what: Words, cause: Type.Optional(Words) };

const ofTheWhole = {
  overview: consoleCall<'overview', typeof Nothing>('switch.manage', Nothing, (parts) =>
    overview(parts),
  ),
  rates: consoleCall(
    'switch.manage',
    Type.Object({ spanMs: Type.Optional(Span) }),
    async ({ rates }, _caller, { spanMs = RATES_SHOWN_MS }) =>
      rates?.points(spanMs) ?? { everyMs: COLUMN_MS, points: [] },
  ),
  search: consoleCall(
    'message.track',
    Type.Object({ text: Words, before: Type.Optional(Cursor) }),
    search,
  ),
  audit: consoleCall(
    'switch.manage',
    Type.Object({ before: Type.Optional(Cursor) }),
    ({ store }, _caller, { before }) => readAudit(store, before),
  ),
} satisfies CallTable<'overview' | 'rates' | 'search' | 'audit'>;

const ofMessages = {
  'queue.groups': consoleCall<'queue.groups', typeof Nothing>('message.track', Nothing, (parts) =>
    queue.queueGroups(parts),
  ),
  'queue.messages': consoleCall(
    'message.track',
    Type.Object({ ...Wanted, before: Type.Optional(Cursor) }),
    queue.queueMessages,
  ),
  'queue.bulk': consoleCall(
    'message.command',
    Type.Object({
      command: Command,
      ...Wanted,
      confirm: Type.Optional(Type.Integer({ minimum: 1, maximum: queue.BULK_MAX })),
    }),
    queue.queueBulk,
  ),
  'message.command': consoleCall(
    'message.command',
    Type.Object({ key: Key, command: Command }),
    messages.commandMessage,
  ),
  'message.redirect': consoleCall(
    'message.command',
    Type.Object({ key: Key, to: Name }),
    messages.redirectMessage,
  ),
  'message.edit': consoleCall(
    'message.command',
    Type.Object({
      key: Key,
      subject: Type.Optional(Words),
      text: Type.String({ maxLength: TEXT_MAX }),
    }),
    messages.editMessage,
  ),
} satisfies CallTable<
  | 'queue.groups'
  | 'queue.messages'
  | 'queue.bulk'
  | 'message.command'
  | 'message.redirect'
  | 'message.edit'
>;

const ofAccounts = {
  'accounts.list': consoleCall(
    'account.manage',
    Type.Object({ after: Type.Optional(Cursor), search: Type.Optional(Words) }),
    (parts, _caller, given) => accounts.listAccounts(parts, given),
  ),
  'accounts.create': consoleCall(
    'account.manage',
    Type.Object({ name: Name, password: Type.Optional(Password), operator: Type.Boolean() }),
    accounts.createAccount,
  ),
  'accounts.password': consoleCall(
    'account.manage',
    Type.Object({ name: Name, password: Password }),
    accounts.givePassword,
  ),
  'accounts.link': consoleCall('account.manage', Type.Object({ name: Name }), accounts.giveLink),
  'accounts.remove': consoleCall(
    'account.manage',
    Type.Object({ name: Name }),
    accounts.removeAccount,
  ),
} satisfies CallTable<
  'accounts.list' | 'accounts.create' | 'accounts.password' | 'accounts.link' | 'accounts.remove'
>;

export const operatorCalls = { ...ofTheWhole, ...ofMessages, ...ofAccounts };
