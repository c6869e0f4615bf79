/**
 * Calls about one's own devices, profiles and quiet times.
 *
 * Invariants: the account that changes is the caller's, whatever the argument says; the rules of a
 * change are those of the operations, which the command line runs too; a device never leads into
 * what belongs to another subscriber, and is not used before it is known to be the caller's.
 */

import Type from 'typebox';
import type { Failure } from '../../../actors/machinery.js';
import type { Account, Device, Profile } from '../../../schemas/account.js';
import type { Address } from '../../../schemas/address.js';
import { accountName, sameAddress } from '../../account-change.js';
import {
  accountOperations,
  ExceptionsSchema,
  ProfileSchema,
  visible,
} from '../../operations/on-accounts.js';
import { refuse } from '../../operations/operation.js';
import { type Caller, type CallTable, type ConsoleParts, consoleCall } from '../console-call.js';
import { operatedBy } from '../operated.js';
import { codeFor, needsCode, sendCode } from './codes.js';

const TEXT_MAX = 1024;
const Text = Type.String({ minLength: 1, maxLength: TEXT_MAX });
const Time = Type.Integer({ minimum: 0 });
const Nothing = Type.Object({});

type Shown = Omit<Account, 'password'>;

/** Runs an operation on the caller's own account; the account afterwards. */
async function change(
  parts: ConsoleParts,
  { account }: Caller,
  name: keyof typeof accountOperations,
  argument: object,
): Promise<Shown | Failure> {
  const given = { ...argument, account: account.name };
  const answer = await accountOperations[name].run(operatedBy(parts), given);
  if (answer.ok) return ownAccount(parts, account.id);
  const { code, message } = answer;
  return refuse(code === 'NOT_RUNNING' ? 'STOPPING' : code, message);
}

async function ownAccount({ running }: ConsoleParts, id: string): Promise<Shown | Failure> {
  const account = await running.accounts.get(id);
  return account === undefined
    ? refuse('ACCOUNT_UNKNOWN', 'Your account has been removed.')
    : visible(account);
}

interface Place {
  readonly ok: true;
  readonly address: Address;
  readonly channel: ConsoleParts['channels'][number];
}

/** Where a device of this account would be, or why it may not be there. */
async function placeFor(
  { channels, running }: ConsoleParts,
  { account }: Caller,
  written: Address,
): Promise<Place | Failure> {
  const channel = channels.find(({ name }) => name === written.channel);
  if (channel?.deliver === undefined) {
    return refuse('CHANNEL_UNKNOWN', `There is no channel ${written.channel} to devices.`);
  }
  const parsed = channel.address(written.value);
  if (!parsed.ok) return parsed;
  const { address } = parsed;
  const place = { ok: true, address, channel } as const;
  if (account.addresses.some((own) => sameAddress(own, address))) return place;
  const taken = refuse('ADDRESS_TAKEN', `${address.value} is not yours.`);
  // What keeps messages, and the pages of subscribers, are there by account already.
  if (channel.facts.keeps || isAPage(channel, address)) return taken;
  const found = await running.directory.find(address);
  if (found.kind === 'tryLater') return refuse('STORE_UNAVAILABLE', found.reason);
  return found.kind === 'subscriber' && found.account.id !== account.id ? taken : place;
}

/** An account's own device by its name; a channel may have addresses of other kinds too. */
function isAPage({ facts }: ConsoleParts['channels'][number], { value }: Address): boolean {
  return facts.device !== undefined && accountName(value) !== undefined;
}

/** The profile with one more way, tried before the place of last resort. */
function withWay(profile: Profile, device: Device, account: Account): Profile {
  const lasts = account.devices.flatMap(({ endpoints }) =>
    endpoints.filter((one) => one.lastResort === true).map(({ id }) => id),
  );
  const isLast = ({ endpoints }: Profile['steps'][number]): boolean =>
    endpoints.every((id) => lasts.includes(id));
  const before = profile.steps.findIndex(isLast);
  const at = before === -1 ? profile.steps.length : before;
  const way = { endpoints: device.endpoints.map(({ id }) => id) };
  return { ...profile, steps: [...profile.steps.slice(0, at), way, ...profile.steps.slice(at)] };
}

