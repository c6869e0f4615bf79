/** Lines between boxes at fixed places: pure geometry. */

import type { Cord, Pair } from './chart-cords.js';
import type { Place, Point, Way } from './chart-places.js';

/** Lines that share a way, or go to and fro, keep this distance. */
const APART = 9;
const LOOP_WIDTH = 26;
const LOOP_HEIGHT = 20;
/** Nothing stands above a loop. */
const ROOM_OF_LOOP = 100;

interface Asked {
  readonly pair: Pair;
  readonly pairs: readonly Pair[];
  readonly places: ReadonlyMap<string, Place>;
  readonly ways: Readonly<Record<string, Way>>;
  /** How many lines have taken each way so far. */
  readonly used: Map<string, number>;
  /** Where it bends, if that is known already. */
  readonly between: readonly Point[] | undefined;
}

type Path = Pick<Cord, 'points' | 'label' | 'room'>;

export function cordPath({ pair, pairs, places, ways, used, between }: Asked): Path | undefined {
  const [from, to] = [places.get(pair.from), places.get(pair.to)];
  if (from === undefined || to === undefined) return undefined;
  if (pair.from === pair.to) return loop(from);
  if (between !== undefined) return joined(from, between, to);
  const [outerFrom, outerTo] = [outermost(pair.from), outermost(pair.to)];
  const way = pair.id in ways ? pair.id : `${outerFrom}>${outerTo}`;
  const taken = used.get(way) ?? 0;
  const points = outerFrom === outerTo ? undefined : ways[way];
  used.set(way, taken + 1);
  if (points !== undefined) {
    const shift = taken * APART;
    const around = points.map((point) => resolved(point, { from, to, shift }));
    return joined(from, around, to);
  }
  const hasReturn = pairs.some((other) => other.from === pair.to && other.to === pair.from);
  return straight(from, to, hasReturn ? APART : 0);
}

/** "from" and "to" are the middles of where the way begins and ends. */
function resolved(
  [x, y]: Way[number],
  { from, to, shift }: { from: Place; to: Place; shift: number },
): Point {
  const [begin, end] = [centre(from), centre(to)];
  const atX = x === 'from' ? begin[0] : x === 'to' ? end[0] : x + shift / 2;
  const atY = y === 'from' ? begin[1] : y === 'to' ? end[1] : y + shift / 2;
  return [atX, atY];
}

function outermost(state: string): string {
  return state.split('.', 1)[0] ?? state;
}

function centre({ x, y, width, height }: Place): Point {
  return [x + width / 2, y + height / 2];
}

/** On the box's edge, in the direction of a point outside. */
function edgeTowards(box: Place, [x, y]: Point): Point {
  const [cx, cy] = centre(box);
  const [dx, dy] = [x - cx, y - cy];
  // A line that would meet the edge at right angles anyway leaves where it is straight.
  if (Math.abs(dx) <= box.width / 2 - APART) return [x, dy > 0 ? box.y + box.height : box.y];
  if (Math.abs(dy) <= box.height / 2 - APART) return [dx > 0 ? box.x + box.width : box.x, y];
  const scale = Math.min(
    dx === 0 ? Infinity : box.width / 2 / Math.abs(dx),
    dy === 0 ? Infinity : box.height / 2 / Math.abs(dy),
  );
  return [cx + dx * scale, cy + dy * scale];
}

function joined(from: Place, between: readonly Point[], to: Place): Path {
  const first = between[0] ?? centre(to);
  const last = between.at(-1) ?? centre(from);
  const points = [edgeTowards(from, first), ...between, edgeTowards(to, last)];
  return { points, ...middleOf(points) };
}

function straight(from: Place, to: Place, aside: number): Path {
  const [a, b] = [centre(from), centre(to)];
  const overlapX = overlap([from.x, from.width], [to.x, to.width]);
  const overlapY = overlap([from.y, from.height], [to.y, to.height]);
  const length = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1;
  const [nx, ny] = [-(b[1] - a[1]) / length, (b[0] - a[0]) / length];
  const shift = ([x, y]: Point): Point => [x + nx * aside, y + ny * aside];
  if (overlapX !== undefined) return upright(from, to, overlapX - Math.sign(b[1] - a[1]) * aside);
  if (overlapY !== undefined) return level(from, to, overlapY + Math.sign(b[0] - a[0]) * aside);
  const points = [shift(edgeTowards(from, b)), shift(edgeTowards(to, a))];
  return { points, ...middleOf(points) };
}

/** The middle of what two stretches have in common. */
function overlap([a, lengthA]: Point, [b, lengthB]: Point): number | undefined {
  const [start, end] = [Math.max(a, b), Math.min(a + lengthA, b + lengthB)];
  return end - start > 2 * APART ? (start + end) / 2 : undefined;
}

function upright(from: Place, to: Place, x: number): Path {
  const isDown = to.y > from.y;
  const points: Point[] = isDown
    ? [
        [x, from.y + from.height],
        [x, to.y],
      ]
    : [
        [x, from.y],
        [x, to.y + to.height],
      ];
  return { points, ...middleOf(points) };
}

function level(from: Place, to: Place, y: number): Path {
  const isRight = to.x > from.x;
  const points: Point[] = isRight
    ? [
        [from.x + from.width, y],
        [to.x, y],
      ]
    : [
        [from.x, y],
        [to.x + to.width, y],
      ];
  return { points, ...middleOf(points) };
}

/** A small ear at the upper right corner. */
function loop({ x, y, width }: Place): Path {
  const right = x + width - 14;
  const points: Point[] = [
    [right - LOOP_WIDTH, y],
    [right - LOOP_WIDTH, y - LOOP_HEIGHT],
    [right, y - LOOP_HEIGHT],
    [right, y],
  ];
  return { points, label: [right - LOOP_WIDTH / 2, y - LOOP_HEIGHT], room: ROOM_OF_LOOP };
}

/** The middle of the longest piece, and how much room there is. */
export function middleOf(points: readonly Point[]): Pick<Cord, 'label' | 'room'> {
  let best: Point = points[0] ?? [0, 0];
  let longest = 0;
  for (const [i, [x, y]] of points.entries()) {
    const next = points[i + 1];
    if (next === undefined) break;
    const length = Math.hypot(next[0] - x, next[1] - y);
    if (length <= longest) continue;
    longest = length;
    best = [(x + next[0]) / 2, (y + next[1]) / 2];
  }
  return { label: best, room: longest };
}

const CORNER = 12;

/** An SVG path with rounded corners. */
export function pathData(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return '';
  let data = `M${first.join(' ')}`;
  let before = first;
  for (const [i, point] of rest.entries()) {
    const next = rest[i + 1];
    if (next === undefined) data += `L${point.join(' ')}`;
    else
      data += `L${near(point, before).join(' ')}Q${point.join(' ')} ${near(point, next).join(' ')}`;
    before = point;
  }
  return data;
}

function near([x, y]: Point, [tx, ty]: Point): Point {
  const length = Math.hypot(tx - x, ty - y) || 1;
  const part = Math.min(CORNER, length / 2) / length;
  return [x + (tx - x) * part, y + (ty - y) * part];
}
