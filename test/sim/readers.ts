/**
 * The people's open pages: each is opened, closed, lost with its process and opened again, by
 * seed; a person has none, one or several.
 */

import { SimulatedPage } from './doors.js';
import type { Machine } from './machine.js';
import { NAMES } from './people.js';
import { drawing } from './random.js';
import type { SimulatedChannel } from './registry.js';
import type { Watch } from './watch.js';
import type { World } from './world.js';

const PAGES_MAX = 3;
const OPEN_MIN_MS = 3_000;
/** Some pages are never closed. */
const STAYS_CHANCE = 0.5;
const AGAIN_MIN_MS = 50;
const AGAIN_MAX_MS = 3_000;

interface Reading {
  readonly name: string;
  readonly channel: SimulatedChannel;
  readonly label: string;
  /** By the clock that never jumps. */
  readonly until: number;
}

export class Readers {
  readonly #world: World;
  readonly #machine: Machine;
  readonly #watch: Watch;
  readonly #channels: readonly SimulatedChannel[];

  constructor(parts: {
    readonly world: World;
    readonly machine: Machine;
    readonly watch: Watch;
    readonly channels: readonly SimulatedChannel[];
  }) {
    this.#world = parts.world;
    this.#machine = parts.machine;
    this.#watch = parts.watch;
    this.#channels = parts.channels.filter(({ way }) => way === 'pages');
  }

  /** Plans when pages are open within the time. */
  plan(spanMs: number): void {
    for (const channel of this.#channels) {
      for (const name of NAMES) this.#planFor(name, channel, spanMs);
    }
  }

  #planFor(name: string, channel: SimulatedChannel, spanMs: number): void {
    const draw = drawing(this.#world.seed, `pages of ${name} on ${channel.name}`);
    const count = draw.int(0, PAGES_MAX);
    for (let i = 0; i < count; i += 1) {
      const from = draw.chance(0.7) ? 0 : draw.int(0, spanMs);
      const lastsMs = draw.chance(STAYS_CHANCE) ? Infinity : draw.int(OPEN_MIN_MS, spanMs);
      const label = `${name}'s page ${i} on ${channel.name}`;
      const until = this.#world.time + from + lastsMs;
      this.#later(from, { name, channel, label, until });
    }
  }

  #later(delayMs: number, reading: Reading): void {
    this.#world.schedule(delayMs, `${reading.label} opens`, () => this.#open(reading));
  }

  #open(reading: Reading): void {
    const { name, channel, label, until } = reading;
    const leftMs = until - this.#world.time;
    const account = this.#watch.accountNamed(name)?.id;
    const { page: behaviour } = channel;
    if (leftMs <= 0 || account === undefined || behaviour === undefined) return;
    const draw = this.#world.draw(`door of ${label}`);
    const againMs = draw.int(AGAIN_MIN_MS, AGAIN_MAX_MS);
    const [first, ...more] = this.#machine.running();
    if (first === undefined) {
      this.#later(againMs, reading);
      return;
    }
    const process = draw.pick([first, ...more]);
    const page = new SimulatedPage(this.#world, { account, name, label, behaviour });
    process.onDeath(() => {
      const wasOpen = page.isOpen;
      page.drop();
      if (wasOpen) this.#later(againMs, reading);
    });
    process.doors.enter(channel, page);
    if (leftMs === Infinity) return;
    this.#world.schedule(leftMs, `${label} is closed`, () => page.close());
  }
}
