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
import { PLACES, type Place, type Places } from './chart-places.js';

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
      for (const [state, place] of fitted(inner, outer)) places.set(state, place);
    }),
  );
  const used = new Map<string, number>();
  const cords = pairs.flatMap((pair) => {
    const path = cordPath({ pair, pairs, places, ways: fixed.ways, used });
    return path === undefined ? [] : [{ ...pair, ...path }];
  });
  return { width: fixed.width, height: fixed.height, places, cords, isRoomy: false };
}

/** Puts a layout into a box, below its title; smaller if it must be. */
function fitted(inner: ChartLayout, outer: Place): [string, Place][] {
  const width = outer.width - 2 * INNER_PADDING;
  const height = outer.height - TITLE_HEIGHT - INNER_PADDING;
  const scaleX = width / inner.width;
  const scaleY = height / inner.height;
  return [...inner.places].map(([id, place]) => {
    const size = Math.min(place.height, place.height * scaleY);
    const middle = outer.y + TITLE_HEIGHT + (place.y + place.height / 2) * scaleY;
    const breadth = Math.min(place.width, place.width * scaleX);
    const centre = outer.x + INNER_PADDING + (place.x + place.width / 2) * scaleX;
    return [id, { x: centre - breadth / 2, y: middle - size / 2, width: breadth, height: size }];
  });
}
