/** The five tiles: every unfinished or dead message stands on exactly one of them. Pure. */

import type { Tile } from '../../../schemas/console.js';
import { DEAD_ROW, QUEUE_ROWS } from '../../messages.js';
import type { Looked, Waiting } from './scan.js';

const TILES = [
  { name: 'moving', label: 'On their way' },
  { name: 'held', label: 'Held' },
  { name: 'retry', label: 'Waiting to retry' },
  { name: 'no receipt', label: 'No receipt yet' },
  { name: 'dead', label: 'Dead' },
] as const;

type TileName = (typeof TILES)[number]['name'];

/** The tile on which a message stands. */
export function tileOf({ row, what, cause }: Pick<Waiting, 'row' | 'what' | 'cause'>): TileName {
  if (row === DEAD_ROW) return 'dead';
  if (what === 'held') return 'held';
  if (what.startsWith('retry ')) return 'retry';
  // Not tried yet, and there is a reason: its destination is paused.
  if (what.startsWith('ready ') && cause !== '') return 'retry';
  return what.startsWith('no receipt ') ? 'no receipt' : 'moving';
}

/** Counts and oldest ages. A row that was not looked through adds what its keys tell. */
export function tilesOf(looked: Looked, now: number): readonly Tile[] {
  const sums = new Map<TileName, { count: number; oldestMs: number; partial: boolean }>();
  for (const { name } of TILES) sums.set(name, { count: 0, oldestMs: 0, partial: false });
  for (const one of looked.waiting) {
    const sum = sums.get(tileOf(one));
    if (sum === undefined) continue;
    sum.count += 1;
    sum.oldestMs = Math.max(sum.oldestMs, now - one.createdAt);
  }
  for (const row of [...QUEUE_ROWS, DEAD_ROW]) addUnseen(sums, looked, row);
  return TILES.map(({ name, label }) => ({
    name,
    label,
    ...(sums.get(name) ?? { count: 0, oldestMs: 0, partial: false }),
  }));
}

/** Almost all that is routed is held, and all that is dead is dead; the others nobody knows. */
const TILE_OF_ROW: Readonly<Record<string, TileName>> = {
  'state/routed': 'held',
  [DEAD_ROW]: 'dead',
};

function addUnseen(
  sums: Map<TileName, { count: number; partial: boolean }>,
  looked: Looked,
  row: string,
): void {
  const counted = looked.counted.get(row);
  if (counted === undefined || !looked.partial.has(row)) return;
  const seen = looked.waiting.filter((one) => one.row === row).length;
  const known = TILE_OF_ROW[row];
  const sum = sums.get(known ?? 'moving');
  if (sum === undefined) return;
  sum.count += Math.max(0, counted.count - seen);
  sum.partial ||= counted.partial;
  if (known !== undefined) return;
  // What was not looked at counts as moving: each of these tiles may hold more, or fewer.
  for (const name of ['moving', 'retry', 'no receipt'] as const) {
    const other = sums.get(name);
    if (other !== undefined) other.partial = true;
  }
}
