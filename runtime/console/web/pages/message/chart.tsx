/**
 * A machine as a statechart: states as boxes, transitions as cords between them; of a message also
 * where it stands (a double outline and a mark, not a colour alone) and which cords it took.
 */

import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { MachineDrawing, MachineNode } from '../../../../../schemas/console.js';
import { type ChartLayout, type Cord, cordLines, TITLE_HEIGHT } from './chart-cords.js';
import { layoutOf } from './chart-layout.js';
import { pathData } from './chart-paths.js';
import type { Place } from './chart-places.js';
import '../../style/chart.css';

/** The steps that took a transition, the latest time, and whether it was just now. */
export interface Taking {
  readonly numbers: readonly number[];
  readonly time: string;
  readonly isLatest: boolean;
}

interface ChartProps {
  readonly drawing: MachineDrawing;
  /** Dotted; absent: only the machine is shown. */
  readonly state?: string;
  readonly taken?: ReadonlyMap<string, Taking>;
  readonly title: string;
}

const NUMBERS_SHOWN = 3;
const LABEL_CHARACTER = 6.6;
const LABEL_HEIGHT = 18;
/** A shorter cord shows its numbers alone. */
const ROOM_FOR_TIME = 46;
const LINE = 15;

export function Chart({ drawing, state, taken, title }: ChartProps) {
  const [layout, setLayout] = useState<ChartLayout | undefined>(undefined);
  const id = useId();
  const current = useRef<SVGGElement>(null);
  useEffect(() => {
    let isWanted = true;
    void layoutOf(drawing).then((made) => {
      if (isWanted) setLayout(made);
    });
    return () => {
      isWanted = false;
    };
  }, [drawing]);
  useEffect(() => {
    keepInView(current.current);
  }, [layout, state]);
  if (layout === undefined) return <p class="chart-wait soft">Drawing…</p>;
  return (
    <div class="chart-scroll" ref={scrollableByKey}>
      <svg
        class="chart"
        viewBox={`0 0 ${layout.width} ${layout.height}`}
        width={layout.width}
        height={layout.height}
        role="img"
        aria-label={title}
      >
        <Tips id={id} />
        {drawing.nodes.map((node) => (
          <StateBox
            key={node.id}
            node={node}
            place={layout.places.get(node.id)}
            mark={markOf(node, drawing, state)}
            isBox={drawing.nodes.some(({ parent }) => parent === node.id)}
            current={node.id === state ? current : undefined}
          />
        ))}
        {layout.cords.map((cord) => (
          <CordLine key={cord.id} cord={cord} taken={takenOf(cord, taken)} tips={id} />
        ))}
        {layout.cords.map((cord) => (
          <CordLabel
            key={cord.id}
            cord={cord}
            taken={takenOf(cord, taken)}
            isRoomy={layout.isRoomy}
          />
        ))}
      </svg>
    </div>
  );
}

/** What can be scrolled must take the focus, for those without a mouse. */
function scrollableByKey(frame: HTMLElement | null): void {
  if (frame !== null && frame.scrollWidth > frame.clientWidth) frame.tabIndex = 0;
}

/** Where the drawing is wider than its place, the current state is what is seen of it. */
function keepInView(box: SVGGElement | null): void {
  const frame = box?.closest('.chart-scroll');
  if (box === null || !(frame instanceof HTMLElement)) return;
  const [inner, outer] = [box.getBoundingClientRect(), frame.getBoundingClientRect()];
  frame.scrollLeft += inner.left + inner.width / 2 - outer.left - outer.width / 2;
}

function Tips({ id }: { id: string }) {
  return (
    <defs>
      {['plain', 'taken', 'latest'].map((kind) => (
        <marker
          key={kind}
          id={`${id}-${kind}`}
          class={`chart-tip ${kind}`}
          viewBox="0 0 8 8"
          refX="7"
          refY="4"
          markerWidth="8"
          markerHeight="8"
          markerUnits="userSpaceOnUse"
          orient="auto"
        >
          <path d="M0 0.5L8 4L0 7.5z" />
        </marker>
      ))}
    </defs>
  );
}

type Mark = 'current' | 'around' | 'plain';

function markOf(node: MachineNode, { nodes }: MachineDrawing, state: string | undefined): Mark {
  if (state === undefined) return 'plain';
  if (node.id === state) return 'current';
  const isAround = nodes.some(({ id }) => id === state) && state.startsWith(`${node.id}.`);
  return isAround ? 'around' : 'plain';
}

