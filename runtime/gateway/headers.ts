/**
 * The headers of every answer, whatever it is: nothing runs that we did not send, nobody frames us
 * but ourselves, nothing is guessed, nothing leaks by a Referer.
 */

import type { Place } from './place.js';

/** No inline script or style; mail is shown in a frame of our own, sandboxed by its own header. */
export const PAGE_POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "frame-src 'self'",
  "worker-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "form-action 'self'",
].join('; ');

/** Of answers that are no page: should a browser show one, nothing in it does anything. */
export const BARE_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; sandbox";

const FEATURES = [
  'camera',
  'microphone',
  'geolocation',
  'payment',
  'usb',
  'serial',
  'display-capture',
  'browsing-topics',
];

const HSTS_SECONDS = 31_536_000;

const ALWAYS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': BARE_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': FEATURES.map((name) => `${name}=()`).join(', '),
  'x-dns-prefetch-control': 'off',
};

/**
 * @param own of the answer: they win, but an empty policy is none
 */
export function headersFor(
  place: Place | undefined,
  own: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const headers: Record<string, string> = { ...ALWAYS };
  if (place?.kind === 'encrypted') headers['strict-transport-security'] = `max-age=${HSTS_SECONDS}`;
  for (const [name, value] of Object.entries(own)) {
    if (value !== '') headers[name.toLowerCase()] = value;
  }
  return headers;
}
