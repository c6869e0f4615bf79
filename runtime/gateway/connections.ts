/**
 * Connections of the web door: many that do nothing must not keep others out.
 *
 * Invariant: above the limit the connection that has been idle longest goes, also one that is
 * slowly sending the head of its request; one whose request is being answered stays.
 */

import type { Server } from 'node:http';
import type { Socket } from 'node:net';

export class Connections {
  readonly #max: number;
  readonly #all = new Set<Socket>();
  /** In the order in which they became idle. */
  readonly #idle = new Set<Socket>();

  constructor(server: Server, max: number) {
    this.#max = max;
    server.on('connection', (socket: Socket) => this.#opened(socket));
  }

  /** A request came in on it. */
  busy(socket: Socket): void {
    this.#idle.delete(socket);
  }

  /** Its request was answered. */
  idle(socket: Socket): void {
    if (!this.#all.has(socket)) return;
    this.#idle.delete(socket);
    this.#idle.add(socket);
  }

  /** It carries a live line now, which has limits of its own. */
  release(socket: Socket): void {
    this.#all.delete(socket);
    this.#idle.delete(socket);
  }

  closeIdle(): void {
    for (const socket of this.#idle) socket.destroy();
  }

  closeAll(): void {
    for (const socket of this.#all) socket.destroy();
  }

  #opened(socket: Socket): void {
    this.#all.add(socket);
    this.#idle.add(socket);
    socket.once('close', () => this.release(socket));
    if (this.#all.size <= this.#max) return;
    const [oldest = socket] = this.#idle;
    oldest.destroy();
    this.release(oldest);
  }
}
