/**
 * Who may connect how often: connections at once, in all and from one peer, and mails a minute.
 * A peer is an IPv4 address or an IPv6 /64, which one customer commonly owns. Invariant: bounded
 * memory: an entry a connection, and at most `MAX_PEERS` counters of one minute.
 */

import { isIPv6 } from 'node:net';
import type { Clock } from '../../machinery.js';
import type { EmailConfig } from './config.js';

const MINUTE_MS = 60_000;
const MAX_PEERS = 100_000;

export function isLoopback(ip: string): boolean {
  return ip === '::1' || ip.startsWith('127.');
}

export class PeerLimits {
  readonly #limits: EmailConfig['limits'];
  readonly #clock: Clock;
  readonly #connections = new Map<string, number>();
  #mails = new Map<string, number>();
  #minute = -1;

  constructor(limits: EmailConfig['limits'], clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Counts a connection; false: it is one too many and was not counted. */
  connect(ip: string): boolean {
    const peer = peerOf(ip);
    const count = this.#connections.get(peer) ?? 0;
    if (!this.#exempt(ip) && count >= this.#limits.connectionsPerPeer) return false;
    this.#connections.set(peer, count + 1);
    return true;
  }

  /** Gives back what `connect` counted. */
  disconnect(ip: string): void {
    const peer = peerOf(ip);
    const count = this.#connections.get(peer) ?? 0;
    if (count <= 1) this.#connections.delete(peer);
    else this.#connections.set(peer, count - 1);
  }

  /** Counts a mail; false: too many in this minute. */
  mail(ip: string): boolean {
    if (this.#exempt(ip)) return true;
    const minute = Math.floor(this.#clock.monotonic() / MINUTE_MS);
    if (minute !== this.#minute || this.#mails.size >= MAX_PEERS) {
      this.#minute = minute;
      this.#mails = new Map();
    }
    const peer = peerOf(ip);
    const count = (this.#mails.get(peer) ?? 0) + 1;
    this.#mails.set(peer, count);
    return count <= this.#limits.ratePerPeerPerMinute;
  }

  #exempt(ip: string): boolean {
    return this.#limits.loopback === 'exempt' && isLoopback(ip);
  }
}

function peerOf(ip: string): string {
  if (!isIPv6(ip)) return ip;
  const [head = '', tail] = ip.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const missing = 8 - groups.length - (tail === '' ? 0 : tail.split(':').length);
    for (let i = 0; i < missing; i += 1) groups.push('0');
  }
  return groups.slice(0, 4).join(':');
}
