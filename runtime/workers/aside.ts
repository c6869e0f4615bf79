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
import type { Umf } from '../../schemas/umf.js';

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

/** Raw bytes that are only to be read. */
export type Reading = Pick<Conversion, 'from' | 'bytes' | 'uid'>;

/** What the thread is sent. */
export type Task =
  | { readonly id: number; readonly conversion: Conversion }
  | { readonly id: number; readonly reading: Reading };

/** What it gives back. */
export interface Answer {
  readonly id: number;
  readonly wire?: Uint8Array;
  readonly umf?: Umf;
  readonly error?: string;
}

interface Waiting {
  readonly timer: Timer;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

export class Aside {
  readonly #clock: Clock;
  readonly #waiting = new Map<number, Waiting>();
  #thread: Worker | undefined;
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Rejects when it cannot be converted in time or in memory. */
  async convert(conversion: Conversion): Promise<Uint8Array> {
    const { wire } = await this.#ask((id) => ({ id, conversion }));
    if (wire === undefined) throw new Error('The thread converted nothing.');
    return wire;
  }

  /** The same for what is only read. */
  async read(reading: Reading): Promise<Umf> {
    const { umf } = await this.#ask((id) => ({ id, reading }));
    if (umf === undefined) throw new Error('The thread read nothing.');
    return umf;
  }

  #ask(taskOf: (id: number) => Task): Promise<Answer> {
    this.#last += 1;
    const id = this.#last;
    const thread = this.#started();
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(CONVERT_WITHIN_MS, () =>
        this.#end(thread, 'it took too long'),
      );
      this.#waiting.set(id, { timer, resolve, reject });
      thread.postMessage(taskOf(id));
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

  #settle(answer: Answer): void {
    const { id, error } = answer;
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    waiting.timer.cancel();
    if (error === undefined) waiting.resolve(answer);
    else waiting.reject(new Error(`The content could not be converted: ${error}.`));
  }

  #end(thread: Worker, why: string): void {
    if (this.#thread !== thread) return;
    this.#thread = undefined;
    for (const id of [...this.#waiting.keys()]) this.#settle({ id, error: why });
    void thread.terminate();
  }
}
