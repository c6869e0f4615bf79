/**
 * Runs the crash matrix.
 *
 * Stages: record (each scenario once without a crash, on a fresh switch: the list of its points) →
 * strike (each scenario once for each of its points: the switch dies there, is started again, the
 * senders go on, everything is drained, the books are balanced). Several worlds work at once, each
 * with a switch, a store and a next hop of its own; a started switch recovers from one crash and
 * goes into the next.
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readRound } from './books.js';
import type { Load, Scenario } from './scenario.js';
import type { Expected, World } from './world.js';

const WORLDS = 4;
/** One round: sends, crash, start, drain. */
const ROUND_MS = 60_000;
/** What is timing's own may pass by its point; then it is tried again. */
const TRIES_MAX = 2;

interface Strike<Around extends World> {
  readonly scenario: Scenario<Around>;
  readonly point: string;
}

/** A place of the load where the switch was to die. */
export interface Struck {
  readonly scenario: string;
  readonly point: string;
}

export interface Results {
  readonly strikes: readonly Struck[];
  readonly rounds: number;
  /** Points that were never come to again. */
  readonly missed: readonly Struck[];
  readonly duplicates: number;
  readonly problems: readonly string[];
  /** Methods that the wrapping of the ports puts points around. */
  readonly changingSites: readonly string[];
}

interface RoundResult {
  readonly struck: boolean;
  readonly duplicates: number;
  readonly problems: readonly string[];
}

class Lane<Around extends World> {
  readonly #world: Around;
  readonly #number: number;
  #rounds = 0;
  /** Messages of the rounds before. */
  #known = new Set<string>();

  private constructor(world: Around, number: number) {
    this.#world = world;
    this.#number = number;
  }

  static async open<Around extends World>(
    load: Load<Around>,
    folder: string,
    number: number,
  ): Promise<Lane<Around>> {
    const data = join(folder, `world-${number}`);
    mkdirSync(data, { recursive: true });
    const lane = new Lane(await load.open(data), number);
    await lane.#world.settle();
    return lane;
  }

  close(): Promise<void> {
    return this.#world.close();
  }

  get rounds(): number {
    return this.#rounds;
  }

  async changingSites(): Promise<string[]> {
    return texts(await this.#world.persist((child) => child.ask({ do: 'changing sites' })));
  }

  /** The points of one scenario, from a switch that has just been started. */
  async record(
    scenario: Scenario<Around>,
  ): Promise<{ points: string[]; problems: readonly string[] }> {
    await this.restart();
    let points: string[] = [];
    const { problems } = await this.#round({ scenario, point: undefined }, async () => {
      points = scenario.stops
        ? [...this.#world.pointsOfStopped]
        : texts(await this.#world.persist((child) => child.ask({ do: 'points' })));
    });
    return { points, problems };
  }

  restart(): Promise<void> {
    return this.#world.stop();
  }

  strike(strike: Strike<Around>): Promise<RoundResult> {
    return this.#round(strike, () => Promise.resolve());
  }

  async #round(
    { scenario, point }: Omit<Strike<Around>, 'point'> & { readonly point: string | undefined },
    drained: () => Promise<void>,
  ): Promise<RoundResult> {
    const world = this.#world;
    this.#rounds += 1;
    const name = `w${this.#number}r${this.#rounds}`;
    const where = `[${scenario.name}] ${point ?? 'no crash'}`;
    const problems: string[] = [];
    let duplicates = 0;
    const balance = async (expected: readonly Expected[]): Promise<void> => {
      const checked = world.check(await readRound(world.data, this.#known), expected);
      duplicates += checked.duplicates;
      problems.push(...checked.problems.map((problem) => `${where}: ${problem}`));
    };
    const stored = async () => (await readRound(world.data, this.#known)).length;
    world.beginRound();
    try {
      const deadly = scenario.startsDeadly ? undefined : point;
      await scenario.prepare?.(world);
      await world.persist((child) => child.ask({ do: 'begin', deadly }));
      const work = scenario.run({ world, name, deadly: point, balance, stored });
      const expected = await within(ROUND_MS, work, () => world.kill());
      await drained();
      await balance(expected);
    } catch (error) {
      problems.push(`${where}: ${error instanceof Error ? error.stack : error}`);
      await world.kill();
    }
    for (const { key } of await readRound(world.data, this.#known)) this.#known.add(key);
    return { struck: world.deaths > 0, duplicates, problems };
  }
}

function texts(answer: unknown): string[] {
  return Array.isArray(answer) ? answer.map(String) : [];
}

async function within<Result>(
  ms: number,
  work: Promise<Result>,
  late: () => Promise<void>,
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`it did not come to its end within ${ms} ms`));
      void late();
    }, ms);
  });
  work.catch(() => {});
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** @param folder for the data directories */
export async function runMatrix<Around extends World>(
  folder: string,
  load: Load<Around>,
): Promise<Results> {
  const numbers = Array.from({ length: WORLDS }, (_, number) => number);
  const lanes = await Promise.all(numbers.map((number) => Lane.open(load, folder, number)));
  try {
    return await runOn(lanes, load.scenarios);
  } finally {
    await Promise.all(lanes.map((lane) => lane.close()));
  }
}

async function runOn<Around extends World>(
  lanes: readonly Lane<Around>[],
  scenarios: readonly Scenario<Around>[],
): Promise<Results> {
  const problems: string[] = [];
  const recorded: Strike<Around>[][] = [];
  await shareOut(lanes, [...scenarios], async (lane, scenario) => {
    const { points, problems: own } = await lane.record(scenario);
    recorded.push(points.map((point) => ({ scenario, point })));
    problems.push(...own);
  });
  const strikes = recorded.flat();
  const missed: Strike<Around>[] = [];
  let duplicates = 0;
  await shareOut(lanes, [...strikes], async (lane, strike) => {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      // The points were recorded on a switch that had just been started.
      if (tries > 0) await lane.restart();
      const result = await lane.strike(strike);
      problems.push(...result.problems);
      duplicates += result.duplicates;
      if (result.struck) return;
    }
    missed.push(strike);
  });
  const rounds = lanes.reduce((sum, lane) => sum + lane.rounds, 0);
  const changingSites = (await lanes[0]?.changingSites()) ?? [];
  const told = { strikes: strikes.map(struckOf), missed: missed.map(struckOf) };
  return { ...told, rounds, duplicates, problems, changingSites };
}

function struckOf<Around extends World>({ scenario, point }: Strike<Around>): Struck {
  return { scenario: scenario.name, point };
}

/** Each lane takes the next item as soon as it is done with one. */
async function shareOut<Lane, Item>(
  lanes: readonly Lane[],
  items: readonly Item[],
  work: (lane: Lane, item: Item) => Promise<void>,
): Promise<void> {
  const rest = [...items];
  const take = async (lane: Lane): Promise<void> => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(lane, item);
  };
  await Promise.all(lanes.map(take));
}
