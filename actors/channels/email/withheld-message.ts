/**
 * A message on its way into an SMTP connection whose end is withheld: everything is written and
 * handed to the operating system, then the owner is told, and only `end()` lets the final dot go,
 * as a write of its own (law 5: the dot is the byte that makes the peer responsible).
 *
 * Invariants: `written` is called once, when nothing of the message waits in this process; without
 * `end()` the connection never sees the end of the message.
 */

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Readable, Transform } from 'node:stream';

const NOTHING = Buffer.alloc(0);

export interface WithheldMessageOptions {
  readonly chunks: readonly Uint8Array[];
  /** The socket that the connection writes to. */
  readonly socket: Socket;
  /** The peer wants the content (354), and each time a chunk has been taken. */
  readonly progressed: () => void;
  readonly written: () => void;
}

/** nodemailer takes a stream and pipes it into its encoder: `pipe` is all that it asks for. */
export class WithheldMessage extends Readable {
  readonly #options: WithheldMessageOptions;
  #encoder: NodeJS.WritableStream | undefined;

  constructor(options: WithheldMessageOptions) {
    super();
    this.#options = options;
  }

  override _read(): void {}

  override pipe<T extends NodeJS.WritableStream>(encoder: T): T {
    this.#encoder = encoder;
    void this.#write(encoder);
    return encoder;
  }

  /** Lets the dot go. */
  end(): void {
    this.#encoder?.end();
  }

  async #write(encoder: NodeJS.WritableStream): Promise<void> {
    const { chunks, socket, progressed, written } = this.#options;
    progressed();
    for (const chunk of chunks) {
      await new Promise<void>((resolve) => {
        encoder.write(chunk, () => resolve());
      });
      if (this.destroyed) return;
      progressed();
    }
    while (waiting(encoder, socket)) {
      // Its callback comes after those of all writes before it.
      await new Promise<void>((resolve) => {
        socket.write(NOTHING, () => resolve());
      });
      if (this.destroyed || socket.destroyed) return;
      if (socket.writableNeedDrain) await once(socket, 'drain').catch(() => undefined);
    }
    if (!this.destroyed) written();
  }
}

function waiting(encoder: NodeJS.WritableStream, socket: Socket): boolean {
  const encoded = encoder instanceof Transform ? encoder.readableLength : 0;
  return !socket.destroyed && (encoded > 0 || socket.writableLength > 0);
}
