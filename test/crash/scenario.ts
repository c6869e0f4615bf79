/** One way of messages through the switch, again for each place where the switch may die. */

import type { Expected, World } from './world.js';

export interface Round<Around extends World> {
  readonly world: Around;
  /** Different in every round, so that its messages are told from others. */
  readonly name: string;
  /** Where the switch dies; absent: nowhere. Only for those who start it themselves. */
  readonly deadly: string | undefined;
  /** Balances the books in the midst of a round. */
  readonly balance: (expected: readonly Expected[]) => Promise<void>;
  /** How many of the round's messages the store has. */
  readonly stored: () => Promise<number>;
}

export interface Scenario<Around extends World> {
  readonly name: string;
  /** It has the switch start at its crash point; else the switch runs and is told the point. */
  readonly startsDeadly?: true;
  /** It stops the switch: what came before that is its points. */
  readonly stops?: true;
  /** What must be in place before the switch is told its point. */
  prepare?(world: Around): Promise<void>;
  run(round: Round<Around>): Promise<readonly Expected[]>;
}

/** A world, and everything that happens in it. */
export interface Load<Around extends World> {
  open(data: string): Promise<Around>;
  readonly scenarios: readonly Scenario<Around>[];
}
