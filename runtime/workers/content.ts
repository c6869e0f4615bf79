/** Reads what a message says: the raw bytes as they came, or the UMF made from them when needed. */

import type { Channel } from '../../actors/channel.js';
import { splitMessageKey } from '../../schemas/identifier.js';
import type { Content } from '../../schemas/submission.js';
import type { Umf } from '../../schemas/umf.js';
import type { Store } from '../store/store.js';

export interface ContentReader {
  /** Undefined: there is only UMF. Rejects when the bytes are gone or cannot be read. */
  raw(content: Content): Promise<{ channel: string; bytes: Uint8Array } | undefined>;
  umf(content: Content, key: string): Promise<Umf>;
}

export function createContentReader(
  store: Store,
  channels: ReadonlyMap<string, Channel>,
): ContentReader {
  async function bytesOf(place: (Content & { kind: 'raw' })['at']): Promise<Uint8Array> {
    if (place.in === 'own') {
      const bytes = await store.getContent(place.key);
      if (bytes !== undefined) return bytes;
    } else {
      const chunks = store.getBlob(place.key);
      if (chunks !== undefined) return Buffer.concat(await collect(chunks));
    }
    throw new Error(`the raw content ${place.key} is not in the store any more`);
  }

  async function raw(content: Content) {
    if (content.kind === 'umf') return undefined;
    return { channel: content.channel, bytes: await bytesOf(content.at) };
  }

  async function umf(content: Content, key: string): Promise<Umf> {
    if (content.kind === 'umf') return content.umf;
    const channel = channels.get(content.channel);
    if (channel === undefined) throw new Error(`no channel reads ${content.channel}`);
    return channel.read(await bytesOf(content.at), splitMessageKey(key).submission);
  }

  return { raw, umf };
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}
