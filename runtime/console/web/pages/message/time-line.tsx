/**
 * The time line: the rail of states, a lane for each delivery with its attempts as dots, long gaps
 * broken, and the future dashed. A row is a button that shows its step.
 */

import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { spanText } from '../../../../../actors/message-tracker/words.js';
import type { MachineDrawing, MessageHistory } from '../../../../../schemas/console.js';
import { fullTime, now, preciseTime, untilTime } from '../../clock.js';
import { Action } from '../../parts/action.js';
import { localText, stateText } from './local-text.js';
import { type Dot, type Lane, lanesOf, type Row, rowsOf, stationsOf } from './time-line-rows.js';

interface TimeLineProps {
  readonly history: MessageHistory;
  readonly drawing: MachineDrawing;
  readonly number: number;
  readonly show: (number: number) => void;
  /** What a person may do now; undefined: nothing. */
  readonly hasten: ((command: 'retry' | 'release') => Promise<void>) | undefined;
  /** Shown below the row of the step that is looked at, where there is no room beside. */
  readonly below: ComponentChildren;
}

export function Rail({
  history,
  drawing,
  number,
}: Omit<TimeLineProps, 'show' | 'hasten' | 'below'>) {
  return (
    <ol class="states-rail" aria-label="States">
      {stationsOf(drawing, history, number).map(({ id, standing }) => (
        <li key={id} class={standing} aria-current={standing === 'current' ? 'step' : undefined}>
          <span>{id}</span>
          <span class="unseen">{standing === 'ahead' ? ', not reached' : `, ${standing}`}</span>
        </li>
      ))}
    </ol>
  );
}

export function TimeLine({ history, drawing, number, show, hasten, below }: TimeLineProps) {
  const lanes = lanesOf(history);
  const rows = rowsOf(history, drawing.initial, now.peek());
  const frame = useRef<HTMLElement>(null);
  useEffect(() => {
    keepInView(frame.current);
  }, [number, history]);
  return (
    <section class="time-line" aria-label="Time line" ref={frame}>
      {lanes.length > 0 && <Legend lanes={lanes} />}
      <ol>
        {rows.map((row, index) => (
          <li key={keyOf(row, index)} class="time-row">
            <Content row={row} lanes={lanes} number={number} show={show} hasten={hasten} />
            {row.kind === 'step' && row.number === number && below}
          </li>
        ))}
      </ol>
    </section>
  );
}

/** Scrolls within its own frame, never the page; behind the newest step comes what is planned. */
function keepInView(frame: HTMLElement | null): void {
  const row = frame?.querySelector('[aria-current="step"]')?.closest('li');
  if (!row || !frame) return;
  const [inner, outer] = [row.getBoundingClientRect(), frame.getBoundingClientRect()];
  const isNewest =
    row.parentElement?.querySelector(`li:nth-child(n + ${indexOf(row) + 2}) [data-number]`) ===
    null;
  if (isNewest) frame.scrollTop = frame.scrollHeight;
  else if (inner.top < outer.top) frame.scrollTop -= outer.top - inner.top;
  else if (inner.bottom > outer.bottom) frame.scrollTop += inner.bottom - outer.bottom;
}

function indexOf(row: Element): number {
  return [...(row.parentElement?.children ?? [])].indexOf(row);
}

function keyOf(row: Row, index: number): string {
  return row.kind === 'step' ? `step ${row.number}` : `${row.kind} ${index}`;
}

function Legend({ lanes }: { lanes: readonly Lane[] }) {
  return (
    <ul class="time-legend small soft" aria-label="Lanes, one for each delivery">
      {lanes.map(({ delivery, channel, name }, index) => (
        <li key={delivery}>
          <span class="time-lane-number">{index + 1}</span> {channel} <bdi>{name}</bdi>
        </li>
      ))}
    </ul>
  );
}

interface ContentProps extends Pick<TimeLineProps, 'number' | 'show' | 'hasten'> {
  readonly row: Row;
  readonly lanes: readonly Lane[];
}

