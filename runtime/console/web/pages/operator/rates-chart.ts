/** One chart over uPlot: sized to its place, in the page's own colours, light and dark. */

import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { shortTime } from '../../clock.js';

const HEIGHT = 190;
const AXIS_WIDTH = 52;
const TICK_ROOM = 70;

export interface Line {
  readonly label: string;
  /** The colour, as a token of the style: "--accent". */
  readonly token: string;
  readonly values: readonly (number | null)[];
}

export interface Drawing {
  show(times: readonly number[], lines: readonly Line[]): void;
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
    show(times, shown) {
      data = [[...times], ...shown.map(({ values }) => [...values])];
      plot.setData(data);
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
    scales: { y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.1)] } },
    axes: [
      { ...axis, space: TICK_ROOM, values: (_plot, at) => at.map((one) => shortTime(one * 1000)) },
      { ...axis, size: AXIS_WIDTH, values: (_plot, at) => at.map(wholeText) },
    ],
    series: [
      {},
      ...lines.map(({ label, token }) => ({
        label,
        stroke: colour(token),
        width: 2,
        spanGaps: false,
        points: { show: lines.length > 0, size: 4 },
      })),
    ],
  };
}

/** Nobody accepts half a message; thousands are short. */
function wholeText(value: number): string {
  if (!Number.isInteger(value)) return '';
  return value >= 10_000 ? `${value / 1000}k` : String(value);
}
