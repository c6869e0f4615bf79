/**
 * The session's cookie (RFC 6265): `__Host-pb` under HTTPS, which no other host and no plain HTTP
 * page can set; `pb` on this computer, where browsers take no Secure cookie everywhere.
 *
 * Invariant: each kind of address reads only its own cookie.
 */

import type { Place } from './place.js';

const NAMES = { encrypted: '__Host-pb', here: 'pb' } as const;

function nameAt({ kind }: Place): string | undefined {
  return kind === 'encrypted' || kind === 'here' ? NAMES[kind] : undefined;
}

/** The session's token; undefined: there is none, or several, of which one is not ours. */
export function tokenIn(place: Place, header: string | undefined): string | undefined {
  const name = nameAt(place);
  if (name === undefined || header === undefined) return undefined;
  const tokens = new Set<string>();
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=');
    if (equals !== -1 && pair.slice(0, equals).trim() === name)
      tokens.add(pair.slice(equals + 1).trim());
  }
  const [token] = tokens;
  return tokens.size === 1 ? token : undefined;
}

/** Set-Cookie for a session that lasts until then. */
export function cookieFor(place: Place, token: string, lastsMs: number): string {
  const seconds = Math.max(0, Math.floor(lastsMs / 1000));
  const secure = place.kind === 'encrypted' ? '; Secure' : '';
  const rules = `Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${secure}`;
  return `${nameAt(place) ?? NAMES.here}=${token}; ${rules}`;
}

/** Set-Cookie that forgets the session. */
export function cookieGone(place: Place): string {
  return cookieFor(place, '', 0);
}
