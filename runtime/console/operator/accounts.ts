/**
 * Accounts for an operator: listed, looked for, opened, given a password or a link, removed.
 *
 * Invariants: nobody removes the last operator, or the account one is signed in with; a new
 * password ends the sessions that were opened with the old one; everything is audited; no
 * password, not even its hash, leaves.
 */

import type { Failure } from '../../../actors/machinery.js';
import type { Account } from '../../../schemas/account.js';
import type { Address } from '../../../schemas/address.js';
import type { AccountSummary } from '../../../schemas/console.js';
import type { ConsoleCalls } from '../../../schemas/console-calls.js';
import { accountOperations } from '../../operations/on-accounts.js';
import { refuse } from '../../operations/operation.js';
import { signInUrl } from '../../sessions-in-store.js';
import { audit } from '../audit.js';
import type { Caller, ConsoleParts } from '../console-call.js';
import { operatedBy } from '../operated.js';
import { failureOf } from './messages.js';

const PAGE = 50;
/** Accounts whose names and addresses are looked at in one call. */
const SEARCHED_MAX = 2_000;
const SEARCH_BITE = 100;
const OPERATORS_COUNTED = 2;

type Done = { readonly done: number };

export function accountSummary(account: Account, now: number): AccountSummary {
  const { id, name, roles, addresses, devices, quiet, password } = account;
  return {
    id,
    name,
    roles,
    addresses: addresses.map(addressText),
    devices: devices.length,
    profile: activeProfile(account, now),
    ...(quiet !== undefined && quiet.until > now ? { quietUntil: quiet.until } : {}),
    hasPassword: password !== undefined,
  };
}

/** A mail address says what it is; others are written as for the command line. */
function addressText({ channel, value }: Address): string {
  return value.includes('@') ? value : `${channel}:${value}`;
}

/** The name of the profile that holds now: the latest setting by hand, else the default. */
function activeProfile({ active, profiles, defaultProfile }: Account, now: number): string {
  const holds = active.findLast(
    ({ from = -Infinity, until = Infinity }) => from <= now && now < until,
  );
  const id = holds?.profile ?? defaultProfile;
  return profiles.find((profile) => profile.id === id)?.name ?? id;
}

export async function listAccounts(
  { running, clock }: ConsoleParts,
  { after, search = '' }: ConsoleCalls['accounts.list']['in'],
): Promise<ConsoleCalls['accounts.list']['out']> {
  const wanted = search.trim().toLowerCase();
  const items: AccountSummary[] = [];
  let from = after;
  for (let seen = 0; seen < SEARCHED_MAX; ) {
    const range = { limit: SEARCH_BITE, ...(from !== undefined && { after: from }) };
    const page = await running.accounts.list(range);
    for (const account of page) {
      from = account.id;
      if (!isWanted(account, wanted)) continue;
      items.push(accountSummary(account, clock.now()));
      if (items.length === PAGE) return { items, next: from };
    }
    if (page.length < SEARCH_BITE) return { items };
    seen += page.length;
  }
  return { items, ...(from !== undefined && { next: from }) };
}

function isWanted({ name, addresses }: Account, wanted: string): boolean {
  if (wanted === '' || name.includes(wanted)) return true;
  return addresses.some(({ value }) => value.toLowerCase().includes(wanted));
}

export async function createAccount(
  parts: ConsoleParts,
  caller: Caller,
  { name, password, operator }: ConsoleCalls['accounts.create']['in'],
): Promise<AccountSummary | Failure> {
  await audit(parts, caller.account, { what: 'opened an account', of: name });
  const roles = operator ? ['subscriber', 'operator'] : ['subscriber'];
  const argument = { name, roles, ...(password !== undefined && { password }) };
  const created = await accountOperations['account.create'].run(operatedBy(parts), argument);
  const failed = failureOf(created);
  if (failed !== undefined) return failed;
  const account = await parts.running.accounts.find(name);
  if (account === undefined) return unknown(name);
  return accountSummary(account, parts.clock.now());
}

function unknown(name: string): Failure {
  return refuse('ACCOUNT_UNKNOWN', `There is no account ${name}: somebody removed it.`);
}

/** The account of this very name: an address that leads to it does not name it here. */
async function named({ running }: ConsoleParts, name: string): Promise<Account | undefined> {
  const account = await running.accounts.find(name);
  return account?.name === name ? account : undefined;
}

export async function givePassword(
  parts: ConsoleParts,
  caller: Caller,
  { name, password }: ConsoleCalls['accounts.password']['in'],
): Promise<Done | Failure> {
  const account = await named(parts, name);
  if (account === undefined) return unknown(name);
  await audit(parts, caller.account, { what: 'gave a new password', of: name });
  const argument = { account: account.id, password };
  const answer = await accountOperations['account.password'].run(operatedBy(parts), argument);
  const failed = failureOf(answer);
  if (failed !== undefined) return failed;
  for (const { id } of await parts.sessions.list(account.id)) {
    if (id !== caller.session.id) await parts.sessions.revoke(account.id, id);
  }
  return { done: 1 };
}

export async function giveLink(
  parts: ConsoleParts,
  caller: Caller,
  { name }: ConsoleCalls['accounts.link']['in'],
): Promise<{ readonly url: string } | Failure> {
  const account = await named(parts, name);
  if (account === undefined) return unknown(name);
  await audit(parts, caller.account, { what: 'made a link that signs in', of: name });
  return { url: signInUrl(parts.url, await parts.sessions.makeLink(account.id)) };
}

export async function removeAccount(
  parts: ConsoleParts,
  caller: Caller,
  { name }: ConsoleCalls['accounts.remove']['in'],
): Promise<Done | Failure> {
  const account = await named(parts, name);
  if (account === undefined) return unknown(name);
  if (account.id === caller.account.id) {
    const message = 'You are signed in with this account: another operator can remove it.';
    return refuse('NOT_ALLOWED', message);
  }
  const counted = { role: 'operator', limit: OPERATORS_COUNTED } as const;
  const operators = await parts.running.accounts.list(counted);
  if (operators.length === 1 && operators[0]?.id === account.id) {
    return refuse('NOT_ALLOWED', `${name} is the last operator: open another one first.`);
  }
  await audit(parts, caller.account, { what: 'removed an account', of: name });
  const argument = { account: account.id };
  const answer = await accountOperations['account.remove'].run(operatedBy(parts), argument);
  return failureOf(answer) ?? { done: 1 };
}
