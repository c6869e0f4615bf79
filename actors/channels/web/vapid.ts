/**
 * Who sends the notifications (RFC 8292, VAPID): one P-256 key for the switch, made from a secret
 * that is kept in the store, so that subscriptions outlive restarts.
 */

import { createECDH, createHash, type ECDH } from 'node:crypto';
import type { DeliverContext } from '../../machinery.js';

const SECRET = 'vapid';
const SECRET_BYTES = 32;
/** A random number is no key of the curve about once in 2^32 times. */
const TRIES_MAX = 8;

export interface VapidKeys {
  /** Both in base64url. */
  readonly publicKey: string;
  readonly privateKey: string;
}

/** The switch's own keys: always the same with the same store. */
export async function vapidKeys(secret: DeliverContext<unknown>['secret']): Promise<VapidKeys> {
  let candidate: Uint8Array = await secret(SECRET, SECRET_BYTES);
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const pair = pairOf(candidate);
    if (pair !== undefined) {
      return {
        publicKey: pair.getPublicKey().toString('base64url'),
        privateKey: Buffer.from(candidate).toString('base64url'),
      };
    }
    candidate = createHash('sha256').update(candidate).digest();
  }
  throw new Error('the secret of web push gives no key: restore it from a backup');
}

function pairOf(candidate: Uint8Array): ECDH | undefined {
  const pair = createECDH('prime256v1');
  try {
    pair.setPrivateKey(candidate);
    return pair;
  } catch {
    return undefined;
  }
}
