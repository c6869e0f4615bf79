/**
 * Changes of an account, as pure functions: account → account, or why not. Limits are held here.
 *
 * Invariants: what a change gives is whole (each profile's endpoints exist, the default profile
 * exists, the endpoint of last resort stays); the version is counted by the one who saves.
 */

import type { Failure } from '../actors/machinery.js';
import type {
  Account,
  ActiveSetting,
  Device,
  Endpoint,
  Profile,
  Quiet,
  Role,
  Unverified,
} from '../schemas/account.js';
import type { Address } from '../schemas/address.js';
import type { ErrorCode } from '../schemas/errors.js';

export const ADDRESSES_MAX = 64;
export const DEVICES_MAX = 32;
export const ENDPOINTS_MAX = 16;
export const PROFILES_MAX = 64;
export const STEPS_MAX = 16;
export const ACTIVE_MAX = 32;
export const EXCEPTIONS_MAX = 64;
export const TEXT_CHARACTERS_MAX = 200;
/** Longest waiting time of a step. */
export const WAIT_MAX_MS = 30 * 24 * 3_600_000;

/** Names of accounts, devices and profiles as identifiers: they stand in keys and in addresses. */
const NAME_PATTERN = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/;

export type Changed = { readonly ok: true; readonly account: Account } | Failure;
export type Change = (account: Account) => Changed;

export function failure(code: ErrorCode, message: string): Failure {
  return { ok: false, code, message };
}

const changed = (account: Account): Changed => ({ ok: true, account });

/** The normal form of an account's name; undefined: it cannot be one. */
export function accountName(text: string): string | undefined {
  const name = text.trim().toLowerCase();
  return NAME_PATTERN.test(name) && !name.includes('..') ? name : undefined;
}

/** An identifier from a name that people gave; unique among `taken`. */
export function identifierFrom(name: string, taken: readonly string[]): string {
  const plain = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40);
  const base = plain === '' ? 'device' : plain;
  if (!taken.includes(base)) return base;
  let n = 2;
  while (taken.includes(`${base}-${n}`)) n += 1;
  return `${base}-${n}`;
}

export function sameAddress(a: Address, b: Address): boolean {
  return a.channel === b.channel && a.value === b.value;
}

/** A name that people gave and see: not empty, one line, bounded. */
export function checkText(what: string, text: string): Failure | undefined {
  const fits = text.trim() !== '' && text.length <= TEXT_CHARACTERS_MAX && !/\p{Cc}/u.test(text);
  if (fits) return undefined;
  const message = `${what} must be one line of 1 to ${TEXT_CHARACTERS_MAX} characters.`;
  return failure('ACCOUNT_INVALID', message);
}

function full(what: string, max: number): Failure {
  return failure('ACCOUNT_LIMIT', `The account has ${max} ${what}, the most there may be.`);
}

export function addingAddress(address: Address): Change {
  return (account) => {
    if (account.addresses.some((own) => sameAddress(own, address))) return changed(account);
    if (account.addresses.length >= ADDRESSES_MAX) return full('addresses', ADDRESSES_MAX);
    return changed({ ...account, addresses: [...account.addresses, address] });
  };
}

export function removingAddress(address: Address): Change {
  return (account) => {
    const addresses = account.addresses.filter((own) => !sameAddress(own, address));
    if (addresses.length < account.addresses.length) return changed({ ...account, addresses });
    return failure('ADDRESS_UNKNOWN', `${account.name} has no address ${address.value}.`);
  };
}

/**
 * Adds a device; its id and its endpoints' ids follow from its name.
 * @param unverified the code that its endpoints wait for; absent: they are used at once
 */
