/**
 * The faults of a run: which kinds, how often, where they strike.
 *
 * A seed takes some kinds and leaves others out, each with a rate of its own, so that rare
 * combinations are tried too. `without` leaves one kind out of an otherwise equal run: that shows
 * whose course it had changed.
 */

import { type Draw, drawing } from './random.js';
import type { World } from './world.js';

export const FAULT_KINDS = [
  'hint dropped',
  'hint duplicated',
  'hint delayed',
  'hint reordered',
  'crash',
  'clock forward',
  'clock backward',
  'store answer lost',
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];
export type HintFate = 'passed' | 'dropped' | 'duplicated' | 'delayed' | 'reordered';

/** Highest rate of each kind, per place where it can strike. */
const RATE_MAX: Readonly<Record<FaultKind, number>> = {
  'hint dropped': 0.3,
  'hint duplicated': 0.3,
  'hint delayed': 0.3,
  'hint reordered': 0.3,
  crash: 0.015,
  'clock forward': 1,
  'clock backward': 1,
  'store answer lost': 0.08,
};
const KIND_CHANCE = 0.65;
const CRASHES_MAX = 5;
const JUMPS_MAX = 3;
const JUMP_MIN_MS = 1_000;
const JUMP_MAX_MS = 30 * 60_000;

export class Faults {
  readonly #world: World;
  readonly #rates = new Map<FaultKind, number>();
  readonly strikes: Record<FaultKind, number>;
  /** Places where a crash was possible, and how often it struck there. */
  readonly points = new Map<string, { passed: number; struck: number }>();
  /** Set-up and the drain at the end are quiet. */
  active = false;
  #crashes = 0;

  constructor(world: World, options: { readonly without?: FaultKind; readonly all?: boolean }) {
    this.#world = world;
    this.strikes = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as typeof this.strikes;
    for (const kind of FAULT_KINDS) {
      const draw = drawing(world.seed, `rate of ${kind}`);
      const taken = draw.chance(KIND_CHANCE) || options.all === true;
      const rate = taken ? RATE_MAX[kind] * (0.2 + 0.8 * draw.real()) : 0;
      if (kind !== options.without) this.#rates.set(kind, rate);
    }
  }

  #strikes(kind: FaultKind, draw: Draw): boolean {
    const rate = this.#rates.get(kind) ?? 0;
    // Drawn in any case: what follows from the same draw stays what it is.
    const hit = draw.chance(rate);
    if (!hit || !this.active) return false;
    this.strikes[kind] += 1;
    this.#world.log(`FAULT ${kind}`);
    return true;
  }

  /** Whether the process dies here. */
  crashesAt(site: string, label: string): boolean {
    const place = this.points.get(site) ?? { passed: 0, struck: 0 };
    this.points.set(site, place);
    place.passed += 1;
    if (this.#crashes >= CRASHES_MAX) return false;
    if (!this.#strikes('crash', this.#world.draw(`crash ${site} ${label}`))) return false;
    place.struck += 1;
    this.#crashes += 1;
    return true;
  }

  fateOfHint(label: string): HintFate {
    if (this.#strikes('hint dropped', this.#world.draw(`drop ${label}`))) return 'dropped';
    if (this.#strikes('hint duplicated', this.#world.draw(`twice ${label}`))) return 'duplicated';
    if (this.#strikes('hint delayed', this.#world.draw(`delay ${label}`))) return 'delayed';
    if (this.#strikes('hint reordered', this.#world.draw(`order ${label}`))) return 'reordered';
    return 'passed';
  }

  /** The store did it, or not, and its answer never came: the line broke. */
  losesAnswer(label: string): boolean {
    return this.#strikes('store answer lost', this.#world.draw(`answer ${label}`));
  }

  /** Jumps of the wall clock within the first `spanMs`. */
  planJumps(spanMs: number): void {
    for (const kind of ['clock forward', 'clock backward'] as const) {
      const draw = drawing(this.#world.seed, `jumps ${kind}`);
      const count = (this.#rates.get(kind) ?? 0) > 0 ? draw.int(1, JUMPS_MAX) : 0;
      for (let i = 0; i < count; i += 1) {
        const at = draw.int(0, spanMs);
        const size = Math.round(JUMP_MIN_MS * (JUMP_MAX_MS / JUMP_MIN_MS) ** draw.real());
        this.#world.schedule(at, kind, () => {
          if (!this.active) return;
          this.strikes[kind] += 1;
          this.#world.jump(kind === 'clock forward' ? size : -size);
        });
      }
    }
  }
}
