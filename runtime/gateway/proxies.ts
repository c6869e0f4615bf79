/**
 * Trusted proxies (`http.trustProxy`), and what they say about who asks.
 *
 * Invariant: a forwarding header counts only when the connection itself comes from a trusted
 * proxy; of X-Forwarded-For the rightmost address that is no such proxy is the peer, because
 * everything left of it may have been written by anybody.
 */

import { BlockList, isIP } from 'node:net';

export interface Proxies {
  trusts(address: string): boolean;
}

/** An address without the IPv6 clothes of an IPv4 one (RFC 4291, 2.5.5.2). */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
}

/** Addresses and networks, "10.0.0.0/8"; throws in an operator's words what is none. */
export function proxiesFrom(written: readonly string[]): Proxies {
  const list = new BlockList();
  for (const one of written) add(list, one);
  return {
    trusts(address) {
      const family = familyOf(plainAddress(address));
      return family !== undefined && list.check(plainAddress(address), family);
    },
  };
}

function add(list: BlockList, written: string): void {
  const [address = '', prefix, ...rest] = written.split('/');
  const family = familyOf(address);
  const longest = family === 'ipv4' ? 32 : 128;
  const length = prefix === undefined ? longest : Number(/^\d{1,3}$/.test(prefix) ? prefix : NaN);
  if (family === undefined || rest.length > 0 || !(length <= longest)) {
    const example = 'write 127.0.0.1, 10.0.0.0/8 or fd00::/8';
    throw new Error(`http.trustProxy: "${written}" is no address or network: ${example}.`);
  }
  list.addSubnet(address, length, family);
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  const version = isIP(address);
  if (version === 0) return undefined;
  return version === 4 ? 'ipv4' : 'ipv6';
}

/** Who asks, given who is connected and what X-Forwarded-For says. */
export function peerOf(proxies: Proxies, connected: string, forwardedFor: string): string {
  let peer = plainAddress(connected);
  if (!proxies.trusts(peer)) return peer;
  const hops = forwardedFor.split(',').reverse();
  for (const hop of hops) {
    const address = addressIn(hop.trim());
    if (address === undefined) return peer;
    peer = address;
    if (!proxies.trusts(peer)) return peer;
  }
  return peer;
}

/** An entry may have a port: "192.0.2.1:4711", "[2001:db8::1]:4711". */
function addressIn(entry: string): string | undefined {
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(entry)?.[1] ?? entry;
  if (isIP(bare) !== 0) return plainAddress(bare);
  const withoutPort = bare.replace(/:\d+$/, '');
  return isIP(withoutPort) === 4 ? withoutPort : undefined;
}
