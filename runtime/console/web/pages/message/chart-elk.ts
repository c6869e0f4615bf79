/**
 * Automatic layout by elk, which is large: it is fetched when the first chart is drawn, never with
 * the page. Without it (it could not be fetched) states stand in a plain grid.
 */

import type { ELK, ElkExtendedEdge, ElkNode } from 'elkjs';
import type { MachineDrawing, MachineNode } from '../../../../../schemas/console.js';
import { type ChartLayout, cordLines, type Pair, stateSize, TITLE_HEIGHT } from './chart-cords.js';
import { middleOf } from './chart-paths.js';
import type { Place, Point } from './chart-places.js';

const ROOT = '(root)';
const MARGIN = 14;
const GRID_GAP = 24;
const LABEL_CHARACTER = 6.4;
const LABEL_LINE = 15;

let fetched: Promise<ELK> | undefined;

function fetchElk(): Promise<ELK> {
  fetched ??= import('elkjs/lib/elk.bundled.js').then((part) => new part.default());
  return fetched;
}

/** @param shape.aspect how many times wider than high the drawing should be */
export async function layOut(
  drawing: Pick<MachineDrawing, 'nodes'>,
  pairs: readonly Pair[],
  shape: { readonly aspect?: number } = {},
): Promise<ChartLayout> {
  const labels = shape.aspect === undefined ? 'shown' : 'left out';
  try {
    const elk = await fetchElk();
    const root = await elk.layout(graphOf(drawing, pairs, { ...shape, labels }));
    return readLayout(root, pairs);
  } catch {
    fetched = undefined;
    return gridLayout(drawing);
  }
}

interface Shape {
  readonly aspect?: number;
  readonly labels: 'shown' | 'left out';
}

function graphOf(
  { nodes }: Pick<MachineDrawing, 'nodes'>,
  pairs: readonly Pair[],
  { aspect, labels }: Shape,
): ElkNode {
  const isFlat = aspect !== undefined;
  const edges = pairs
    .filter((pair) => !isFlat || pair.from !== pair.to)
    .map((pair) => edgeOf(pair, labels));
  return {
    id: ROOT,
    layoutOptions: {
      'elk.algorithm': 'layered',
      // Without lines between them states of one layer stand side by side.
      'elk.direction': isFlat && edges.length > 0 ? 'RIGHT' : 'DOWN',
      'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
      'elk.layered.cycleBreaking.strategy': 'MODEL_ORDER',
      'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
      'elk.json.shapeCoords': 'ROOT',
      'elk.json.edgeCoords': 'ROOT',
      'elk.padding': isFlat
        ? '[top=0,left=0,bottom=0,right=0]'
        : `[top=${MARGIN},left=${MARGIN},bottom=${MARGIN},right=${MARGIN}]`,
      'elk.aspectRatio': String(aspect ?? 1),
      'elk.spacing.nodeNode': isFlat ? '14' : '34',
      'elk.layered.spacing.nodeNodeBetweenLayers': isFlat ? '34' : '44',
      'elk.spacing.componentComponent': '14',
      'elk.spacing.edgeNode': '14',
      'elk.randomSeed': '1',
    },
    children: nodes
      .filter(({ parent }) => parent === undefined)
      .map((node) => childOf(node, nodes)),
    edges,
  };
}

function childOf(node: MachineNode, nodes: readonly MachineNode[]): ElkNode {
  const children = nodes.filter(({ parent }) => parent === node.id);
  if (children.length === 0) return { id: idIn(node.id), ...stateSize(node) };
  return {
    id: idIn(node.id),
    children: children.map((child) => childOf(child, nodes)),
    layoutOptions: { 'elk.padding': `[top=${TITLE_HEIGHT + MARGIN},left=16,bottom=16,right=16]` },
    ...stateSize(node),
  };
}

/** elk wants an id for everything; the machine itself has the empty one. */
function idIn(state: string): string {
  return `s:${state}`;
}

function edgeOf(pair: Pair, labels: Shape['labels']): ElkExtendedEdge {
  const lines = cordLines(pair);
  const width = Math.max(...lines.map((line) => line.length)) * LABEL_CHARACTER;
  const shown = labels === 'shown';
  return {
    id: pair.id,
    sources: [idIn(pair.from)],
    targets: [idIn(pair.to)],
    ...(shown && {
      labels: [{ text: lines.join('\n'), width, height: lines.length * LABEL_LINE }],
    }),
  };
}

function readLayout(root: ElkNode, pairs: readonly Pair[]): ChartLayout {
  const places = new Map<string, Place>();
  readPlaces(root, places);
  const drawn = edgesBelow(root);
  const cords = pairs.flatMap((pair) => {
    const edge = drawn.find(({ id }) => id === pair.id);
    const section = edge?.sections?.[0];
    if (section === undefined) return [];
    const { startPoint, endPoint, bendPoints = [] } = section;
    const points = [startPoint, ...bendPoints, endPoint].map(({ x, y }): Point => [x, y]);
    const [label] = edge?.labels ?? [];
    const middle = middleOf(points);
    if (label?.x === undefined || label.y === undefined) return [{ ...pair, points, ...middle }];
    const at: Point = [label.x + (label.width ?? 0) / 2, label.y + LABEL_LINE / 2];
    return [{ ...pair, points, room: middle.room, label: at }];
  });
  return { width: root.width ?? 1, height: root.height ?? 1, places, cords, isRoomy: true };
}

function edgesBelow(node: ElkNode): ElkExtendedEdge[] {
  return [...(node.edges ?? []), ...(node.children ?? []).flatMap(edgesBelow)];
}

function readPlaces(node: ElkNode, places: Map<string, Place>): void {
  for (const child of node.children ?? []) {
    const { x = 0, y = 0, width = 0, height = 0 } = child;
    places.set(child.id.slice('s:'.length), { x, y, width, height });
    readPlaces(child, places);
  }
}

/** States in rows, without lines: what is left when elk cannot be had. */
function gridLayout({ nodes }: Pick<MachineDrawing, 'nodes'>): ChartLayout {
  const places = new Map<string, Place>();
  const leaves = nodes.filter(({ id }) => !nodes.some(({ parent }) => parent === id));
  const columns = Math.ceil(Math.sqrt(leaves.length));
  const width = Math.max(0, ...leaves.map((node) => stateSize(node).width)) + GRID_GAP;
  const rowHeight = TITLE_HEIGHT + 2 * GRID_GAP;
  for (const [i, node] of leaves.entries()) {
    const [x, y] = [(i % columns) * width + MARGIN, Math.floor(i / columns) * rowHeight + MARGIN];
    places.set(node.id, { x, y, ...stateSize(node) });
  }
  const rows = Math.ceil(leaves.length / columns);
  const size = { width: columns * width + 2 * MARGIN, height: rows * rowHeight + 2 * MARGIN };
  return { ...size, places, cords: [], isRoomy: true };
}
