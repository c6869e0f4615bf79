/** `patchboard account`: subscribers, their addresses, passwords and roles. */

import { spanText } from '../../actors/message-tracker/words.js';
import type { Account, Profile } from '../../schemas/account.js';
import { withoutCodes } from '../device-code.js';
import { type Call, type Command, EXIT, fail, print, texts, UsageError, word } from './call.js';
import { change, withReader } from './opening.js';
import { fullTime, table } from './times.js';

const SHOWN_MAX = 1000;

export const command: Command = {
  help: `account list [--json]
patchboard account show NAME
patchboard account add NAME [--operator] [--address CHANNEL:ADDRESS]... [--password-stdin]
patchboard account password NAME            read from the standard input
patchboard account link NAME                prints a link that signs in once, within 15 minutes
patchboard account roles NAME subscriber [operator]
patchboard account address NAME CHANNEL:ADDRESS [--remove]
patchboard account remove NAME

Every account has an inbox, and the addresses that its channels give.`,
  options: {
    operator: { type: 'boolean' },
    address: { type: 'string', multiple: true },
    'password-stdin': { type: 'boolean' },
    remove: { type: 'boolean' },
  },
  async run(call) {
    const what = call.words[0] ?? 'list';
    if (what === 'list') return list(call);
    const account = word(call, 1, 'the name');
    switch (what) {
      case 'show':
        return withAccount(call, account, (found) => print(call, seen(found), describe(found)));
      case 'add':
        return done(call, 'account.create', await newAccount(call, account));
      case 'password':
        return done(call, 'account.password', { account, password: await firstLine() });
      case 'link':
        return link(call, account);
      case 'roles':
        return done(call, 'account.roles', { account, roles: call.words.slice(2) });
      case 'address': {
        const operation = call.values['remove'] === true ? 'removeAddress' : 'addAddress';
        const address = addressFrom(word(call, 2, 'the address'));
        return done(call, `account.${operation}`, { account, address });
      }
      case 'remove':
        return done(call, 'account.remove', { account });
      default:
        throw new UsageError(`account has no "${what}"`);
    }
  },
};

async function newAccount(call: Call, name: string): Promise<Readonly<Record<string, unknown>>> {
  const addresses = texts(call, 'address').map(addressFrom);
  const isOperator = call.values['operator'] === true;
  return {
    name,
    addresses,
    ...(isOperator ? { roles: ['subscriber', 'operator'] } : {}),
    ...(call.values['password-stdin'] === true ? { password: await firstLine() } : {}),
  };
}

/** A link to the page of the running switch. */
async function link(call: Call, account: string): Promise<number> {
  const answer = await change(call, 'account.link', { account });
  if (!answer.ok) return fail(call, answer);
  const { value } = answer;
  const isLink = typeof value === 'object' && value !== null && 'url' in value;
  print(call, value, [isLink ? String(value.url) : JSON.stringify(value)]);
  return EXIT.ok;
}

/** "channel:address" in two. */
export function addressFrom(written: string): { channel: string; value: string } {
  const colon = written.indexOf(':');
  if (colon < 1) throw new UsageError(`"${written}" is not written as channel:address`);
  return { channel: written.slice(0, colon), value: written.slice(colon + 1) };
}

/** Runs an operation that answers with the account as it is now. */
export async function done(call: Call, operation: string, argument: unknown): Promise<number> {
  const answer = await change(call, operation, argument);
  if (!answer.ok) return fail(call, answer);
  const { value } = answer;
  const lines = isAccount(value) ? describe(value) : [doneText(value)];
  print(call, value, lines);
  return EXIT.ok;
}

function doneText(value: unknown): string {
  const isRemoval = typeof value === 'object' && value !== null && 'removed' in value;
  return isRemoval ? `removed: ${String(value.removed)}` : JSON.stringify(value);
}

function isAccount(value: unknown): value is Account {
  return typeof value === 'object' && value !== null && 'devices' in value && 'profiles' in value;
}

