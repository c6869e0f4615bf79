/**
 * How many messages a minute one address may send without signing in. A peer is an IPv4 address or
 * an IPv6 /64. Invariant: bounded memory, at most PEERS_MAX counters of one minute.
 */

import { isIPv6 } from 'node:net';
import type { Clock } from '../../machinery.js';

const MINUTE_MS = 60_000;
const PEERS_MAX = 10_000;
/** Groups of 16 bits in an IPv6 address, and in what one customer commonly owns. */
const GROUPS = 8;
const NETWORK_GROUPS = 4;

export class PeerRate {
  readonly #clock: Clock;
  readonly #most: number;
  #minute = -1;
  #counts = new Map<string, number>();

  constructor(clock: Clock, most: number) {
    this.#clock = clock;
    this.#most = most;
  }

  /** Counts one; false: too many in this minute. */
  take(peer: string): boolean {
    const minute = Math.floor(this.#clock.monotonic() / MINUTE_MS);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#counts = new Map();
    }
    const name = networkOf(peer);
    const count = (this.#counts.get(name) ?? 0) + 1;
    // So many peers in one minute are no people: nobody new is let in before the next.
    if (count === 1 && this.#counts.size >= PEERS_MAX) return false;
    this.#counts.set(name, count);
    return count <= this.#most;
  }
}

function networkOf(ip: string): string {
  if (!isIPv6(ip)) return ip;
  const [head = '', tail] = ip.split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? 0 : tail.split(':').length;
  if (tail !== undefined) groups.push(...Array<string>(GROUPS - groups.length - after).fill('0'));
  return groups.slice(0, NETWORK_GROUPS).join(':');
}
