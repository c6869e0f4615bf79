/**
 * Connections by destination (lane): used again for many messages, at most so many for one lane
 * and for all, closed when nothing needs them.
 *
 * Stages of a place: free → busy (taken) → idle with its connection, or free again.
 *
 * Invariants: busy + idle of a lane ≤ perLane, of all lanes ≤ capacity; who waits is served in turn
 * within what its own lane may have, so that a stalled lane holds up no other; a lane without
 * connections keeps nothing.
 */

import type { Clock, Timer } from '../../machinery.js';

/** What the pool asks of a connection. */
export interface Pooled {
  readonly usable: boolean;
  onEnd: (() => void) | undefined;
  quit(): void;
  close(): void;
}

export interface PoolOptions {
  readonly clock: Clock;
  readonly perLane: number;
  readonly capacity: number;
  readonly idleMs: number;
}

/** Deliveries that wait for a place; more are sent away. */
const WAITING_MAX = 10_000;

export type Place<Connection> =
  | { readonly kind: 'connection'; readonly connection: Connection }
  /** The caller connects. */
  | { readonly kind: 'room' }
  | { readonly kind: 'full' };

interface Idle<Connection> {
  readonly connection: Connection;
  readonly timer: Timer;
}

interface Lane<Connection> {
  busy: number;
  /** The one used last is taken first, the others may go. */
  readonly idle: Idle<Connection>[];
}

interface Waiting<Connection> {
  readonly lane: string;
  readonly serve: (place: Place<Connection>) => void;
}

export class ConnectionPool<Connection extends Pooled> {
  readonly #options: PoolOptions;
  readonly #lanes = new Map<string, Lane<Connection>>();
  #waiting: Waiting<Connection>[] = [];
  #open = 0;
  #stopped = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Connections, busy and idle, of all lanes. */
  get size(): number {
    return this.#open;
  }

  /** A place in the lane; it must be given back by `release`, unless it is `full`. */
  take(lane: string): Promise<Place<Connection>> {
    if (this.#stopped) return Promise.resolve({ kind: 'full' });
    const place = this.#tryTake(lane);
    if (place !== undefined) return Promise.resolve(place);
    if (this.#waiting.length >= WAITING_MAX) return Promise.resolve({ kind: 'full' });
    return new Promise((serve) => {
      this.#waiting.push({ lane, serve });
    });
  }

  /** Gives a place back, with the connection if it can be used again. */
  release(name: string, connection: Connection | undefined): void {
    const lane = this.#lane(name);
    lane.busy -= 1;
    this.#open -= 1;
    if (connection?.usable && !this.#stopped) this.#keep(name, lane, connection);
    else if (connection?.usable) connection.quit();
    this.#serveWaiting();
    this.#forget(name, lane);
  }

  /** Takes no more, leaves idle connections politely; busy ones end with their message. */
  stop(): void {
    this.#stopped = true;
    for (const waiting of this.#waiting.splice(0)) waiting.serve({ kind: 'full' });
    for (const [name, lane] of [...this.#lanes]) {
      for (const idle of [...lane.idle]) this.#drop(name, lane, idle).quit();
    }
  }

  #tryTake(name: string): Place<Connection> | undefined {
    const lane = this.#lane(name);
    let idle = lane.idle.at(-1);
    while (idle !== undefined) {
      this.#drop(name, lane, idle);
      if (idle.connection.usable) {
        lane.busy += 1;
        this.#open += 1;
        this.#lanes.set(name, lane);
        return { kind: 'connection', connection: idle.connection };
      }
      idle = lane.idle.at(-1);
    }
    const full = this.#open >= this.#options.capacity;
    if (lane.busy >= this.#options.perLane || (full && !this.#closeOneIdle())) {
      this.#forget(name, lane);
      return undefined;
    }
    lane.busy += 1;
    this.#open += 1;
    this.#lanes.set(name, lane);
    return { kind: 'room' };
  }

  #serveWaiting(): void {
    if (this.#waiting.length === 0) return;
    const still: Waiting<Connection>[] = [];
    for (const waiting of this.#waiting) {
      const place = this.#tryTake(waiting.lane);
      if (place === undefined) still.push(waiting);
      else waiting.serve(place);
    }
    this.#waiting = still;
  }

  #keep(name: string, lane: Lane<Connection>, connection: Connection): void {
    const drop = (): Connection => this.#drop(name, lane, idle);
    const idle: Idle<Connection> = {
      connection,
      timer: this.#options.clock.after(this.#options.idleMs, () => drop().quit()),
    };
    connection.onEnd = () => {
      drop();
      this.#serveWaiting();
    };
    lane.idle.push(idle);
    this.#open += 1;
  }

  /** Takes a connection out of the idle ones. */
  #drop(name: string, lane: Lane<Connection>, idle: Idle<Connection>): Connection {
    const index = lane.idle.indexOf(idle);
    if (index >= 0) {
      lane.idle.splice(index, 1);
      this.#open -= 1;
    }
    idle.timer.cancel();
    idle.connection.onEnd = undefined;
    this.#forget(name, lane);
    return idle.connection;
  }

  #closeOneIdle(): boolean {
    for (const [name, lane] of this.#lanes) {
      const idle = lane.idle[0];
      if (idle === undefined) continue;
      this.#drop(name, lane, idle).quit();
      return true;
    }
    return false;
  }

  #lane(name: string): Lane<Connection> {
    const known = this.#lanes.get(name);
    if (known !== undefined) return known;
    const lane: Lane<Connection> = { busy: 0, idle: [] };
    this.#lanes.set(name, lane);
    return lane;
  }

  #forget(name: string, lane: Lane<Connection>): void {
    if (lane.busy === 0 && lane.idle.length === 0 && this.#lanes.get(name) === lane) {
      this.#lanes.delete(name);
    }
  }
}
