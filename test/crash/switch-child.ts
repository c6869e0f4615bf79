/** The parent's end of `child.ts`: starts it, asks it, kills it, and knows when it is gone. */

import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Request } from './child.js';

const CHILD = join(import.meta.dirname, 'child.js');
/** What lives for a second gains nothing from optimised code: a fifth of a start. */
const FLAGS = ['--no-opt'];
/** A child that does not answer for so long hangs; its last words are shown. */
const ANSWER_MS = 30_000;

/** The child died before it answered. */
export class Died extends Error {
  override readonly name = 'Died';
}

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class SwitchChild {
  readonly #process: ChildProcess;
  readonly #waiting: Waiting[] = [];
  #words = '';
  #isGone = false;
  /** Where it listens, by channel, and `http`; rejects with `Died`. */
  readonly ready: Promise<ReadonlyMap<string, string>>;
  readonly gone: Promise<void>;

  /**
   * @param given.ports names of the ports of the other sides
   * @param given.deadly the crash point at which it dies
   */
  constructor(given: {
    readonly config: string;
    readonly ports: ReadonlyMap<number, string>;
    readonly deadly?: string | undefined;
  }) {
    const { config, ports, deadly } = given;
    const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
    this.#process = fork(CHILD, [config, JSON.stringify([...ports]), ...(deadly ? [deadly] : [])], {
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
      env: environment,
      execArgv: [...FLAGS],
    });
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#words += text;
    });
    this.gone = new Promise((resolve) => {
      this.#process.once('exit', () => {
        this.#isGone = true;
        const { exitCode, signalCode } = this.#process;
        const error = new Died(`the switch ended with ${exitCode ?? signalCode}: ${this.#words}`);
        for (const { reject } of this.#waiting.splice(0)) reject(error);
        resolve();
      });
    });
    this.ready = this.#answer().then(addressesIn);
    this.ready.catch(() => {});
    this.#process.on('message', (message: unknown) => this.#hear(message));
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** Whether a crash point killed it, and not a fault of its own. */
  get wasKilled(): boolean {
    return this.#process.signalCode === 'SIGKILL';
  }

  get words(): string {
    return this.#words;
  }

  ask(request: Request): Promise<unknown> {
    if (this.#isGone) return Promise.reject(new Died(`it is gone: ${this.#words}`));
    const answer = this.#answer();
    this.#process.send(request, () => {});
    return answer;
  }

  kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    return this.gone;
  }

  /** Lets go of it, so that it ends by itself. */
  async release(): Promise<void> {
    if (this.#process.connected) this.#process.disconnect();
    await this.gone;
  }

  #answer(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        reject(new Error(`the switch did not answer within ${ANSWER_MS} ms: ${this.#words}`));
        this.#process.kill('SIGKILL');
      }, ANSWER_MS);
      const settled =
        <Given>(settle: (given: Given) => void) =>
        (given: Given): void => {
          clearTimeout(late);
          settle(given);
        };
      this.#waiting.push({ resolve: settled(resolve), reject: settled(reject) });
    });
  }

  /** Answers come in the order of the questions; readiness is the first. */
  #hear(message: unknown): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined || typeof message !== 'object' || message === null) return;
    if ('failure' in message) waiting.reject(new Error(String(message.failure)));
    else if ('ready' in message) waiting.resolve(message.ready);
    else waiting.resolve('answer' in message ? message.answer : undefined);
  }
}

function addressesIn(told: unknown): ReadonlyMap<string, string> {
  if (typeof told !== 'object' || told === null) throw new Error('it told no addresses');
  return new Map(Object.entries(told).map(([name, address]) => [name, String(address)]));
}
