/**
 * Rates over time, drawn by uPlot: what was accepted and finished, and how long the first outcome
 * took. The same as a table for who does not see the picture. Its script comes on its own.
 */

import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { RatePoint } from '../../../../../schemas/console.js';
import type { ConsoleCalls } from '../../../../../schemas/console-calls.js';
import { shortTime } from '../../clock.js';
import { Loaded, loading } from '../../parts/loaded.js';
import { type Drawing, drawChart, type Shown } from './rates-chart.js';
import { useRefresh } from './refresh.js';

const SPANS = [
  { ms: 15 * 60_000, label: '15 min' },
  { ms: 3_600_000, label: '1 h' },
  { ms: 6 * 3_600_000, label: '6 h' },
] as const;
const EVERY_MS = 10_000;
/** Seconds of the narrowest chart. */
const NARROWEST_S = 180;
/** Rows of the table: columns are put together until there are so few. */
const ROWS = 12;

type Answered = ConsoleCalls['rates']['out'];

export function Rates() {
  const spanMs = useSignal<number>(SPANS[0].ms);
  const rates = useSignal(loading('rates', () => ({ spanMs: spanMs.value }))).value;
  useRefresh(rates.load, EVERY_MS);
  return (
    <div class="card stack">
      <div class="row">
        <h2 class="grow">Rates</h2>
        <fieldset class="op-spans" aria-label="How far back">
          {SPANS.map(({ ms, label }) => (
            <button
              key={ms}
              type="button"
              class="button"
              aria-pressed={spanMs.value === ms}
              onClick={() => {
                spanMs.value = ms;
                void rates.load();
              }}
            >
              {label}
            </button>
          ))}
        </fieldset>
      </div>
      <Loaded of={rates}>{(value) => <Charts rates={value} spanMs={spanMs.value} />}</Loaded>
    </div>
  );
}

function Charts({ rates, spanMs }: { rates: Answered; spanMs: number }) {
  const { everyMs } = rates;
  // The last column is not full yet: it would look like a fall.
  const points = rates.points.length > 1 ? rates.points.slice(0, -1) : rates.points;
  const times = points.map(({ at }) => at / 1000);
  const end = (points.at(-1)?.at ?? 0) / 1000;
  const begin = (points[0]?.at ?? 0) / 1000;
  // A switch that has just begun fills its chart; later the span does.
  const width = Math.min(spanMs / 1000, Math.max(NARROWEST_S, end - begin));
  const range = [end - width, end] as const;
  const each = everyMs === 60_000 ? 'minute' : `${everyMs / 1000} seconds`;
  return (
    <>
      <div class="op-charts">
        <Chart
          title={`Messages in each ${each}`}
          times={times}
          range={range}
          lines={[
            { label: 'accepted', token: '--accent', values: points.map((one) => one.accepted) },
            { label: 'ended', token: '--ink-soft', values: points.map((one) => one.finished) },
            { label: 'failed', token: '--bad', values: points.map((one) => one.failed) },
          ]}
        />
        <Chart
          title="To the first outcome, ms"
          times={times}
          range={range}
          lines={[
            { label: 'half within', token: '--accent', values: points.map((one) => one.p50) },
            { label: '99 % within', token: '--warn', values: points.map((one) => one.p99) },
          ]}
        />
      </div>
      <details>
        <summary>The same as a table</summary>
        <RatesTable points={points} />
      </details>
    </>
  );
}

interface ChartProps extends Shown {
  readonly title: string;
}

function Chart({ title, times, range, lines }: ChartProps) {
  const ref = useRef<HTMLDivElement>(null);
  const drawing = useRef<Drawing | undefined>(undefined);
  useEffect(() => {
    if (ref.current === null) return;
    drawing.current = drawChart(ref.current, lines);
    return () => drawing.current?.end();
  }, []);
  useEffect(() => drawing.current?.show({ times, range, lines }));
  return (
    <figure class="op-chart">
      <figcaption class="row small">
        <strong>{title}</strong>
        {lines.map(({ label, token }) => (
          <span key={label} class="op-legend">
            <span class={`op-legend-mark ${token.slice(2)}`} aria-hidden="true" />
            {label}
          </span>
        ))}
      </figcaption>
      <div ref={ref} class="op-plot" aria-hidden="true" />
    </figure>
  );
}

function RatesTable({ points }: { points: readonly RatePoint[] }) {
  const size = Math.max(1, Math.ceil(points.length / ROWS));
  const groups: (readonly RatePoint[])[] = [];
  for (let end = points.length; end > 0; end -= size) {
    groups.push(points.slice(Math.max(0, end - size), end));
  }
  return (
    <div class="op-wide">
      <table>
        <thead>
          <tr>
            <th scope="col">From</th>
            <th scope="col" class="number">
              Accepted
            </th>
            <th scope="col" class="number">
              Ended
            </th>
            <th scope="col" class="number">
              Failed
            </th>
            <th scope="col" class="number">
              Slowest 99 %
            </th>
          </tr>
        </thead>
        <tbody>
          {groups.map((group) => (
            <TableRow key={group[0]?.at} group={group} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function TableRow({ group }: { group: readonly RatePoint[] }) {
  const sum = (of: (point: RatePoint) => number): number =>
    group.reduce((total, point) => total + of(point), 0);
  const slowest = Math.max(...group.map(({ p99 }) => p99 ?? 0));
  return (
    <tr>
      <th scope="row">{shortTime(group[0]?.at ?? 0)}</th>
      <td class="number">{sum(({ accepted }) => accepted)}</td>
      <td class="number">{sum(({ finished }) => finished)}</td>
      <td class="number">{sum(({ failed }) => failed)}</td>
      <td class="number">{slowest === 0 ? '–' : `${slowest} ms`}</td>
    </tr>
  );
}
