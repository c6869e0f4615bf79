/**
 * Connections of the web door: many that do nothing must not keep others out, nor one that asks
 * without awaiting answers (RFC 9112, 9.3.2): no browser does.
 *
 * Invariants: a connection with more unanswered requests than the limit goes; with more
 * connections than the limit the one goes that has been idle longest, also one that is slowly
 * sending the head of its request; one whose request is being answered stays.
 */

import type { Server } from 'node:http';
import type { Socket } from 'node:net';

export class Connections {
  readonly #max: number;
  readonly #unansweredMax: number;
  readonly #all = new Set<Socket>();
  /** What to do for each unanswered request when the connection is gone. */
  readonly #asked = new WeakMap<Socket, Set<() => void>>();
  /** In the order in which they became idle. */
  readonly #idle = new Set<Socket>();

  constructor(server: Server, limits: { readonly max: number; readonly unansweredMax: number }) {
    this.#max = limits.max;
    this.#unansweredMax = limits.unansweredMax;
    server.on('connection', (socket: Socket) => this.#opened(socket));
  }

  /**
   * A request came in on it; false: there are too many, the connection goes.
   * @param gone is run when the connection goes first: of a request that waits for its turn behind
   *   another one, node:http tells nobody that it ended
   */
  busy(socket: Socket, gone: () => void): boolean {
    this.#idle.delete(socket);
    const asked = this.#asked.get(socket) ?? new Set();
    if (asked.size >= this.#unansweredMax) socket.destroy();
    if (socket.destroyed) return false;
    this.#asked.set(socket, asked.add(gone));
    return true;
  }

  /** A request was answered. */
  idle(socket: Socket, gone: () => void): void {
    const asked = this.#asked.get(socket);
    asked?.delete(gone);
    if (asked?.size !== 0 || !this.#all.has(socket)) return;
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
    socket.once('close', () => {
      this.release(socket);
      for (const gone of this.#asked.get(socket) ?? []) gone();
    });
    if (this.#all.size <= this.#max) return;
    const [oldest = socket] = this.#idle;
    oldest.destroy();
    this.release(oldest);
  }
}
