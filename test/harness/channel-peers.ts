/**
 * The other sides of the registered channels: each folder's `peer.ts` that exports `peer`. Found by
 * the channel's name, so that a new channel is in every test that goes over them without a line.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Channel, ChannelPeer } from '../../actors/channel.js';
import { channels } from '../../actors/channels/index.js';

const FOLDER = join(import.meta.dirname, '../../actors/channels');

/** The peer of a channel's folder; undefined: it has none. */
export async function peerOf(name: string): Promise<ChannelPeer | undefined> {
  const file = join(FOLDER, name, 'peer.js');
  if (!existsSync(file)) return undefined;
  const module: unknown = await import(pathToFileURL(file).href);
  if (typeof module !== 'object' || module === null || !('peer' in module)) return undefined;
  // The edge: a folder's `peer` keeps the contract of actors/channel.ts.
  return module.peer as ChannelPeer;
}

export interface PeeredChannel {
  readonly channel: Channel;
  readonly peer: ChannelPeer;
}

/** The channels of a registry that have a peer. */
export async function withPeers(of: readonly Channel[] = channels): Promise<PeeredChannel[]> {
  const found: PeeredChannel[] = [];
  for (const channel of of) {
    const peer = await peerOf(channel.name);
    if (peer !== undefined) found.push({ channel, peer });
  }
  return found;
}
