/**
 * Passwords at rest: scrypt (RFC 7914) as `scrypt$N$r$p$salt$hash`, base64.
 *
 * The parameters stand in the text, so that they can grow while old hashes stay valid; what is
 * read is bounded, so that a damaged document cannot cost gigabytes. scrypt runs on the threads
 * that also flush files: at most HASHES_AT_ONCE run, the others wait in a bounded queue.
 */

import { scrypt, timingSafeEqual } from 'node:crypto';

const COST = 16_384;
const BLOCK_SIZE = 8;
const PARALLEL = 1;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const COST_MAX = 262_144;
const BLOCK_SIZE_MAX = 16;
const PARALLEL_MAX = 4;
/** Hashes that run at the same time. */
export const HASHES_AT_ONCE = 2;
/** Hashes that wait; beyond it a sign-in is told to come later. */
export const HASHES_WAITING_MAX = 128;
/** Longer ones are refused: nobody hashes a megabyte for a stranger. */
export const PASSWORD_CHARACTERS_MAX = 1_024;

interface Hashed {
  readonly cost: number;
  readonly blockSize: number;
  readonly parallel: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

const waiting: (() => void)[] = [];
let running = 0;

/** Whether the queue of hashes is full. */
export function hashingBusy(): boolean {
  return waiting.length >= HASHES_WAITING_MAX;
}

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= HASHES_AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  else running += 1;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  }
}

function derive(password: string, like: Omit<Hashed, 'hash'>, length: number): Promise<Buffer> {
  const { cost, blockSize, parallel, salt } = like;
  const maxmem = 128 * cost * blockSize * parallel + 1_048_576;
  const options = { N: cost, r: blockSize, p: parallel, maxmem };
  return inTurn(
    () =>
      new Promise((resolve, reject) => {
        // One form for one password: an é typed on another keyboard is the same é (RFC 8265).
        scrypt(password.normalize('NFC'), salt, length, options, (error, key) => {
          if (error === null) resolve(key);
          else reject(error);
        });
      }),
  );
}

function parse(stored: string): Hashed | undefined {
  const [kind, n, r, p, salt, hash, more] = stored.split('$');
  if (kind !== 'scrypt' || salt === undefined || hash === undefined || more !== undefined) return;
  const [cost, blockSize, parallel] = [Number(n), Number(r), Number(p)];
  const within = (value: number, max: number) =>
    Number.isInteger(value) && value > 0 && value <= max;
  const powerOfTwo = cost > 1 && (cost & (cost - 1)) === 0;
  if (!within(cost, COST_MAX) || !powerOfTwo) return;
  if (!within(blockSize, BLOCK_SIZE_MAX) || !within(parallel, PARALLEL_MAX)) return;
  const bytes = Buffer.from(hash, 'base64');
  if (bytes.length !== HASH_BYTES) return;
  return { cost, blockSize, parallel, salt: Buffer.from(salt, 'base64'), hash: bytes };
}

/**
 * Hashes a password for an account.
 * @param random gives the salt
 */
export async function hashPassword(
  password: string,
  random: (bytes: number) => Uint8Array,
): Promise<string> {
  const salt = Buffer.from(random(SALT_BYTES));
  const like = { cost: COST, blockSize: BLOCK_SIZE, parallel: PARALLEL, salt };
  const hash = await derive(password, like, HASH_BYTES);
  const parts = ['scrypt', COST, BLOCK_SIZE, PARALLEL];
  return [...parts, salt.toString('base64'), hash.toString('base64')].join('$');
}

/** Whether the password is the hashed one; compares in constant time. */
export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const like = parse(stored);
  if (like === undefined || password.length > PASSWORD_CHARACTERS_MAX) return false;
  return timingSafeEqual(await derive(password, like, HASH_BYTES), like.hash);
}

/** Takes as long as a real check, so that a name's existence does not show in the time. */
export async function pretendToVerify(password: string): Promise<void> {
  const salt = Buffer.alloc(SALT_BYTES);
  const like = { cost: COST, blockSize: BLOCK_SIZE, parallel: PARALLEL, salt };
  await derive(password.slice(0, PASSWORD_CHARACTERS_MAX), like, HASH_BYTES);
}
