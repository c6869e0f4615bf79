/**
 * Whether a request was made by a page of ours, or by somebody else's in the same browser (CSRF).
 *
 * Invariants: whatever changes something, and the live line, needs our own Origin; what only reads
 * must not be asked for by another site. Another port of the same computer is another site too,
 * although cookies do not know ports.
 */

import type { IncomingHttpHeaders } from 'node:http';
import type { Place } from './place.js';

/** Why a state-changing request or a live line is refused; undefined: it is ours. */
export function refusedOrigin(
  place: Place,
  headers: IncomingHttpHeaders,
  publicUrl: string | undefined,
): string | undefined {
  const { origin } = headers;
  const own = ownOrigins(place, publicUrl);
  const proxy = 'Behind a proxy, set http.publicUrl and http.trustProxy.';
  if (origin === undefined) return `The request does not say which page made it. ${proxy}`;
  if (!own.includes(origin)) {
    const from = origin.slice(0, 100);
    return `A page of ${from} may not do this: this is ${own.join(' or ')}. ${proxy}`;
  }
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin') return undefined;
  return `The browser says that another site (${String(site)}) made this request.`;
}

/** Whether another site asks: such a request reads nothing that belongs to a person. */
export function isOtherSite(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  return site !== undefined && site !== 'same-origin' && site !== 'none';
}

function ownOrigins({ origin }: Place, publicUrl: string | undefined): readonly string[] {
  const told = publicUrl === undefined ? origin : new URL(publicUrl).origin;
  return told === origin ? [origin] : [origin, told];
}
