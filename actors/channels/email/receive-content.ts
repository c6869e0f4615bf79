/**
 * Takes the content of one mail from the wire: collect in memory up to 64 KiB, beyond that stream
 * into a blob with the store's back-pressure.
 *
 * Invariants: a bare CR or LF anywhere is found, however the bytes are cut into chunks (SMTP
 * smuggling, CVE-2023-51764; RFC 5321 2.3.8); memory is bounded whatever the size; content that
 * was refused is read to its end, so that the peer hears why, and never becomes a submission.
 */

import type { Readable } from 'node:stream';
import type { Refusal } from './transaction.js';

/** Larger content does not travel in the submission (law 1). */
export const INLINE_BYTES = 64 * 1024;

const CR = 13;
const LF = 10;

export interface ContentOptions {
  readonly sizeMax: number;
  /** Sees every byte, e.g. a hash. */
  readonly watch: (chunk: Uint8Array) => void;
  /** Asked once, when the content turns out large: takes every chunk, in order, at its own pace. */
  readonly large: () => ((chunk: Uint8Array) => Promise<void> | undefined) | undefined;
  /** Absent: only the first 64 KiB matter, the rest is dropped. */
  readonly putContent?: (chunks: AsyncIterable<Uint8Array>) => Promise<{ key: string }>;
}

export type ReceivedContent =
  | { readonly kind: 'bytes'; readonly bytes: Buffer; readonly size: number }
  /** `head` is its beginning. */
  | { readonly kind: 'blob'; readonly key: string; readonly head: Buffer; readonly size: number }
  | ({ readonly kind: 'refused' } & Refusal)
  /** The peer hung up before the end: nobody waits for an answer. */
  | { readonly kind: 'gone' }
  /** The store did not take it. */
  | { readonly kind: 'trouble'; readonly error: unknown };

/** Settles when all of the content was read, and stored if it is large. */
export function receiveContent(
  stream: Readable,
  options: ContentOptions,
): Promise<ReceivedContent> {
  return new ContentReader(stream, options).read();
}

class ContentReader {
  readonly #stream: Readable;
  readonly #options: ContentOptions;
  #chunks: Buffer[] = [];
  #size = 0;
  #last = 0;
  #refusal: Refusal | undefined;
  #gone = false;

  constructor(stream: Readable, options: ContentOptions) {
    this.#stream = stream;
    this.#options = options;
  }

  read(): Promise<ReceivedContent> {
    const stream = this.#stream;
    return new Promise((resolve) => {
      const onChunk = (chunk: Buffer): void => {
        this.#check(chunk);
        if (this.#refusal !== undefined) this.#chunks = [];
        else if (this.#size <= INLINE_BYTES) this.#chunks.push(chunk);
        else if (this.#options.putContent !== undefined) {
          stream.off('data', onChunk).off('end', onEnd).off('close', onClose).pause();
          this.#chunks.push(chunk);
          resolve(this.#spill(this.#options.putContent));
        }
      };
      const onEnd = (): void => resolve(this.#whole());
      const onClose = (): void => resolve({ kind: 'gone' });
      stream.on('data', onChunk).on('end', onEnd).on('close', onClose);
      // 'close' follows and decides; without a listener the error would be thrown.
      stream.on('error', () => {});
    });
  }

  #whole(): ReceivedContent {
    if (this.#refusal !== undefined) return { kind: 'refused', ...this.#refusal };
    // One copy, so that no 64 KiB read buffer is held by a small mail.
    return { kind: 'bytes', bytes: Buffer.concat(this.#chunks), size: this.#size };
  }

  async #spill(
    putContent: (chunks: AsyncIterable<Uint8Array>) => Promise<{ key: string }>,
  ): Promise<ReceivedContent> {
    const head = Buffer.concat(this.#chunks);
    this.#chunks = [];
    try {
      const { key } = await putContent(this.#rest(head));
      return { kind: 'blob', key, head, size: this.#size };
    } catch (error) {
      if (this.#gone) return { kind: 'gone' };
      if (this.#refusal !== undefined) return { kind: 'refused', ...this.#refusal };
      // What is left is read and dropped, so that the peer gets to its dot and hears of it.
      this.#stream.resume();
      return { kind: 'trouble', error };
    }
  }

  /** Ends by throwing when the content must not be kept. */
  async *#rest(head: Buffer): AsyncGenerator<Uint8Array> {
    const take = this.#options.large();
    await take?.(head);
    yield head;
    try {
      for await (const chunk of this.#stream as AsyncIterable<Buffer>) {
        this.#check(chunk);
        if (this.#refusal !== undefined) continue;
        await take?.(chunk);
        yield chunk;
      }
    } catch (error) {
      this.#gone = true;
      throw error;
    }
    if (this.#refusal !== undefined) throw new Error(this.#refusal.text);
  }

  #check(chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#refusal !== undefined) return;
    if (this.#size > this.#options.sizeMax) {
      this.#refusal = { code: 552, text: `5.3.4 Larger than ${this.#options.sizeMax} bytes` };
      return;
    }
    if (this.#hasBareLineEnd(chunk)) {
      const text = '5.6.0 A CR or LF stands alone; end every line with CR LF';
      this.#refusal = { code: 554, text };
      return;
    }
    this.#options.watch(chunk);
  }

  #hasBareLineEnd(chunk: Buffer): boolean {
    let last = this.#last;
    for (let i = 0; i < chunk.length; i += 1) {
      const byte = chunk[i] ?? 0;
      if (byte === LF ? last !== CR : last === CR) return true;
      last = byte;
    }
    this.#last = last;
    return false;
  }
}
