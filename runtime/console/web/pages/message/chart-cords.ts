/** What a drawn machine consists of: boxes for its states, and cords between them. */

import type { MachineEdge, MachineNode } from '../../../../../schemas/console.js';
import type { Place, Point } from './chart-places.js';

export interface Cord {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly edges: readonly MachineEdge[];
  readonly points: readonly Point[];
  /** Length of its longest piece. */
  readonly room: number;
  /** Where its numbers stand: the middle of that piece. */
  readonly label: Point;
}

export interface ChartLayout {
  readonly width: number;
  readonly height: number;
  readonly places: ReadonlyMap<string, Place>;
  readonly cords: readonly Cord[];
  /** Every label is shown: there is room for it. */
  readonly isRoomy: boolean;
}

export type Pair = Pick<Cord, 'id' | 'from' | 'to' | 'edges'>;

export const TITLE_HEIGHT = 26;
const STATE_HEIGHT = 34;
const CHARACTER_WIDTH = 7.6;
const STATE_PADDING = 26;

/** What a state needs to be read. */
export function stateSize({ label }: MachineNode): { width: number; height: number } {
  return { width: label.length * CHARACTER_WIDTH + STATE_PADDING, height: STATE_HEIGHT };
}

/** Transitions between the same two states are one cord. */
export function pairsOf(edges: readonly MachineEdge[]): readonly Pair[] {
  const pairs = new Map<string, MachineEdge[]>();
  for (const edge of edges) {
    const id = `${edge.from}>${edge.to}`;
    pairs.set(id, [...(pairs.get(id) ?? []), edge]);
  }
  return [...pairs].flatMap(([id, [first, ...more]]) =>
    first === undefined ? [] : [{ id, from: first.from, to: first.to, edges: [first, ...more] }],
  );
}

/** "EVENT [guard]", a line for each transition. */
export function cordLines({ edges }: Pick<Pair, 'edges'>): readonly string[] {
  return edges.map(({ event, guard }) => {
    const name = event === '' ? 'at once' : event;
    return guard === undefined ? name : `${name} [${guard}]`;
  });
}
