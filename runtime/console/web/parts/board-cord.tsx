/** One cord of the board: it hangs a little, runs once, and carries its time. */

import type { Motion } from './board-motions.js';

export interface Place {
  readonly x: number;
  readonly y: number;
}

export interface CordProps {
  readonly motion: Motion;
  readonly from: Place;
  readonly to: Place;
  /** Cords over each other hang at different depths. */
  readonly rank: number;
  /** No cord hangs below this. */
  readonly floor: number;
}

const WIDTH_MIN = 3;
const WIDTH_MAX = 11;
const WIDTH_EACH_DOUBLING = 1.6;
const SAG_SHARE = 0.1;
const RANKS = 4;
const SAG_RANK = 52;
/** How far the ends go straight out of their jacks, as a share of the way. */
const STRAIGHT = 0.42;
/** The lowest point of a cord lies at this share of its control points' depth. */
const LOWEST_SHARE = 0.75;
/** Labels stand towards the right, where the cords part, and not over each other. */
const LABEL_PLACES = [0.62, 0.44, 0.76, 0.3];
/** A label of this width fits the plate. */
const LABEL_LETTER = 7.7;
const LABEL_ROOM = 16;
const LABEL_HEIGHT = 22;

export function Cord({ motion, from, to, rank, floor }: CordProps) {
  const curve = curveOf(from, to, { rank, floor });
  const path = pathOf(curve);
  const width = widthOf(motion.count);
  return (
    <g class={`cord cord-${motion.state}`} data-motion={motion.id} data-state={motion.state}>
      <path class="cord-shade" d={path} pathLength={1} stroke-width={width + 3} />
      <path class="cord-line" d={path} pathLength={1} stroke-width={width} />
      {motion.state === 'running' && <path class="cord-flow" d={path} stroke-width={width - 1.5} />}
      <circle class="cord-plug" cx={from.x} cy={from.y} r={width / 2 + 3} />
      <circle class="cord-plug cord-plug-to" cx={to.x} cy={to.y} r={width / 2 + 3} />
      <circle
        class="cord-bead"
        r={width / 2 + 2.5}
        style={{ offsetPath: `path('${path}')`, offsetRotate: '0deg' }}
      />
    </g>
  );
}

/** The words of a cord, drawn above all cords. */
export function CordLabel({ motion, from, to, rank, floor }: CordProps) {
  const share = LABEL_PLACES[rank % LABEL_PLACES.length] ?? 0.5;
  const at = pointOf(curveOf(from, to, { rank, floor }), to.x > from.x ? share : 1 - share);
  const width = motion.label.length * LABEL_LETTER + LABEL_ROOM;
  return (
    <g class={`cord-words cord-${motion.state}`}>
      <g class="cord-label">
        <rect
          x={at.x - width / 2}
          y={at.y - LABEL_HEIGHT / 2}
          width={width}
          height={LABEL_HEIGHT}
          rx={LABEL_HEIGHT / 2}
        />
        <text x={at.x} y={at.y} text-anchor="middle" dominant-baseline="central">
          {motion.label}
        </text>
      </g>
    </g>
  );
}

/** Thicker with the number of messages: one step for each doubling. */
function widthOf(count: number): number {
  const doublings = Math.log2(Math.max(1, count));
  return Math.min(WIDTH_MAX, WIDTH_MIN + WIDTH_EACH_DOUBLING * doublings);
}

type Curve = readonly [Place, Place, Place, Place];

function curveOf(from: Place, to: Place, hang: { rank: number; floor: number }): Curve {
  const across = to.x - from.x;
  const wanted = Math.abs(across) * SAG_SHARE + (hang.rank % RANKS) * SAG_RANK;
  const room = (hang.floor - Math.max(from.y, to.y)) / LOWEST_SHARE;
  const sag = Math.max(0, Math.min(wanted, room));
  return [
    from,
    { x: from.x + across * STRAIGHT, y: from.y + sag },
    { x: to.x - across * STRAIGHT, y: to.y + sag },
    to,
  ];
}

function pathOf([from, first, second, to]: Curve): string {
  const at = ({ x, y }: Place): string => `${x.toFixed(1)} ${y.toFixed(1)}`;
  return `M${at(from)}C${at(first)} ${at(second)} ${at(to)}`;
}

/** The point at this share of a cubic curve. */
function pointOf([from, first, second, to]: Curve, share: number): Place {
  const rest = 1 - share;
  const at = (a: number, b: number, c: number, d: number): number =>
    rest ** 3 * a + 3 * rest ** 2 * share * b + 3 * rest * share ** 2 * c + share ** 3 * d;
  return {
    x: at(from.x, first.x, second.x, to.x),
    y: at(from.y, first.y, second.y, to.y),
  };
}
