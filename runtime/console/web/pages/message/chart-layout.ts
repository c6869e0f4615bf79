/**
 * Where a machine's states and transitions are drawn.
 *
 * Stages: the outermost states stand at fixed places, where the machine has them, and only what is
 * inside a state is laid out by elk; else elk lays out everything. Transitions between the same two
 * states share one line ("cord").
 */

import type { MachineDrawing } from '../../../../../schemas/console.js';
import { type ChartLayout, type Pair, pairsOf, TITLE_HEIGHT } from './chart-cords.js';
import { layOut } from './chart-elk.js';
import { cordPath } from './chart-paths.js';
import { PLACES, type Place, type Places, type Point } from './chart-places.js';

const INNER_PADDING = 10;

export async function layoutOf(drawing: MachineDrawing): Promise<ChartLayout> {
  const pairs = pairsOf(drawing.edges);
  const fixed = PLACES[drawing.name];
  const outermost = drawing.nodes.filter(({ parent }) => parent === undefined);
  const isKnown = fixed !== undefined && outermost.every(({ id }) => id in fixed.states);
  return isKnown ? fixedLayout(drawing, pairs, fixed) : layOut(drawing, pairs);
}

async function fixedLayout(
  drawing: MachineDrawing,
  pairs: readonly Pair[],
  fixed: Places,
): Promise<ChartLayout> {
  const places = new Map<string, Place>(Object.entries(fixed.states));
  const known = new Map<string, readonly Point[]>();
  const compounds = drawing.nodes.filter(
    ({ id, parent }) => parent === undefined && drawing.nodes.some((node) => node.parent === id),
  );
  await Promise.all(
    compounds.map(async ({ id }) => {
      const outer = places.get(id);
      if (outer === undefined) return;
      const isInside = (state: string) => state.startsWith(`${id}.`);
      const inner = await layOut(
        {
          ...drawing,
          nodes: drawing.nodes
            .filter((node) => isInside(node.id))
            .map(({ parent, ...node }) =>
              parent === id || parent === undefined ? node : { ...node, parent },
            ),
        },
        pairs.filter(({ from, to }) => isInside(from) && isInside(to)),
        { aspect: outer.width / (outer.height - TITLE_HEIGHT) },
      );
      const fit = fitInto(inner, outer);
      for (const [state, place] of inner.places) places.set(state, fit.place(place));
      for (const { id: cord, points } of inner.cords) {
        const bends = points.slice(1, -1).map(fit.point);
        if (bends.length > 0) known.set(cord, bends);
      }
    }),
  );
  const used = new Map<string, number>();
  const cords = pairs.flatMap((pair) => {
    const path = cordPath({
      pair,
      pairs,
      places,
      ways: fixed.ways,
      used,
      between: known.get(pair.id),
    });
    return path === undefined ? [] : [{ ...pair, ...path }];
  });
  return { width: fixed.width, height: fixed.height, places, cords, isRoomy: false };
}

/** Puts a layout into a box, below its title; states become smaller if they must, never larger. */
function fitInto(inner: ChartLayout, outer: Place) {
  const scaleX = (outer.width - 2 * INNER_PADDING) / inner.width;
  const scaleY = (outer.height - TITLE_HEIGHT - INNER_PADDING) / inner.height;
  const point = ([x, y]: Point): Point => [
    outer.x + INNER_PADDING + x * scaleX,
    outer.y + TITLE_HEIGHT + y * scaleY,
  ];
  return {
    point,
    place(place: Place): Place {
      const [x, y] = point([place.x + place.width / 2, place.y + place.height / 2]);
      const width = place.width * Math.min(1, scaleX);
      const height = place.height * Math.min(1, scaleY);
      return { x: x - width / 2, y: y - height / 2, width, height };
    },
  };
}
