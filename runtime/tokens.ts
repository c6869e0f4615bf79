/**
 * Signed, expiring tokens in local parts: `bounce+TOKEN@…` brings a bounce home, `reply+TOKEN@…` is
 * reserved for replies. A token is `<submission>.<n>.<delivery>.<day>.<mac>`, all in lower case,
 * because hosts on the way may change the case of a local part; at most 57 characters, because a
 * local part has 64 (RFC 5321 4.5.3.1.1).
 */

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock, Tokens } from '../actors/machinery.js';
import { messageKey, splitMessageKey } from '../schemas/identifier.js';

const DAY_MS = 24 * 3_600_000;
/** A bounce may come as late as the slowest next hop gives up: five days, and some margin. */
const VALID_DAYS = 30;
/** 80 bits of the MAC. */
const MAC_CHARACTERS = 20;
const PATTERN = /^([0-9a-z]{16})\.(\d{1,5})\.(\d{1,3})\.([0-9a-z]{1,5})\.([0-9a-f]{20})$/;

export function createTokens(secret: Uint8Array, clock: Clock): Tokens {
  function mac(purpose: string, claims: string): string {
    return createHmac('sha256', secret)
      .update(`${purpose}:${claims}`)
      .digest('hex')
      .slice(0, MAC_CHARACTERS);
  }

  return {
    sign(purpose, key, delivery) {
      const { submission, recipient } = splitMessageKey(key);
      const day = Math.floor(clock.now() / DAY_MS).toString(36);
      const claims = `${submission}.${recipient}.${delivery}.${day}`;
      return `${claims}.${mac(purpose, claims)}`;
    },
    verify(purpose, token) {
      const parts = PATTERN.exec(token.toLowerCase());
      if (parts === null) return undefined;
      const [, submission = '', recipient, delivery, day = '', given = ''] = parts;
      const claims = `${submission}.${recipient}.${delivery}.${day}`;
      const right = Buffer.from(mac(purpose, claims));
      if (!timingSafeEqual(right, Buffer.from(given))) return undefined;
      const age = Math.floor(clock.now() / DAY_MS) - Number.parseInt(day, 36);
      if (age < 0 || age > VALID_DAYS) return undefined;
      return { messageKey: messageKey(submission, Number(recipient)), delivery: Number(delivery) };
    },
  };
}
