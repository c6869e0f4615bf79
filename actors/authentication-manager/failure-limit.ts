/**
 * Slows down who guesses passwords, and nobody else.
 *
 * Failures count by (peer, name) and by peer, never by name alone: an attacker elsewhere cannot
 * lock the victim out. After FREE failures each further one doubles the pause; a success clears
 * its (peer, name). Bounded: beyond ENTRIES_MAX the entry that is oldest goes.
 */

import { isIPv6 } from 'node:net';
import type { Clock } from '../machinery.js';

const FREE_BY_NAME = 5;
const FREE_BY_PEER = 50;
const PAUSE_FIRST_MS = 1_000;
const PAUSE_MAX_MS = 15 * 60_000;
/** Without a failure for so long, everything is forgotten. */
const FORGET_MS = 60 * 60_000;
export const ENTRIES_MAX = 20_000;

interface Entry {
  readonly failures: number;
  readonly lastAt: number;
  readonly pausedUntil: number;
}

/** The network that one peer can choose its addresses from: a /64 where it is IPv6. */
export function peerGroup(peer: string): string {
  const plain = peer.replace(/^::ffff:(?=\d+\.)/i, '');
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.toLowerCase().split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array<string>(zeros).fill('0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}

export class FailureLimit {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How long this peer must still wait before it may try this name; 0: not at all. */
  pausedMs(peer: string, name: string): number {
    const now = this.#clock.monotonic();
    const until = (key: string) => this.#entries.get(key)?.pausedUntil ?? 0;
    const { byName, byPeer } = this.#keys(peer, name);
    return Math.max(0, until(byName) - now, until(byPeer) - now);
  }

  failed(peer: string, name: string): void {
    const { byName, byPeer } = this.#keys(peer, name);
    this.#count(byName, FREE_BY_NAME);
    this.#count(byPeer, FREE_BY_PEER);
  }

  succeeded(peer: string, name: string): void {
    this.#entries.delete(this.#keys(peer, name).byName);
  }

  #keys(peer: string, name: string): { readonly byName: string; readonly byPeer: string } {
    const group = peerGroup(peer);
    return { byName: `${group} ${name}`, byPeer: group };
  }

  #count(key: string, free: number): void {
    const now = this.#clock.monotonic();
    const before = this.#entries.get(key);
    const remembered = before !== undefined && now - before.lastAt < FORGET_MS;
    const failures = (remembered ? before.failures : 0) + 1;
    const over = failures - free;
    const pauseMs = over < 0 ? 0 : Math.min(PAUSE_MAX_MS, PAUSE_FIRST_MS * 2 ** Math.min(over, 20));
    this.#entries.delete(key);
    this.#entries.set(key, { failures, lastAt: now, pausedUntil: now + pauseMs });
    const oldest = this.#entries.keys().next();
    if (this.#entries.size > ENTRIES_MAX && !oldest.done) this.#entries.delete(oldest.value);
  }
}