function Content({ row, lanes, number, show, hasten }: ContentProps) {
  if (row.kind === 'gap') return <Gap ms={row.ms} />;
  if (row.kind === 'omitted') return <p class="small soft">{row.text}</p>;
  if (row.kind === 'planned') return <Planned row={row} lanes={lanes} hasten={hasten} />;
  return <StepRow row={row} lanes={lanes} isShown={row.number === number} show={show} />;
}

function Gap({ ms }: { ms: number }) {
  return (
    <p class="time-gap small soft">
      <svg width="18" height="26" viewBox="0 0 18 26" aria-hidden="true">
        <path d="M9 0v6l-5 4 10 5-5 4v7" />
      </svg>
      {spanText(ms)}
    </p>
  );
}

interface StepRowProps {
  readonly row: Row & { kind: 'step' };
  readonly lanes: readonly Lane[];
  readonly isShown: boolean;
  readonly show: (number: number) => void;
}

function StepRow({ row, lanes, isShown, show }: StepRowProps) {
  return (
    <button
      type="button"
      class="time-step"
      aria-current={isShown ? 'step' : undefined}
      data-number={row.number}
      onClick={() => show(row.number)}
    >
      <span class={`time-rail ${row.isStation ? 'is-station' : ''}`} aria-hidden="true" />
      <Lanes lanes={lanes} dot={row.dot} />
      <span class="time-words">
        <span class="small soft" title={fullTime(row.at)}>
          {row.number > 0 && `${row.number} · `}
          {preciseTime(row.at)}
        </span>
        <bdi class="time-text">{localText(row.text)}</bdi>
        {row.changesState && <span class="time-state small">{stateText(row.state)}</span>}
      </span>
    </button>
  );
}

const DOTS: Readonly<Record<Dot, { readonly sign: string; readonly words: string }>> = {
  started: { sign: '', words: 'attempt' },
  good: { sign: '✓', words: 'confirmed' },
  bad: { sign: '✗', words: 'failed' },
  again: { sign: '↻', words: 'not yet' },
  open: { sign: '…', words: 'accepted' },
  lost: { sign: '?', words: 'unknown' },
};

interface LanesProps {
  readonly lanes: readonly Lane[];
  readonly dot: { readonly lane: number; readonly kind: Dot | 'planned' } | undefined;
}

function Lanes({ lanes, dot }: LanesProps) {
  return (
    <span class="time-lanes">
      {lanes.map(({ delivery }, index) => {
        const kind = dot?.lane === index ? dot.kind : undefined;
        if (kind === undefined) return <span key={delivery} class="time-lane" />;
        const { sign, words } = kind === 'planned' ? { sign: '', words: 'planned' } : DOTS[kind];
        return (
          <span key={delivery} class="time-lane">
            <span class={`time-dot is-${kind}`} title={words}>
              {sign}
            </span>
          </span>
        );
      })}
    </span>
  );
}

interface PlannedProps {
  readonly row: Row & { kind: 'planned' };
  readonly lanes: readonly Lane[];
  readonly hasten: TimeLineProps['hasten'];
}

function Planned({ row, lanes, hasten }: PlannedProps) {
  const { at, text, command } = row.planned;
  const dot = row.lane === undefined ? undefined : { lane: row.lane, kind: 'planned' as const };
  return (
    <div class="time-step is-planned">
      <span class="time-rail" aria-hidden="true" />
      <Lanes lanes={lanes} dot={dot} />
      <span class="time-words">
        <span class="small soft">{at === null ? 'then' : whenText(at)}</span>
        <bdi class="time-text">{text}</bdi>
        {command !== undefined && hasten !== undefined && (
          <Action run={() => hasten(command)}>
            {command === 'retry' ? 'Try now' : 'Deliver now'}
          </Action>
        )}
      </span>
    </div>
  );
}

/** "07:00 · in 4 h 12 m", counting down. */
function whenText(at: number): string {
  const left = at - now.value;
  return `${untilTime(at)} · ${left > 0 ? `in ${spanText(Math.ceil(left / 1000) * 1000)}` : 'now'}`;
}
