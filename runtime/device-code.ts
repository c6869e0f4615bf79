/**
 * Codes that show that a device is its subscriber's: made, kept as a hash, compared. Pure.
 *
 * Invariants: of a code only a salted hash is stored, and that is never shown; a wrong code costs a
 * try, and without tries or time left none counts; equal codes are found equal in constant time.
 */

import { createHash, timingSafeEqual } from 'node:crypto';
import type { Account, Device, Endpoint, Unverified } from '../schemas/account.js';
import { type Change, type Changed, endpointOf, failure, withEndpoint } from './account-change.js';

export const CODE_LASTS_MS = 15 * 60_000;
export const CODE_TRIES = 5;
const DIGITS = 6;
/** Far more bits than the code has: what is left over favours no code by much. */
const RANDOM_BYTES = 6;
const SALT_BYTES = 16;

/** A new code, and what of it is kept. */
export function freshCode(clock: { now(): number; random(bytes: number): Uint8Array }): {
  readonly code: string;
  readonly unverified: Unverified;
} {
  const drawn = Buffer.from(clock.random(RANDOM_BYTES)).readUIntBE(0, RANDOM_BYTES);
  const code = String(drawn % 10 ** DIGITS).padStart(DIGITS, '0');
  const salt = Buffer.from(clock.random(SALT_BYTES)).toString('hex');
  const sentAt = clock.now();
  const expiresAt = sentAt + CODE_LASTS_MS;
  const codeHash = `${salt}$${hashOf(salt, code)}`;
  return { code, unverified: { codeHash, sentAt, triesLeft: CODE_TRIES, expiresAt } };
}

function hashOf(salt: string, code: string): string {
  return createHash('sha256').update(`${salt} ${code}`).digest('hex');
}

/** People write codes with spaces. */
function isRight({ codeHash }: Unverified, written: string): boolean {
  const [salt = '', hash = ''] = (codeHash ?? '').split('$');
  const given = Buffer.from(hashOf(salt, written.replace(/\s+/g, '')));
  const kept = Buffer.from(hash);
  return given.length === kept.length && timingSafeEqual(given, kept);
}

/** Puts a new code in the place of the one that an endpoint waits for. */
export function givingCode(endpoint: string, unverified: Unverified): Change {
  return (account) => {
    const found = endpointOf(account, endpoint);
    if (found === undefined) return unknown(account, endpoint);
    if (found.unverified === undefined) {
      return failure('ACCOUNT_INVALID', `${endpoint} is verified already: it needs no code.`);
    }
    const give = (own: Endpoint) => ({ ...own, unverified });
    return { ok: true, account: withEndpoint(account, endpoint, give) };
  };
}

/** Takes a code: the right one verifies the endpoint, another one costs a try. */
export function takingCode(endpoint: string, code: string, now: number): Change {
  return (account) => {
    const found = endpointOf(account, endpoint);
    if (found === undefined) return unknown(account, endpoint);
    const { unverified, ...rest } = found;
    if (unverified === undefined) return { ok: true, account };
    const { triesLeft, expiresAt } = unverified;
    if (!(triesLeft > 0 && expiresAt > now)) return over(unverified);
    const tried = { ...rest, unverified: { ...unverified, triesLeft: triesLeft - 1 } };
    const next = isRight(unverified, code) ? rest : tried;
    return { ok: true, account: withEndpoint(account, endpoint, () => next) };
  };
}

/** What to tell of an endpoint after a code was taken for it. */
export function verified(account: Account, endpoint: string): Changed {
  const unverified = endpointOf(account, endpoint)?.unverified;
  if (unverified === undefined) return { ok: true, account };
  const { triesLeft } = unverified;
  if (triesLeft === 0) return over(unverified);
  const tries = triesLeft === 1 ? 'One more try is left' : `${triesLeft} more tries are left`;
  return failure('CODE_WRONG', `That is not the code that was sent. ${tries}.`);
}

function over({ triesLeft }: Unverified): Changed {
  const why = triesLeft > 0 ? 'The time of this code is over' : 'This code was tried too often';
  return failure('CODE_EXPIRED', `${why}: ask for another one.`);
}

function unknown(account: Account, endpoint: string): Changed {
  return failure('DEVICE_UNKNOWN', `${account.name} has no endpoint ${endpoint}.`);
}

/** Devices as they may be shown: without the hashes of codes, from which codes can be found. */
export function withoutCodes(devices: readonly Device[]): readonly Device[] {
  const plain = ({ unverified, ...rest }: Endpoint): Endpoint => {
    if (unverified === undefined) return rest;
    const { codeHash: _, ...times } = unverified;
    return { ...rest, unverified: times };
  };
  return devices.map((device) => ({ ...device, endpoints: device.endpoints.map(plain) }));
}
