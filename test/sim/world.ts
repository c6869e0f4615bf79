/**
 * The simulated world: one line of time on which everything happens, a log of it, and the laws
 * that were seen broken.
 *
 * Stages: the earliest task runs → what it set in motion runs out (promises only) → the next one.
 * Invariants: time moves between tasks, never within; nothing else is in the event loop, so that
 * its turn ends the promises and decides nothing; tasks of the dead do not run. The steady clock
 * goes on evenly whatever the wall clock does.
 */

import { createHash } from 'node:crypto';
import type { Clock, Timer } from '../../actors/machinery.js';
import { type Draw, drawing } from './random.js';

const START = 1_700_000_000_000;

/** Whose tasks they are: a process, a bus; undefined: the world's own. */
export interface Owner {
  readonly name: string;
  readonly dead: boolean;
}

interface Task {
  readonly at: number;
  readonly order: number;
  readonly what: string;
  readonly owner: Owner | undefined;
  readonly run: () => void;
}

/** A law that was broken, in words that begin with its number: "law 5: …". */
export interface Violation {
  readonly law: string;
  readonly text: string;
  readonly at: number;
}

/** More of them tell nothing new. */
const VIOLATIONS_MAX = 20;

/** Everything that is ready and waits for no task. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

export class World {
  readonly seed: number;
  readonly violations: Violation[] = [];
  /** What happened, when it is kept. */
  readonly lines: string[] = [];
  readonly #keepsLines: boolean;
  readonly #hash = createHash('sha256');
  #time = 0;
  #wall = START;
  #order = 0;
  #tasks: Task[] = [];
  /** How often a label was drawn at this time. */
  #drawn = new Map<string, number>();

  constructor(seed: number, options: { readonly keepLines?: boolean } = {}) {
    this.seed = seed;
    this.#keepsLines = options.keepLines === true;
  }

  /** Milliseconds since the beginning, of the clock that never jumps. */
  get time(): number {
    return this.#time;
  }

  get now(): number {
    return this.#wall + this.#time;
  }

  jump(byMs: number): void {
    this.log(`the clock jumps by ${byMs} ms`);
    this.#wall += byMs;
  }

  /** Chance for `label` at this time. */
  draw(label: string): Draw {
    const count = this.#drawn.get(label) ?? 0;
    this.#drawn.set(label, count + 1);
    return drawing(this.seed, `${label}@${this.#time}#${count}`);
  }

  schedule(delayMs: number, what: string, run: () => void, owner?: Owner): Timer {
    this.#order += 1;
    const at = this.#time + Math.max(0, Math.ceil(delayMs));
    const task: Task = { at, order: this.#order, what, owner, run };
    let low = 0;
    let high = this.#tasks.length;
    // The next one stands last; of the same time the one that was scheduled first.
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#tasks[middle];
      if (other !== undefined && other.at > at) low = middle + 1;
      else high = middle;
    }
    this.#tasks.splice(low, 0, task);
    return {
      cancel: () => {
        this.#tasks = this.#tasks.filter((other) => other !== task);
      },
    };
  }

  clockOf(owner: Owner): Clock {
    return {
      now: () => this.now,
      monotonic: () => this.#time,
      after: (ms, run) => this.schedule(ms, `${owner.name} timer`, run, owner),
      random: (bytes) => {
        const draw = this.draw(`random of ${owner.name}`);
        return Uint8Array.from({ length: bytes }, () => draw.int(0, 255));
      },
    };
  }

  /** Runs until the condition holds; false: it did not within the time, or nothing is left. */
  async run(until: () => boolean, limitMs: number): Promise<boolean> {
    const end = this.#time + limitMs;
    for (;;) {
      await turn();
      if (until()) return true;
      const task = this.#tasks.at(-1);
      if (task === undefined || task.at > end) return false;
      this.#tasks.pop();
      if (task.owner?.dead === true) continue;
      if (task.at !== this.#time) this.#drawn.clear();
      this.#time = task.at;
      this.log(task.what);
      task.run();
    }
  }

  log(what: string): void {
    const line = `${this.#time} ${what}`;
    this.#hash.update(line).update('\n');
    if (this.#keepsLines) this.lines.push(line);
  }

  violate(law: string, text: string): void {
    this.log(`VIOLATION ${law}: ${text}`);
    const violation = { law, text, at: this.#time };
    if (this.violations.length < VIOLATIONS_MAX) this.violations.push(violation);
  }

  /** Over the whole log; the world is at its end. */
  hash(): string {
    return this.#hash.digest('hex');
  }
}