export function addingDevice(
  name: string,
  addresses: readonly Address[],
  unverified?: Unverified,
): Change {
  return (account) => {
    const wrong = checkText('The name of a device', name);
    if (wrong !== undefined) return wrong;
    if (account.devices.length >= DEVICES_MAX) return full('devices', DEVICES_MAX);
    if (addresses.length === 0 || addresses.length > ENDPOINTS_MAX) {
      const message = `Device ${name} must have 1 to ${ENDPOINTS_MAX} addresses.`;
      return failure('ACCOUNT_INVALID', message);
    }
    const ids = account.devices.map((device) => device.id);
    const taken = account.devices.flatMap((device) => device.endpoints.map(({ id }) => id));
    const id = identifierFrom(name, [...ids, ...taken]);
    const endpoints: Endpoint[] = [];
    for (const address of addresses) {
      const wanted = addresses.length === 1 ? id : `${id}-${address.channel}`;
      const used = [...taken, ...endpoints.map((endpoint) => endpoint.id)];
      const own = { id: identifierFrom(wanted, used), address };
      endpoints.push(unverified === undefined ? own : { ...own, unverified });
    }
    return changed({ ...account, devices: [...account.devices, { id, name, endpoints }] });
  };
}

/** The account with this endpoint as `alter` makes it. */
export function withEndpoint(
  account: Account,
  id: string,
  alter: (endpoint: Endpoint) => Endpoint,
): Account {
  const devices = account.devices.map((device) => ({
    ...device,
    endpoints: device.endpoints.map((own) => (own.id === id ? alter(own) : own)),
  }));
  return { ...account, devices };
}

export function endpointOf({ devices }: Account, id: string): Endpoint | undefined {
  return devices.flatMap(({ endpoints }) => endpoints).find((own) => own.id === id);
}

/**
 * Gives an endpoint a new address: every profile that names it has the new one at once. Operators
 * move endpoints, and answer for the address: it counts as verified.
 */
export function movingEndpoint(endpoint: string, address: Address): Change {
  return (account) => {
    const found = endpointOf(account, endpoint);
    if (found !== undefined && found.lastResort !== true) {
      const move = ({ unverified: _, ...own }: Endpoint) => ({ ...own, address });
      return changed(withEndpoint(account, endpoint, move));
    }
    const message = `${account.name} has no endpoint ${endpoint} whose address can be changed.`;
    return failure('DEVICE_UNKNOWN', message);
  };
}

/** Removes a device, and its endpoints from every profile. */
export function removingDevice(id: string): Change {
  return (account) => {
    const device = account.devices.find((own) => own.id === id);
    if (device === undefined) {
      return failure('DEVICE_UNKNOWN', `${account.name} has no device ${id}.`);
    }
    if (device.endpoints.some((endpoint) => endpoint.lastResort === true)) {
      const message = `Device ${id} is the place of last resort of ${account.name}; it must stay.`;
      return failure('ACCOUNT_INVALID', message);
    }
    const gone = new Set(device.endpoints.map((endpoint) => endpoint.id));
    const profiles = account.profiles.map((profile) => ({
      ...profile,
      steps: profile.steps
        .map((step) => ({ ...step, endpoints: step.endpoints.filter((own) => !gone.has(own)) }))
        .filter((step) => step.endpoints.length > 0),
    }));
    const devices = account.devices.filter((own) => own.id !== id);
    return changed({ ...account, devices, profiles });
  };
}

function checkProfile(profile: Profile, devices: readonly Device[]): Failure | undefined {
  const wrong = checkText('The name of a profile', profile.name);
  if (wrong !== undefined) return wrong;
  if (!NAME_PATTERN.test(profile.id)) {
    const message = `"${profile.id}" cannot name a profile: use a-z, 0-9, dot, dash.`;
    return failure('ACCOUNT_INVALID', message);
  }
  if (profile.steps.length > STEPS_MAX) return full('steps in a profile', STEPS_MAX);
  const known = new Set(devices.flatMap((device) => device.endpoints.map(({ id }) => id)));
  for (const { endpoints, waitMs } of profile.steps) {
    const unknown = endpoints.find((id) => !known.has(id));
    if (unknown !== undefined) {
      const have = [...known].join(', ');
      return failure('DEVICE_UNKNOWN', `No endpoint is named ${unknown}; there are: ${have}.`);
    }
    if (endpoints.length === 0 || endpoints.length > ENDPOINTS_MAX) {
      return failure('ACCOUNT_INVALID', `A step must name 1 to ${ENDPOINTS_MAX} endpoints.`);
    }
    if (waitMs !== undefined && !(waitMs >= 0 && waitMs <= WAIT_MAX_MS)) {
      return failure('ACCOUNT_INVALID', `A step's waiting time must be 0 to ${WAIT_MAX_MS} ms.`);
    }
  }
  return undefined;
}

