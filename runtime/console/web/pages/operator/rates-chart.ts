/** One chart over uPlot: sized to its place, in the page's own colours, light and dark. */

import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { shortTime } from '../../clock.js';

const HEIGHT = 190;
const HEADROOM = 1.1;
/** With more columns the line alone is clearer. */
const POINTS_SEEN = 30;
const AXIS_WIDTH = 52;
const MARKS_HEIGHT = 30;
const TICK_ROOM = 60;

export interface Line {
  readonly label: string;
  /** The colour, as a token of the style: "--accent". */
  readonly token: string;
  readonly values: readonly (number | null)[];
}

/** Seconds between the marks below: never less than the minutes that stand there. */
const MARKS = [1, 2, 5, 10, 15, 30, 60, 120].map((minutes) => minutes * 60);

/** What a chart shows: columns at their times, in seconds. */
export interface Shown {
  readonly times: readonly number[];
  /** The whole width, whatever part of it has columns. */
  readonly range: readonly [number, number];
  readonly lines: readonly Line[];
}

export interface Drawing {
  show(shown: Shown): void;
  end(): void;
}

/** @param lines their labels and colours; values come with `show` */
export function drawChart(place: HTMLElement, lines: readonly Line[]): Drawing {
  let data: uPlot.AlignedData = [[], ...lines.map(() => [])];
  let plot = new uPlot(optionsFor(place, lines), data, place);
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const recolour = (): void => {
    plot.destroy();
    plot = new uPlot(optionsFor(place, lines), data, place);
  };
  dark.addEventListener('change', recolour);
  const observer = new ResizeObserver(() => {
    plot.setSize({ width: place.clientWidth, height: HEIGHT });
  });
  observer.observe(place);
  return {
    show({ times, range: [min, max], lines: shown }) {
      data = [[...times], ...shown.map(({ values }) => [...values])];
      plot.setData(data, false);
      plot.batch(() => {
        plot.setScale('x', { min, max });
        plot.setScale('y', { min: 0, max: highest(shown) });
      });
    },
    end() {
      observer.disconnect();
      dark.removeEventListener('change', recolour);
      plot.destroy();
    },
  };
}

function optionsFor(place: HTMLElement, lines: readonly Line[]): uPlot.Options {
  const style = getComputedStyle(place);
  const colour = (token: string): string => style.getPropertyValue(token).trim();
  const axis = {
    stroke: colour('--ink-soft'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
    font: `12px ${style.fontFamily}`,
  };
  return {
    width: place.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    axes: [
      {
        ...axis,
        size: MARKS_HEIGHT,
        space: TICK_ROOM,
        incrs: MARKS,
        values: (_plot, at) => at.map((one) => shortTime(one * 1000)),
      },
      { ...axis, size: AXIS_WIDTH, values: (_plot, at) => at.map(wholeText) },
    ],
    series: [
      {},
      ...lines.map(({ label, token }) => ({
        label,
        stroke: colour(token),
        width: 2,
        spanGaps: false,
        points: { show: (plot: uPlot) => plot.data[0].length < POINTS_SEEN, size: 4 },
      })),
    ],
  };
}

function highest(lines: readonly Line[]): number {
  const values = lines.flatMap((line) => line.values.map((value) => value ?? 0));
  return Math.max(1, ...values) * HEADROOM;
}

/** Nobody accepts half a message; thousands are short. */
function wholeText(value: number): string {
  if (!Number.isInteger(value)) return '';
  return value >= 10_000 ? `${value / 1000}k` : String(value);
}
