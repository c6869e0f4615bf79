/**
 * What a new account is made of: addresses in their normal form, a place of last resort on each
 * channel that keeps messages, a first profile, the password as a hash.
 */

import {
  hashPassword,
  PASSWORD_CHARACTERS_MAX,
} from '../actors/authentication-manager/password.js';
import type { Channel } from '../actors/channel.js';
import type { Clock, Failure } from '../actors/machinery.js';
import type { Account, Device, Profile, Role } from '../schemas/account.js';
import { type Address, addressKey, type Recipient } from '../schemas/address.js';
import { makeIdentifier } from '../schemas/identifier.js';
import { failure } from './account-change.js';

const ID_RANDOM_BYTES = 7;
export const PASSWORD_CHARACTERS_MIN = 8;
export const FIRST_PROFILE = 'default';

/** What accounts need of the registered channels. */
export type AddressChannels = readonly Pick<Channel, 'name' | 'facts' | 'address'>[];

/** An address as a person wrote it: the channel puts it into its normal form. */
export interface WrittenAddress {
  readonly channel: string;
  readonly value: string;
}

export interface NewAccount {
  readonly name: string;
  readonly password?: string;
  readonly roles?: readonly Role[];
  /** Besides those that every account gets. */
  readonly addresses?: readonly WrittenAddress[];
}

export function isFailure(value: object): value is Failure {
  return 'ok' in value && value.ok === false;
}

/** The address in the normal form of its channel. */
export function normalAddress(
  channels: AddressChannels,
  written: WrittenAddress,
): Address | Failure {
  const channel = channels.find((known) => known.name === written.channel);
  if (channel === undefined) {
    const have = channels.map((known) => known.name).join(', ');
    const message = `There is no channel ${written.channel}; there are: ${have}.`;
    return failure('CHANNEL_UNKNOWN', message);
  }
  const parsed = channel.address(written.value);
  return parsed.ok ? parsed.address : parsed;
}

/** Each address once, in normal form. */
export function normalAddresses(
  channels: AddressChannels,
  written: readonly WrittenAddress[],
): readonly Address[] | Failure {
  const addresses = new Map<string, Address>();
  for (const one of written) {
    const address = normalAddress(channels, one);
    if (isFailure(address)) return address;
    addresses.set(addressKey(address), address);
  }
  return [...addresses.values()];
}

/** The hash of a password that is allowed. */
export async function hashNewPassword(
  clock: Clock,
  password: string | undefined,
): Promise<string | Failure | undefined> {
  if (password === undefined) return undefined;
  if (password.length < PASSWORD_CHARACTERS_MIN || password.length > PASSWORD_CHARACTERS_MAX) {
    const range = `${PASSWORD_CHARACTERS_MIN} to ${PASSWORD_CHARACTERS_MAX}`;
    return failure('ACCOUNT_INVALID', `A password must have ${range} characters.`);
  }
  return hashPassword(password, (bytes) => clock.random(bytes));
}

/** The places of last resort: one for each channel that keeps messages for subscribers. */
function keepers(channels: AddressChannels, id: string): readonly Device[] {
  return channels
    .filter((channel) => channel.facts.keeps)
    .map((channel) => {
      const parsed = channel.address(id);
      if (!parsed.ok) throw new Error(`Channel ${channel.name} keeps nothing for ${id}.`);
      const endpoint = { id: channel.name, address: parsed.address, lastResort: true } as const;
      return { id: channel.name, name: channel.name, endpoints: [endpoint] };
    });
}

/** The devices that every account has from the first day, each on the account's own address. */
export function firstDevices(
  channels: AddressChannels,
  addresses: readonly Address[],
): readonly Device[] {
  return channels.flatMap(({ name, facts }) => {
    const address = addresses.find((own) => own.channel === name);
    if (facts.device === undefined || address === undefined) return [];
    return [{ id: name, name: facts.device, endpoints: [{ id: name, address }] }];
  });
}

/** A new account as it is first stored: its first devices, then what keeps everything. */
export function openedAccount(
  parts: { readonly clock: Clock; readonly channels: AddressChannels },
  wanted: {
    readonly name: string;
    readonly addresses: readonly Address[];
    readonly roles: readonly Role[];
    readonly password?: string;
  },
): Account {
  const now = parts.clock.now();
  const id = makeIdentifier(now, parts.clock.random(ID_RANDOM_BYTES));
  const first = firstDevices(parts.channels, wanted.addresses);
  const devices = [...first, ...keepers(parts.channels, id)];
  const endpoints = devices.flatMap((device) => device.endpoints.map((own) => own.id));
  const profile: Profile = {
    id: FIRST_PROFILE,
    name: 'Default',
    steps: endpoints.map((endpoint) => ({ endpoints: [endpoint] })),
    confirms: 'any',
    lastResort: 'inbox',
  };
  return {
    ...wanted,
    id,
    version: 1,
    roles: [...new Set(wanted.roles)],
    devices,
    profiles: [profile],
    defaultProfile: profile.id,
    active: [],
    createdAt: now,
  };
}

/** What stands of a removed account until it is purged: nothing that anybody could use. */
export function emptied(account: Account): Account {
  const { id, name, version, createdAt } = account;
  const nothing = { roles: [], addresses: [], devices: [], profiles: [], active: [] };
  return { id, name, version: version + 1, createdAt, defaultProfile: '', ...nothing };
}

/** How the switch itself names an account as a recipient. */
export function recipientOf(account: Account): Recipient | undefined {
  const own = account.addresses[0];
  const kept = account.devices
    .flatMap((device) => device.endpoints)
    .find((endpoint) => endpoint.lastResort === true)?.address;
  const via = own ?? kept;
  return via === undefined ? undefined : { kind: 'subscriber', account: account.id, via };
}
