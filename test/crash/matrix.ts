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
import { checkRound, type Expected, readRound } from './books.js';
import { SCENARIOS, type Scenario } from './scenarios.js';
import { World } from './world.js';

const WORLDS = 4;
/** One round: sends, crash, start, drain. */
const ROUND_MS = 60_000;
/** What is timing's own may pass by its point; then it is tried again. */
const TRIES_MAX = 2;

export interface Strike {
  readonly scenario: Scenario;
  readonly point: string;
}

export interface Results {
  readonly strikes: readonly Strike[];
  readonly rounds: number;
  /** Points that were never come to again. */
  readonly missed: readonly Strike[];
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

class Lane {
  readonly #world: World;
  readonly #number: number;
  #rounds = 0;
  /** Messages of the rounds before. */
  #known = new Set<string>();

  private constructor(world: World, number: number) {
    this.#world = world;
    this.#number = number;
  }

  static async open(folder: string, number: number): Promise<Lane> {
    const data = join(folder, `world-${number}`);
    mkdirSync(data);
    const lane = new Lane(await World.open(data), number);
    await lane.#world.persist((child) => child.ask({ do: 'open subscribers' }));
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
  async record(scenario: Scenario): Promise<{ points: string[]; problems: readonly string[] }> {
    await this.#world.stop();
    let points: string[] = [];
    const { problems } = await this.#round({ scenario, point: undefined }, async () => {
      points = scenario.stops
        ? [...this.#world.pointsOfStopped]
        : texts(await this.#world.persist((child) => child.ask({ do: 'points' })));
    });
    return { points, problems };
  }

  strike(strike: Strike): Promise<RoundResult> {
    return this.#round(strike, () => Promise.resolve());
  }

  async #round(
    { scenario, point }: { readonly scenario: Scenario; readonly point: string | undefined },
    drained: () => Promise<void>,
  ): Promise<RoundResult> {
    const world = this.#world;
    this.#rounds += 1;
    const name = `w${this.#number}r${this.#rounds}`;
    const where = `[${scenario.name}] ${point ?? 'no crash'}`;
    const problems: string[] = [];
    let duplicates = 0;
    const balance = async (expected: readonly Expected[]): Promise<void> => {
      const checked = checkRound(world, await readRound(world.data, this.#known), expected);
      duplicates += checked.duplicates;
      problems.push(...checked.problems.map((problem) => `${where}: ${problem}`));
    };
    const stored = async () => (await readRound(world.data, this.#known)).length;
    world.beginRound();
    try {
      const deadly = scenario.startsDeadly ? undefined : point;
      await (await world.alive()).ask({ do: 'begin', deadly });
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

/**
 * @param folder for the data directories
 * @param scenarios a part of the load, for who wants no more
 */
export async function runMatrix(
  folder: string,
  scenarios: readonly Scenario[] = SCENARIOS,
): Promise<Results> {
  const opened = Array.from({ length: WORLDS }, (_, number) => Lane.open(folder, number));
  const lanes = await Promise.all(opened);
  try {
    return await runOn(lanes, scenarios);
  } finally {
    await Promise.all(lanes.map((lane) => lane.close()));
  }
}

async function runOn(lanes: readonly Lane[], scenarios: readonly Scenario[]): Promise<Results> {
  const problems: string[] = [];
  const recorded: Strike[][] = [];
  await shareOut(lanes, [...scenarios], async (lane, scenario) => {
    const { points, problems: own } = await lane.record(scenario);
    recorded.push(points.map((point) => ({ scenario, point })));
    problems.push(...own);
  });
  const strikes = recorded.flat();
  const missed: Strike[] = [];
  let duplicates = 0;
  await shareOut(lanes, [...strikes], async (lane, strike) => {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const result = await lane.strike(strike);
      problems.push(...result.problems);
      duplicates += result.duplicates;
      if (result.struck) return;
    }
    missed.push(strike);
  });
  const rounds = lanes.reduce((sum, lane) => sum + lane.rounds, 0);
  const changingSites = (await lanes[0]?.changingSites()) ?? [];
  return { strikes, rounds, missed, duplicates, problems, changingSites };
}

/** Each lane takes the next item as soon as it is done with one. */
async function shareOut<Item>(
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
