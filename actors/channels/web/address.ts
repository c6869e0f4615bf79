/**
 * The two kinds of address: an account's name (its open pages), and a browser's push subscription
 * (RFC 8030, RFC 8291) as `<endpoint>#<p256dh>.<auth>`, the keys in base64url without padding.
 *
 * Invariants: an endpoint is https, or an origin that the settings name; its host is one the
 * settings allow, so that nobody makes the switch send requests to a host of his choice; the keys
 * are such that something can be encrypted for them.
 */

import { ECDH } from 'node:crypto';
import type { Address } from '../../../schemas/address.js';
import type { Failure } from '../../machinery.js';

/** An account's name. */
const NAME = /^[a-z0-9][a-z0-9.-]{0,127}$/;
const ENDPOINT_CHARACTERS_MAX = 1500;
const PUBLIC_KEY_BYTES = 65;
const UNCOMPRESSED_POINT = 4;
const AUTH_BYTES = 16;

export interface Subscription {
  readonly endpoint: string;
  readonly p256dh: string;
  readonly auth: string;
}

type Parsed = { readonly ok: true; readonly address: Address } | Failure;

/** Reads a name, a subscription in its normal form, or as a browser gives it in JSON. */
export function parseAddress(channel: string, text: string, services: readonly string[]): Parsed {
  const written = text.trim();
  const name = written.toLowerCase();
  if (NAME.test(name)) return { ok: true, address: { channel, value: name } };
  const subscription = written.startsWith('{') ? fromJson(written) : fromValue(written);
  if (subscription === undefined) {
    return no(`"${text.slice(0, 80)}" is no name of a subscriber: use a-z, 0-9, dot, dash.`);
  }
  const wrong = wrongWith(subscription, services);
  if (wrong !== undefined) return no(wrong);
  const { href } = new URL(subscription.endpoint);
  const value = `${href}#${plain(subscription.p256dh)}.${plain(subscription.auth)}`;
  return { ok: true, address: { channel, value } };
}

/** The subscription in an address's value; undefined: it is a name. */
export function subscriptionOf(value: string): Subscription | undefined {
  return value.includes('#') ? fromValue(value) : undefined;
}

/** Whether the settings allow requests to this endpoint. */
export function isAllowed(endpoint: string, services: readonly string[]): boolean {
  if (!URL.canParse(endpoint)) return false;
  const { origin, protocol, hostname, port, username, password } = new URL(endpoint);
  if (username !== '' || password !== '') return false;
  return services.some((service) => {
    if (service.includes('://')) return URL.canParse(service) && new URL(service).origin === origin;
    const host = service.toLowerCase();
    const below = hostname === host || hostname.endsWith(`.${host}`);
    return below && protocol === 'https:' && port === '';
  });
}

function wrongWith(
  { endpoint, p256dh, auth }: Subscription,
  services: readonly string[],
): string | undefined {
  if (endpoint.length > ENDPOINT_CHARACTERS_MAX) {
    return `The endpoint has more than ${ENDPOINT_CHARACTERS_MAX} characters.`;
  }
  if (!isAllowed(endpoint, services)) {
    const host = URL.canParse(endpoint) ? new URL(endpoint).host : endpoint.slice(0, 80);
    return `${host} is no push service that this switch knows; see web.push.services.`;
  }
  const key = Buffer.from(p256dh, 'base64url');
  const isKey = key.length === PUBLIC_KEY_BYTES && key[0] === UNCOMPRESSED_POINT && isPoint(key);
  if (isKey && Buffer.from(auth, 'base64url').length === AUTH_BYTES) return undefined;
  return 'The keys of the push subscription are no such keys: subscribe again.';
}

/** Whether it lies on the curve (RFC 8291, 3.1): nothing can be encrypted for any other. */
function isPoint(key: Buffer): boolean {
  try {
    ECDH.convertKey(key, 'prime256v1');
    return true;
  } catch {
    return false;
  }
}

function fromValue(text: string): Subscription | undefined {
  const match = /^(https?:\/\/[^\s#]+)#([\w-]+)\.([\w-]+)$/.exec(text);
  if (match === null) return undefined;
  const [, endpoint = '', p256dh = '', auth = ''] = match;
  return { endpoint, p256dh, auth };
}

/** What `PushSubscription.toJSON()` gives. */
function fromJson(text: string): Subscription | undefined {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    return undefined;
  }
  const endpoint = textIn(given, 'endpoint');
  const keys = isObject(given) ? given['keys'] : undefined;
  const p256dh = textIn(keys, 'p256dh');
  const auth = textIn(keys, 'auth');
  if (endpoint === undefined || p256dh === undefined || auth === undefined) return undefined;
  if (!URL.canParse(endpoint) || endpoint.includes('#')) return undefined;
  return { endpoint, p256dh, auth };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function textIn(value: unknown, name: string): string | undefined {
  const text = isObject(value) ? value[name] : undefined;
  return typeof text === 'string' ? text : undefined;
}

/** base64url without padding, whatever alphabet it was written in. */
function plain(key: string): string {
  return Buffer.from(key, 'base64url').toString('base64url');
}

function no(message: string): Failure {
  return { ok: false, code: 'ADDRESS_SYNTAX', message };
}
