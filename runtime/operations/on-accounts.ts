/** Commands about accounts, their devices and their profiles. */

import Type from 'typebox';
import type { Account } from '../../schemas/account.js';
import type { Accounts } from '../accounts.js';
import type { Answer } from '../control.js';
import { withoutCodes } from '../device-code.js';
import { type Operated, operation, refuse, value } from './operation.js';
import { reviewHeld } from './review-held.js';

const TEXT_MAX = 1024;
const Text = Type.String({ minLength: 1, maxLength: TEXT_MAX });
const Address = Type.Object({ channel: Text, value: Text });
const Addresses = Type.Array(Address, { maxItems: 64 });
const Roles = Type.Array(Type.Enum(['subscriber', 'operator']), { minItems: 1, maxItems: 2 });
const Time = Type.Integer({ minimum: 0 });
const Of = { account: Text };

/** What people may see of an account: never the password or a code, not even their hashes. */
export function visible(account: Account): Omit<Account, 'password'> & { hasPassword: boolean } {
  const { password, ...rest } = account;
  return {
    ...rest,
    devices: withoutCodes(rest.devices),
    hasPassword: password !== undefined,
  };
}

/** Finds the account that a person named, then changes it. */
async function change(
  { core }: Operated,
  name: string,
  run: (accounts: Accounts, id: string) => ReturnType<Accounts['clearActive']>,
): Promise<Answer> {
  const account = await core.accounts.find(name);
  if (account === undefined) return unknownAccount(name);
  const changed = await run(core.accounts, account.id);
  return changed.ok ? value(visible(changed.account)) : changed;
}

/** A change of the quiet time: what was held for the old one is decided anew. */
async function changeQuiet(operated: Operated, ...given: [string, Parameters<typeof change>[2]]) {
  const answer = await change(operated, ...given);
  const account = answer.ok ? await operated.core.accounts.find(given[0]) : undefined;
  if (account !== undefined) await reviewHeld(operated, account.id);
  return answer;
}

export function unknownAccount(name: string): Answer {
  return refuse('ACCOUNT_UNKNOWN', `There is no account "${name}": see patchboard account list.`);
}

export const ExceptionsSchema = Type.Array(
  Type.Object({
    sender: Type.Optional(Text),
    subject: Type.Optional(Text),
    priority: Type.Optional(Type.Enum(['high', 'urgent'])),
    destination: Type.Optional(Text),
  }),
  { maxItems: 64 },
);

export const ProfileSchema = Type.Object({
  id: Text,
  name: Text,
  steps: Type.Array(
    Type.Object({
      endpoints: Type.Array(Text, { minItems: 1, maxItems: 16 }),
      waitMs: Type.Optional(Time),
    }),
    { maxItems: 16 },
  ),
  confirms: Type.Enum(['any', 'all']),
  lastResort: Type.Enum(['inbox', 'dead']),
});

const NOT_RUNNING =
  'The switch is not running: a link leads to its page. Start it first: patchboard start.';
const NO_PAGE = 'The switch has no page: http.listen is off.';

/** Only a running switch has a page that a link could lead to. */
async function link({ core, running }: Operated, name: string): Promise<Answer> {
  const account = await core.accounts.find(name);
  if (account === undefined) return unknownAccount(name);
  if (running === undefined) return { ok: false, code: 'NOT_RUNNING', message: NOT_RUNNING };
  const url = await running.signInLink(account.id);
  return url === undefined ? refuse('CONFIG_INVALID', NO_PAGE) : value({ url });
}

const ofAccounts = {
  'account.link': operation(Type.Object(Of), (operated, given) => link(operated, given.account)),

  'account.create': operation(
    Type.Object({
      name: Text,
      password: Type.Optional(Text),
      roles: Type.Optional(Roles),
      addresses: Type.Optional(Addresses),
    }),
    async ({ core }, given) => {
      const created = await core.accounts.create(given);
      return created.ok ? value(visible(created.account)) : created;
    },
  ),
  'account.password': operation(Type.Object({ ...Of, password: Text }), (operated, given) =>
    change(operated, given.account, (all, id) => all.setPassword(id, given.password)),
  ),
  'account.roles': operation(Type.Object({ ...Of, roles: Roles }), (operated, given) =>
    change(operated, given.account, (all, id) => all.setRoles(id, given.roles)),
  ),
  'account.addAddress': operation(Type.Object({ ...Of, address: Address }), (operated, given) =>
    change(operated, given.account, (all, id) => all.addAddress(id, given.address)),
  ),
  'account.removeAddress': operation(Type.Object({ ...Of, address: Address }), (operated, given) =>
    change(operated, given.account, (all, id) => all.removeAddress(id, given.address)),
  ),
  'account.remove': operation(Type.Object(Of), async ({ core }, { account }) => {
    const found = await core.accounts.find(account);
    if (found === undefined) return unknownAccount(account);
    const removed = await core.accounts.remove(found.id);
    return removed.ok ? value({ removed: found.name }) : removed;
  }),
};

const ofDevices = {
  'device.add': operation(
    Type.Object({ ...Of, name: Text, addresses: Addresses }),
    (operated, { account, name, addresses }) =>
      change(operated, account, (all, id) => all.addDevice(id, { name, addresses })),
  ),
  'device.move': operation(
    Type.Object({ ...Of, endpoint: Text, address: Address }),
    (operated, { account, endpoint, address }) =>
      change(operated, account, (all, id) => all.moveEndpoint(id, endpoint, address)),
  ),
  'device.remove': operation(Type.Object({ ...Of, device: Text }), (operated, given) =>
    change(operated, given.account, (all, id) => all.removeDevice(id, given.device)),
  ),
};

const ofProfiles = {
  'profile.put': operation(Type.Object({ ...Of, profile: ProfileSchema }), (operated, given) =>
    change(operated, given.account, (all, id) => all.putProfile(id, given.profile)),
  ),
  'profile.remove': operation(Type.Object({ ...Of, profile: Text }), (operated, given) =>
    change(operated, given.account, (all, id) => all.removeProfile(id, given.profile)),
  ),
  'profile.use': operation(
    Type.Object({
      ...Of,
      profile: Text,
      from: Type.Optional(Time),
      until: Type.Optional(Time),
    }),
    (operated, { account, ...setting }) =>
      change(operated, account, (all, id) => all.setActive(id, setting)),
  ),
  'profile.default': operation(Type.Object(Of), (operated, given) =>
    change(operated, given.account, (all, id) => all.clearActive(id)),
  ),
  'profile.quiet': operation(
    Type.Object({
      ...Of,
      until: Time,
      exceptions: ExceptionsSchema,
      profile: Type.Optional(Text),
    }),
    (operated, { account, ...quiet }) =>
      changeQuiet(operated, account, (all, id) => all.setQuiet(id, quiet)),
  ),
  'profile.loud': operation(Type.Object(Of), (operated, given) =>
    changeQuiet(operated, given.account, (all, id) => all.clearQuiet(id)),
  ),
};

export const accountOperations = { ...ofAccounts, ...ofDevices, ...ofProfiles };