interface StateBoxProps {
  readonly node: MachineNode;
  readonly place: Place | undefined;
  readonly mark: Mark;
  readonly isBox: boolean;
  readonly current: { current: SVGGElement | null } | undefined;
}

function StateBox({ node, place, mark, isBox, current }: StateBoxProps) {
  if (place === undefined) return null;
  const { x, y, width, height } = place;
  const round = isBox ? 12 : 9;
  const middle = { x: x + width / 2, y: y + height / 2 };
  const isCurrent = mark === 'current';
  return (
    <g
      class={`chart-state ${node.kind} ${mark}`}
      {...(isCurrent && { 'data-state': node.id })}
      {...(current && { ref: current })}
    >
      {isCurrent && (
        <rect
          class="chart-outline"
          x={x - 4}
          y={y - 4}
          width={width + 8}
          height={height + 8}
          rx={round + 4}
        />
      )}
      <rect class="chart-box" x={x} y={y} width={width} height={height} rx={round} />
      {node.kind === 'final' && (
        <rect
          class="chart-inner"
          x={x + 3}
          y={y + 3}
          width={width - 6}
          height={height - 6}
          rx={round - 3}
        />
      )}
      {node.initial && <circle class="chart-initial" cx={x + 12} cy={y} r="4" />}
      {isBox ? (
        <text class="chart-title" x={x + 14} y={y + TITLE_HEIGHT - 8}>
          {titleOf(node)}
        </text>
      ) : (
        <text class="chart-name" x={middle.x} y={middle.y}>
          {titleOf(node)}
        </text>
      )}
    </g>
  );
}

function titleOf({ label, kind }: MachineNode): string {
  if (kind === 'history') return `↩ ${label}`;
  return kind === 'parallel' ? `${label} (all at once)` : label;
}

function takenOf(cord: Cord, taken: ChartProps['taken']): Taking | undefined {
  const all = cord.edges.flatMap(({ id }) => taken?.get(id) ?? []);
  const [first] = all;
  if (first === undefined) return undefined;
  const numbers = [...new Set(all.flatMap((one) => one.numbers))].sort((a, b) => a - b);
  const newest = all.reduce((a, b) => ((a.numbers.at(-1) ?? 0) >= (b.numbers.at(-1) ?? 0) ? a : b));
  return { numbers, time: newest.time, isLatest: all.some(({ isLatest }) => isLatest) };
}

interface CordProps {
  readonly cord: Cord;
  readonly taken: Taking | undefined;
}

function CordLine({ cord, taken, tips }: CordProps & { tips: string }) {
  const kind = taken === undefined ? 'plain' : taken.isLatest ? 'latest' : 'taken';
  return (
    <path
      class={`chart-cord ${kind}`}
      d={pathData(cord.points)}
      marker-end={`url(#${tips}-${kind})`}
      {...(taken && { 'data-taken': cord.edges.map(({ id }) => id).join(', ') })}
    >
      <title>{`${cord.from} → ${cord.to}\n${cordLines(cord).join('\n')}`}</title>
    </path>
  );
}

function CordLabel({ cord, taken, isRoomy }: CordProps & { isRoomy: boolean }) {
  const [x, y] = cord.label;
  if (taken === undefined) {
    if (!isRoomy) return null;
    return (
      <text class="chart-event" x={x} y={y}>
        {cordLines(cord).map((line, i) => (
          <tspan key={line} x={x} dy={i === 0 ? 0 : LINE}>
            {line}
          </tspan>
        ))}
      </text>
    );
  }
  const numbers = numbersText(taken.numbers);
  const isShort = cord.room < ROOM_FOR_TIME && !isRoomy;
  const text = isShort ? numbers : `${numbers} · ${taken.time}`;
  const width = text.length * LABEL_CHARACTER + 12;
  return (
    <g class={`chart-number ${taken.isLatest ? 'latest' : ''}`}>
      <rect x={x - width / 2} y={y - LABEL_HEIGHT / 2} width={width} height={LABEL_HEIGHT} rx="9" />
      <text x={x} y={y}>
        {text}
      </text>
    </g>
  );
}

/** "3", "3, 5, 7", "3 … 19, 21" */
function numbersText(numbers: readonly number[]): string {
  if (numbers.length <= NUMBERS_SHOWN) return numbers.join(', ');
  return `${numbers[0]} … ${numbers.slice(-2).join(', ')}`;
}
