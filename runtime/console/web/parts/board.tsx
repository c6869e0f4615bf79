/**
 * The board: jacks left and right, and a cord for everything that moves between them.
 *
 * Who shows it gives the jacks and a signal of motions (board-motions.ts keeps one). A cord runs
 * from its `from` to its `to` once, on its first appearance, in either direction; after that only
 * its colour and words change. Invariants: the picture is for eyes, the list below it says the same
 * to everybody else; what is drawn follows from jacks and motions alone.
 */

import type { ReadonlySignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Cord, CordLabel, type CordProps, type Place } from './board-cord.js';
import type { Jack, Motion } from './board-motions.js';
import '../style/board.css';

export { createMotions, type Jack, type Motion, type Motions } from './board-motions.js';

interface BoardViewProps {
  readonly ins: readonly Jack[];
  readonly outs: readonly Jack[];
  readonly motions: ReadonlySignal<readonly Motion[]>;
  /** Above the jacks, "Ways in" and "Your devices". */
  readonly inTitle?: string;
  readonly outTitle?: string;
  /** Stands on the board while nothing moves. */
  readonly idle?: ComponentChildren;
}

/** Room of the cords in CSS pixels; the jacks stand in even rows beside it. */
interface Room {
  readonly width: number;
  readonly height: number;
}

export function BoardView(props: BoardViewProps) {
  const { ins, outs, inTitle = 'Ways in', outTitle = 'Ways out', idle } = props;
  const ref = useRef<HTMLDivElement>(null);
  const room = useRoom(ref);
  const motions = props.motions.value.filter(({ from, to }) => knows(from) && knows(to));
  function knows(id: string): boolean {
    return [...ins, ...outs].some((jack) => jack.id === id);
  }
  const place = (id: string): Place => placeOf(id, ins, outs, room);
  const cords = motions.map((motion) => ({
    motion,
    from: place(motion.from),
    to: place(motion.to),
    rank: rankOf(motion, motions),
    floor: (room?.height ?? 0) - FLOOR,
  }));
  const isLabelled = ({ motion }: CordProps): boolean =>
    motion.label !== '' && isNewest(motion, motions);
  return (
    <section class="board" aria-label="Board">
      <h3 class="board-title">{inTitle}</h3>
      <h3 class="board-title board-title-out">{outTitle}</h3>
      <Jacks side="in" jacks={ins} motions={motions} />
      <div class="board-room" ref={ref} aria-hidden="true">
        {motions.length === 0 && idle !== undefined && <p class="board-idle">{idle}</p>}
        {room !== undefined && (
          <svg width={room.width} height={room.height} aria-hidden="true" focusable="false">
            {cords.map((cord) => (
              <Cord key={cord.motion.id} {...cord} />
            ))}
            {cords.filter(isLabelled).map((cord) => (
              <CordLabel key={cord.motion.id} {...cord} />
            ))}
          </svg>
        )}
      </div>
      <Jacks side="out" jacks={outs} motions={motions} />
      <Told motions={motions} jacks={[...ins, ...outs]} />
    </section>
  );
}

/** The deepest cord hangs so far above the edge. */
const FLOOR = 10;
/** As many as a person wants to hear. */
const TOLD_MAX = 12;

function useRoom(ref: { current: HTMLDivElement | null }): Room | undefined {
  const [room, setRoom] = useState<Room | undefined>(undefined);
  useLayoutEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const measure = (): void => {
      setRoom({ width: element.clientWidth, height: element.clientHeight });
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);
  return room;
}

function placeOf(
  id: string,
  ins: readonly Jack[],
  outs: readonly Jack[],
  room: Room | undefined,
): Place {
  const { width, height } = room ?? { width: 0, height: 0 };
  const left = ins.findIndex((jack) => jack.id === id);
  const right = outs.findIndex((jack) => jack.id === id);
  const share = left >= 0 ? (left + 0.5) / ins.length : (right + 0.5) / outs.length;
  return { x: left >= 0 ? 0 : width, y: share * height };
}

/** How many cords between the same two jacks came before this one. */
function rankOf(motion: Motion, motions: readonly Motion[]): number {
  const ends = (of: Motion): string => [of.from, of.to].sort().join(' ');
  const before = motions.slice(0, motions.indexOf(motion));
  return before.filter((other) => ends(other) === ends(motion)).length;
}

/** Of cords between the same jacks in the same direction only the newest says its time. */
function isNewest(motion: Motion, motions: readonly Motion[]): boolean {
  const later = motions.slice(motions.indexOf(motion) + 1);
  const { from, to } = motion;
  return !later.some((other) => other.from === from && other.to === to && other.label !== '');
}

interface JacksProps {
  readonly side: 'in' | 'out';
  readonly jacks: readonly Jack[];
  readonly motions: readonly Motion[];
}

function Jacks({ side, jacks, motions }: JacksProps) {
  return (
    <ul class={`board-jacks board-jacks-${side}`}>
      {jacks.map((jack) => (
        <li key={jack.id} class={`jack ${lightOf(jack, motions)}`}>
          <span class="jack-words">
            <span class="jack-label">{jack.label}</span>
            {jack.sub !== undefined && <span class="jack-sub">{jack.sub}</span>}
          </span>
          <span class="jack-socket" aria-hidden="true" />
        </li>
      ))}
    </ul>
  );
}

function lightOf(jack: Jack, motions: readonly Motion[]): string {
  const here = motions.filter(({ from, to }) => from === jack.id || to === jack.id);
  if (here.some(({ state }) => state === 'failing')) return 'jack-bad';
  return here.length > 0 ? 'jack-lit' : '';
}

interface ToldProps {
  readonly motions: readonly Motion[];
  readonly jacks: readonly Jack[];
}

const STATE_WORDS: Readonly<Record<Motion['state'], string>> = {
  running: 'on its way',
  done: 'arrived',
  failing: 'failing',
  waiting: 'waiting',
};

/** The same as the cords, in words. */
function Told({ motions, jacks }: ToldProps) {
  const label = (id: string): string => jacks.find((jack) => jack.id === id)?.label ?? id;
  return (
    <div class="unseen" role="log" aria-label="What just happened on the board">
      <ul>
        {motions.slice(-TOLD_MAX).map((motion) => (
          <li key={motion.id}>{motion.text ?? toldOf(motion, label)}</li>
        ))}
      </ul>
    </div>
  );
}

function toldOf(motion: Motion, label: (id: string) => string): string {
  const { from, to, count, state } = motion;
  const many = count > 1 ? `${count} messages, ` : '';
  const more = motion.label === '' ? '' : `, ${motion.label}`;
  return `${many}${label(from)} to ${label(to)}: ${STATE_WORDS[state]}${more}`;
}
