/**
 * Where a request comes from and by which address it came in: pure, over the request's head.
 *
 * Four kinds of address: `encrypted` (HTTPS, as `http.publicUrl` or a trusted proxy say), `here`
 * (localhost, also through ssh), `open` (plain HTTP over a network: nothing signs in there), and
 * `foreign` (a name that is not ours on a listener that only this computer reaches: what DNS
 * rebinding looks like).
 */

import type { IncomingHttpHeaders } from 'node:http';
import { type Proxies, peerOf, plainAddress } from './proxies.js';

export interface PlaceSettings {
  readonly proxies: Proxies;
  /** "https://switch.example.org", without a path. */
  readonly publicUrl: string | undefined;
  /** Only this computer can connect. */
  readonly isLoopback: boolean;
}

export interface Place {
  readonly kind: 'encrypted' | 'here' | 'open' | 'foreign';
  /** Who asks, for limits and the tracker. */
  readonly peer: string;
  /** As the browser writes it: "localhost:2580". */
  readonly host: string;
  /** As the browser writes it in Origin. */
  readonly origin: string;
}

export interface RequestHead {
  readonly headers: IncomingHttpHeaders;
  readonly connected: string;
}

/** RFC 9110, 7.2: a host name, an IPv4 address or a bracketed IPv6 one, and perhaps a port. */
const HOST = /^(\[[0-9a-f:.]{2,45}\]|[a-z0-9_](?:[a-z0-9_.-]{0,252}))(?::(\d{1,5}))?$/;

/** Undefined: the Host header is missing or malformed. */
export function placeOf(settings: PlaceSettings, { headers, connected }: RequestHead) {
  const { proxies, publicUrl } = settings;
  const byProxy = proxies.trusts(plainAddress(connected));
  const told = byProxy ? last(headers['x-forwarded-host']) : undefined;
  const host = (told ?? headers.host ?? '').toLowerCase();
  const name = HOST.exec(host)?.[1];
  if (name === undefined) return undefined;
  const peer = peerOf(proxies, connected, joined(headers['x-forwarded-for']));
  const proto = byProxy ? last(headers['x-forwarded-proto'])?.toLowerCase() : undefined;
  const isPublic = publicUrl !== undefined && host === new URL(publicUrl).host;
  const secure = proto === undefined ? isPublic && isSecure(publicUrl) : proto === 'https';
  const origin = originOf(secure ? 'https' : 'http', host);
  const place = (kind: Place['kind']): Place => ({ kind, peer, host, origin });
  if (secure) return place('encrypted');
  if (isHere(name)) return place('here');
  // A proxy that is trusted has been asked for this name: it is open, not foreign.
  return place(settings.isLoopback && !byProxy && !isPublic ? 'foreign' : 'open');
}

/** Browsers leave the scheme's own port out. */
function originOf(scheme: 'http' | 'https', host: string): string {
  const written = `${scheme}://${host}`;
  return URL.canParse(written) ? new URL(written).origin : written;
}

/** Names by which browsers reach their own computer and nothing else (RFC 6761, 6.3). */
export function isHere(name: string): boolean {
  return name === 'localhost' || name === '[::1]' || /^127(\.\d{1,3}){3}$/.test(name);
}

function isSecure(url: string): boolean {
  return url.startsWith('https:');
}

function joined(header: string | string[] | undefined): string {
  return Array.isArray(header) ? header.join(',') : (header ?? '');
}

/** The entry that the nearest proxy wrote. */
function last(header: string | string[] | undefined): string | undefined {
  const entry = joined(header).split(',').at(-1)?.trim();
  return entry === '' ? undefined : entry;
}