/** Adds a profile, or puts it in the place of the one with its id. */
export function puttingProfile(profile: Profile): Change {
  return (account) => {
    const wrong = checkProfile(profile, account.devices);
    if (wrong !== undefined) return wrong;
    const others = account.profiles.filter((own) => own.id !== profile.id);
    if (others.length >= PROFILES_MAX) return full('profiles', PROFILES_MAX);
    return changed({ ...account, profiles: [...others, profile] });
  };
}

/** Removes a profile, and every setting that names it; the default one stays. */
export function removingProfile(id: string): Change {
  return (account) => {
    if (!account.profiles.some((profile) => profile.id === id)) return noProfile(account, id);
    if (account.defaultProfile === id) {
      const message = `${id} is the default profile of ${account.name}; make another one default.`;
      return failure('ACCOUNT_INVALID', message);
    }
    const profiles = account.profiles.filter((profile) => profile.id !== id);
    const active = account.active.filter((setting) => setting.profile !== id);
    return changed({ ...account, profiles, active });
  };
}

function noProfile(account: Account, id: string): Failure {
  const have = account.profiles.map((profile) => profile.id).join(', ');
  return failure('PROFILE_UNKNOWN', `${account.name} has no profile ${id}; there are: ${have}.`);
}

/** Sets a profile by hand: for a time, or, without limits, until another one is set. */
export function settingActive(setting: ActiveSetting, now: number): Change {
  return (account) => {
    const { profile, from, until } = setting;
    if (!account.profiles.some((own) => own.id === profile)) return noProfile(account, profile);
    if (until !== undefined && !(until > Math.max(now, from ?? -Infinity))) {
      return failure('ACCOUNT_INVALID', 'The end must be after the start and in the future.');
    }
    // Without limits it wins over everything before it, which need not be kept.
    if (from === undefined && until === undefined) {
      return changed({ ...account, active: [setting] });
    }
    const standing = account.active.filter((own) => (own.until ?? Infinity) > now);
    if (standing.length >= ACTIVE_MAX) return full('settings of a profile by hand', ACTIVE_MAX);
    return changed({ ...account, active: [...standing, setting] });
  };
}

/** Ends every setting by hand: the default profile holds again. */
export const clearingActive: Change = (account) => changed({ ...account, active: [] });

export function settingQuiet(quiet: Quiet, now: number): Change {
  return (account) => {
    if (!(quiet.until > now)) {
      return failure('ACCOUNT_INVALID', 'The end of do not disturb must be in the future.');
    }
    if (quiet.exceptions.length > EXCEPTIONS_MAX) return full('exceptions', EXCEPTIONS_MAX);
    for (const exception of quiet.exceptions) {
      const features = Object.values(exception);
      if (features.length === 0) {
        return failure('ACCOUNT_INVALID', 'An exception must name at least one feature.');
      }
      for (const text of features) {
        const wrong = checkText('A feature of an exception', text);
        if (wrong !== undefined) return wrong;
      }
    }
    const { profile } = quiet;
    if (profile !== undefined && !account.profiles.some((own) => own.id === profile)) {
      return noProfile(account, profile);
    }
    return changed({ ...account, quiet });
  };
}

export const clearingQuiet: Change = (account) => {
  const { quiet: _, ...rest } = account;
  return changed(rest);
};

export function settingRoles(roles: readonly Role[]): Change {
  return (account) => changed({ ...account, roles: [...new Set(roles)] });
}

/** @param hash as hashPassword gives it */
export function settingPassword(hash: string): Change {
  return (account) => changed({ ...account, password: hash });
}
