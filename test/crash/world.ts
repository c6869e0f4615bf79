/**
 * The world around one switch of the crash matrix: a data directory, the other sides, and whoever
 * starts the switch anew when it has died.
 *
 * Invariants: what is done to the switch is done again with the next one where it died in the
 * midst; a death that no crash point was the cause of is an error.
 */

import type { MessageDocument } from '../../schemas/message.js';
import { SwitchChild } from './switch-child.js';

const TRIES_MAX = 10;
/** A line that is dead while the switch lives is an error; the news of a death takes a moment. */
const DEATH_MAX_MS = 5_000;

export interface Checked {
  readonly problems: readonly string[];
  /** Copies beyond the first, each of them recorded. */
  readonly duplicates: number;
}

/** How a recipient's message must end. */
export interface Expected {
  readonly token: string;
  /** The address as the sender wrote it. */
  readonly to: string;
  readonly state: string;
  /** Where it must have arrived outside, if anywhere. */
  readonly at?: string;
  /** An event that its history must tell of. */
  readonly told?: string;
}

export abstract class World {
  readonly data: string;
  #child: SwitchChild | undefined;
  #greeted: SwitchChild | undefined;
  /** How often the switch died by a crash point since the round began. */
  deaths = 0;
  /** What the switch that was stopped last had come to. */
  pointsOfStopped: readonly string[] = [];

  constructor(data: string) {
    this.data = data;
  }

  /** What a new switch is started with. */
  protected abstract start(): {
    readonly config: string;
    readonly ports: ReadonlyMap<number, string>;
  };

  /** The other sides come to a switch that has just started. */
  protected abstract greet(child: SwitchChild): Promise<void>;

  /** Somebody is connected while it stops; @returns what ends that */
  protected abstract beforeStop(child: SwitchChild): Promise<() => void>;

  protected abstract closePeers(): Promise<void>;

  /** The people of the world, when its data directory is new. */
  abstract settle(): Promise<unknown>;

  /** A new round: its own books, other sides that know of nothing. */
  beginRound(): void {
    this.closeBooks();
    this.deaths = 0;
  }

  /** What was sent and what arrived until now is balanced. */
  abstract closeBooks(): void;

  /** Balances a round; the switch must be drained. */
  abstract check(documents: readonly MessageDocument[], expected: readonly Expected[]): Checked;

  async close(): Promise<void> {
    await this.#child?.kill();
    await this.closePeers();
  }

  /** The switch that runs, or is starting. */
  protected get current(): SwitchChild | undefined {
    return this.#child;
  }

  /** The switch; started when there is none. */
  async alive(deadly?: string): Promise<SwitchChild> {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const old = this.#child;
      const isNew = old === undefined || old.isGone;
      const child = isNew
        ? new SwitchChild({ ...this.start(), ...(tries === 0 && { deadly }) })
        : old;
      this.#child = child;
      try {
        await child.ready;
        if (this.#greeted !== child) await this.greet(child);
        this.#greeted = child;
        return child;
      } catch (error) {
        await this.#mourn(child, error);
      }
    }
    throw new Error('the switch does not come up');
  }

  async kill(): Promise<void> {
    await this.#child?.kill();
  }

  /** Stops it in order; the next `alive` starts another. */
  async stop(): Promise<void> {
    const child = await this.alive();
    try {
      const afterwards = await this.beforeStop(child);
      const answer = await child.ask({ do: 'stop' });
      this.pointsOfStopped = Array.isArray(answer) ? answer.map(String) : [];
      afterwards();
      await child.release();
    } catch (error) {
      await this.#mourn(child, error);
    }
  }

  /** Does it, and again with the next switch where the switch died in the midst. */
  async persist<Result>(work: (child: SwitchChild) => Promise<Result>): Promise<Result> {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const child = await this.alive();
      try {
        return await work(child);
      } catch (error) {
        await this.#mourn(child, error);
      }
    }
    throw new Error(`given up after ${TRIES_MAX} tries`);
  }

  drain(): Promise<unknown> {
    return this.persist((child) => child.ask({ do: 'drain' }));
  }

  async #mourn(child: SwitchChild, error: unknown): Promise<void> {
    if (!(await isGoneSoon(child)) || !child.wasKilled) throw error;
    if (this.#child === child) {
      this.#child = undefined;
      this.deaths += 1;
    }
  }
}

/** A death is told by the line first, and then by the process. */
async function isGoneSoon(child: SwitchChild): Promise<boolean> {
  let limit: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    limit = setTimeout(() => resolve(child.isGone), DEATH_MAX_MS);
  });
  const isGone = await Promise.race([child.gone.then(() => true), late]);
  clearTimeout(limit);
  return isGone;
}