function seen({ password, ...rest }: Account) {
  const devices = withoutCodes(rest.devices);
  return { ...rest, devices, hasPassword: password !== undefined };
}

/** Reads the account by its name, without a switch. */
export function withAccount(
  call: Call,
  name: string,
  use: (account: Account) => void,
): Promise<number> {
  return withReader(call, async (store) => {
    const { nameRow, readAccount, accountKey } = await import('../account-documents.js');
    const row = nameRow(name.toLowerCase());
    const [key] = await store.list(row, { limit: 1, order: 'ascending' });
    const id = key === undefined ? name : key.slice(accountKey('').length);
    const held = await readAccount(store, id);
    if (held === undefined) {
      const message = `There is no account "${name}": see patchboard account list.`;
      return fail(call, { code: 'ACCOUNT_UNKNOWN', message });
    }
    use(held.account);
    return EXIT.ok;
  });
}

function list(call: Call): Promise<number> {
  return withReader(call, async (store) => {
    const { ALL_ACCOUNTS, accountKey, readAccount } = await import('../account-documents.js');
    const keys = await store.list(ALL_ACCOUNTS, { limit: SHOWN_MAX, order: 'ascending' });
    const accounts: Account[] = [];
    for (const key of keys) {
      const held = await readAccount(store, key.slice(accountKey('').length));
      if (held !== undefined) accounts.push(held.account);
    }
    const rows = accounts.map((account) => [
      account.name,
      account.roles.join(' '),
      account.addresses.map(({ channel, value }) => `${channel}:${value}`).join(' '),
    ]);
    print(
      call,
      { accounts: accounts.map(seen) },
      rows.length === 0 ? ['No accounts.'] : table(rows),
    );
    return EXIT.ok;
  });
}

/** What people see of an account. */
export function describe(account: Account): string[] {
  const { devices, profiles, defaultProfile, active, quiet } = account;
  return [
    `${account.name}   ${account.roles.join(', ')}   version ${account.version}`,
    ...account.addresses.map(({ channel, value }) => `  address  ${channel}:${value}`),
    ...devices.flatMap((device) =>
      device.endpoints.map(({ id, address, unverified }) => {
        const mark = unverified === undefined ? '' : '   not verified, unused';
        return `  device   ${device.name}: ${id} ${address.channel}:${address.value}${mark}`;
      }),
    ),
    ...profiles.map((profile) => {
      const mark = profile.id === defaultProfile ? ' (default)' : '';
      return `  profile  ${profile.id}${mark}: ${waysText(profile)}`;
    }),
    ...active.map(({ profile, from, until }) => {
      const start = from === undefined ? '' : ` from ${fullTime(from)}`;
      const end = until === undefined ? '' : ` until ${fullTime(until)}`;
      return `  in use   ${profile}${start}${end}`;
    }),
    ...(quiet === undefined ? [] : [`  quiet    until ${fullTime(quiet.until)}`]),
  ];
}

/** "work, after 5 m inbox, else dead": the steps as they will be taken. */
function waysText({ steps, confirms, lastResort }: Profile): string {
  let ways = '';
  let waitMs: number | undefined;
  for (const step of steps) {
    const endpoints = step.endpoints.join(' and ');
    if (ways === '') ways = endpoints;
    else
      ways +=
        waitMs === undefined ? `, then ${endpoints}` : `, after ${spanText(waitMs)} ${endpoints}`;
    waitMs = step.waitMs;
  }
  const all = confirms === 'all' ? ', all must confirm' : '';
  if (ways === '') return lastResort === 'dead' ? 'no way: dead' : 'last resort only';
  return `${ways}${all}${lastResort === 'dead' ? ', else dead' : ''}`;
}

async function firstLine(): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  const [line = ''] = Buffer.concat(chunks).toString('utf8').split(/\r?\n/, 1);
  if (line === '')
    throw new UsageError('the password is read from the standard input; it is empty');
  return line;
}