interface AddedDevice {
  readonly name: string;
  readonly channel: string;
  readonly address: string;
  readonly use: boolean;
}

async function addDevice(
  parts: ConsoleParts,
  caller: Caller,
  { name, channel, address, use }: AddedDevice,
): Promise<Shown | Failure> {
  const place = await placeFor(parts, caller, { channel, value: address });
  if (!place.ok) return place;
  // A page that was not answered wishes for the same once more: it gets one device.
  const there = caller.account.devices.find((one) => isTheSame(one, name, place.address));
  const added = there ? visible(caller.account) : await addAt(parts, caller, name, place);
  if (!use || 'ok' in added) return added;
  const before = new Set(caller.account.devices.map(({ id }) => id));
  const device = there ?? added.devices.findLast(({ id }) => !before.has(id));
  const profile = added.profiles.find(({ id }) => id === added.defaultProfile);
  if (device === undefined || profile === undefined || leadsTo(profile, device)) return added;
  return change(parts, caller, 'profile.put', { profile: withWay(profile, device, added) });
}

function isTheSame({ name, endpoints }: Device, wanted: string, address: Address): boolean {
  const [only, ...others] = endpoints;
  if (only === undefined || others.length > 0) return false;
  return name === wanted && sameAddress(only.address, address);
}

function leadsTo({ steps }: Profile, { endpoints }: Device): boolean {
  return steps.some((step) => endpoints.some(({ id }) => step.endpoints.includes(id)));
}

/** What is not the subscriber's beyond doubt waits for a code, which is sent there. */
async function addAt(
  parts: ConsoleParts,
  caller: Caller,
  name: string,
  { channel, address }: Place,
): Promise<Shown | Failure> {
  const { account } = caller;
  const device = { name, addresses: [address] };
  const fresh = needsCode(channel, account, address) ? codeFor(parts, account, address) : undefined;
  if (fresh?.ok === false) return fresh;
  const { accounts } = parts.running;
  const unverified = fresh && { unverified: fresh.unverified };
  const added = await accounts.addDevice(account.id, { ...device, ...unverified });
  if (!added.ok) return added;
  const unsent = fresh && (await sendCode(parts, caller, { ...fresh, address }));
  return unsent ?? visible(added.account);
}

const deviceCalls: CallTable<'device.add' | 'device.remove'> = {
  'device.add': consoleCall(
    'own.change',
    Type.Object({ name: Text, channel: Text, address: Text, use: Type.Boolean() }),
    addDevice,
  ),
  'device.remove': consoleCall(
    'own.change',
    Type.Object({ device: Text }),
    (parts, caller, { device }) => change(parts, caller, 'device.remove', { device }),
  ),
};

const profileCalls: CallTable<
  'profile.put' | 'profile.remove' | 'profile.use' | 'profile.default'
> = {
  'profile.put': consoleCall(
    'own.change',
    Type.Object({ profile: ProfileSchema }),
    (parts, caller, { profile }) => change(parts, caller, 'profile.put', { profile }),
  ),
  'profile.remove': consoleCall(
    'own.change',
    Type.Object({ profile: Text }),
    (parts, caller, { profile }) => change(parts, caller, 'profile.remove', { profile }),
  ),
  'profile.use': consoleCall(
    'own.change',
    Type.Object({ profile: Text, from: Type.Optional(Time), until: Type.Optional(Time) }),
    (parts, caller, setting) => change(parts, caller, 'profile.use', setting),
  ),
  'profile.default': consoleCall('own.change', Nothing, (parts, caller) =>
    change(parts, caller, 'profile.default', {}),
  ),
};

const quietCalls: CallTable<'quiet.set' | 'quiet.clear'> = {
  'quiet.set': consoleCall(
    'own.change',
    Type.Object({ until: Time, exceptions: ExceptionsSchema, profile: Type.Optional(Text) }),
    (parts, caller, quiet) => change(parts, caller, 'profile.quiet', quiet),
  ),
  'quiet.clear': consoleCall('own.change', Nothing, (parts, caller) =>
    change(parts, caller, 'profile.loud', {}),
  ),
};

export const accountCalls = { ...deviceCalls, ...profileCalls, ...quietCalls };
