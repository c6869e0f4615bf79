/**
 * Converts large contents on a thread of their own, so that 30 MiB of MIME hold nobody else up.
 *
 * Invariants: one thread, started when it is first needed, that keeps no process alive. What takes
 * longer than CONVERT_WITHIN_MS, or more memory than the thread may have, ends the thread
 * and fails, with whatever waited behind it; the next one gets a new thread.
 */

import { Worker } from 'node:worker_threads';
import type { Clock, Timer } from '../../actors/machinery.js';
import type { Address } from '../../schemas/address.js';

/** From this size on a content is converted aside; below it the way there costs more. */
export const ASIDE_FROM_BYTES = 256 * 1024;
const CONVERT_WITHIN_MS = 60_000;
const THREAD_MEMORY_MIB = 1024;

export interface Conversion {
  /** The channel whose wire format `bytes` have. */
  readonly from: string;
  readonly bytes: Uint8Array;
  readonly uid: string;
  /** Where it goes: the channel that writes, and the endpoint it is fitted for. */
  readonly address: Address;
}

interface Waiting {
  readonly timer: Timer;
  readonly resolve: (wire: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

type Answer = { readonly id: number; readonly wire?: Uint8Array; readonly error?: string };

export class Aside {
  readonly #clock: Clock;
  readonly #waiting = new Map<number, Waiting>();
  #thread: Worker | undefined;
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Rejects when it cannot be converted in time or in memory. */
  convert(conversion: Conversion): Promise<Uint8Array> {
    this.#last += 1;
    const id = this.#last;
    const thread = this.#started();
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(CONVERT_WITHIN_MS, () =>
        this.#end(thread, 'it took too long'),
      );
      this.#waiting.set(id, { timer, resolve, reject });
      thread.postMessage({ id, conversion });
    });
  }

  async stop(): Promise<void> {
    const thread = this.#thread;
    if (thread === undefined) return;
    this.#end(thread, 'the switch is stopping');
    await thread.terminate();
  }

  #started(): Worker {
    if (this.#thread !== undefined) return this.#thread;
    const thread = new Worker(new URL('./aside-thread.js', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: THREAD_MEMORY_MIB },
    });
    thread.unref();
    thread.on('message', (answer: Answer) => this.#settle(answer));
    thread.on('error', (error) => this.#end(thread, error.message));
    this.#thread = thread;
    return thread;
  }

  #settle({ id, wire, error }: Answer): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    waiting.timer.cancel();
    if (wire !== undefined) waiting.resolve(wire);
    else waiting.reject(new Error(`The content could not be converted: ${error}.`));
  }

  #end(thread: Worker, why: string): void {
    if (this.#thread !== thread) return;
    this.#thread = undefined;
    for (const id of [...this.#waiting.keys()]) this.#settle({ id, error: why });
    void thread.terminate();
  }
}
