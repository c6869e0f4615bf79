/** Reads what a message says: the raw bytes as they came, or the UMF made from them when needed. */

import type { Channel } from '../../actors/channel.js';
import type { Address } from '../../schemas/address.js';
import type { FormattedCopy } from '../../schemas/delivery.js';
import { splitMessageKey } from '../../schemas/identifier.js';
import type { MessageDocument } from '../../schemas/message.js';
import type { Content } from '../../schemas/submission.js';
import type { Umf } from '../../schemas/umf.js';
import type { Store } from '../store/store.js';
import { ASIDE_FROM_BYTES, type Aside } from './aside.js';

export interface ContentReader {
  /** Undefined: there is only UMF. Rejects when the bytes are gone or cannot be read. */
  raw(content: Content): Promise<{ channel: string; bytes: Uint8Array } | undefined>;
  /** A large content is read aside. */
  umf(content: Content, key: string): Promise<Umf>;
  /** As the channel of the address writes it; a large content is converted aside. */
  written(content: Content, key: string, address: Address): Promise<Uint8Array>;
  /** The copy of an attempt as the message's document can hold it: a large body becomes a blob. */
  keepCopy(copy: FormattedCopy, attempt: string, owner: MessageDocument): Promise<FormattedCopy>;
}

/** As with accepted content (law 1): what is larger does not stand in a document. */
const COPY_INLINE_MAX_BYTES = 64 * 1024;

export function createContentReader(
  store: Store,
  channels: ReadonlyMap<string, Channel>,
  aside?: Pick<Aside, 'convert' | 'read'>,
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
    const uid = splitMessageKey(key).submission;
    const bytes = await bytesOf(content.at);
    if (aside === undefined || bytes.length < ASIDE_FROM_BYTES) return channel.read(bytes, uid);
    return aside.read({ from: content.channel, bytes, uid });
  }

  async function written(content: Content, key: string, address: Address) {
    const uid = splitMessageKey(key).submission;
    const held = await raw(content);
    const isLarge = held !== undefined && held.bytes.length >= ASIDE_FROM_BYTES;
    if (isLarge && aside !== undefined) {
      return aside.convert({ from: held.channel, bytes: held.bytes, uid, address });
    }
    const channel = channels.get(address.channel);
    if (channel === undefined) throw new Error(`no channel writes ${address.channel}`);
    return channel.write(await umf(content, key), address);
  }

  async function keepCopy(copy: FormattedCopy, attempt: string, owner: MessageDocument) {
    if (copy.body === undefined || !('bytes' in copy.body)) return copy;
    const { bytes } = copy.body;
    if (bytes.length <= COPY_INLINE_MAX_BYTES) return copy;
    const blob = `blob/${owner.key}/${attempt}`;
    await store.putBlob(blob, once(bytes), owner.purgeAt);
    return { head: copy.head, body: { blob } };
  }

  return { raw, umf, written, keepCopy };
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}
