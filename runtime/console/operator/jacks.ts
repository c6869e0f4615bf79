/** The jacks of the board, ways in and out, and the destinations that are paused. */

import type { Deliverer } from '../../../actors/channel.js';
import type { JackSummary } from '../../../schemas/console.js';
import type { ConsoleParts } from '../console-call.js';
import { harmlessLine } from '../harmless.js';
import type { Waiting } from './scan.js';

/** Destinations that are asked whether they are paused. */
const LANES_MAX = 500;

export interface PausedLane {
  readonly channel: string;
  readonly lane: string;
  readonly until: number;
  readonly reason: string;
  /** Messages that wait for it, and how long the oldest does. */
  readonly waiting: readonly Waiting[];
}

/** Destinations with something to deliver that are paused now, the fullest first. */
export function pausedLanes(
  deliverers: ReadonlyMap<string, Deliverer>,
  waiting: readonly Waiting[],
): readonly PausedLane[] {
  const lanes = new Map<string, { channel: string; lane: string; waiting: Waiting[] }>();
  for (const one of waiting) {
    for (const { channel, value } of one.addresses) {
      const lane = deliverers.get(channel)?.lane({ channel, value });
      if (lane === undefined) continue;
      const name = `${channel}:${lane}`;
      const known = lanes.get(name);
      if (known?.waiting.at(-1) === one) continue;
      if (known !== undefined) known.waiting.push(one);
      else if (lanes.size < LANES_MAX) lanes.set(name, { channel, lane, waiting: [one] });
    }
  }
  const paused: PausedLane[] = [];
  for (const lane of lanes.values()) {
    const pause = deliverers.get(lane.channel)?.paused(lane.lane);
    if (pause !== undefined) {
      paused.push({ ...lane, until: pause.until, reason: harmlessLine(pause.reason) });
    }
  }
  return paused.sort((a, b) => b.waiting.length - a.waiting.length);
}

export function jacksOf(
  { channels, running }: Pick<ConsoleParts, 'channels' | 'running'>,
  paused: readonly PausedLane[],
): readonly JackSummary[] {
  const ins = channels.filter(({ receive }) => receive !== undefined);
  const outs = channels.filter(({ deliver }) => deliver !== undefined);
  return [
    ...ins.map(({ name }) => {
      const address = running.addresses[name];
      return { channel: name, side: 'in' as const, ...(address === undefined ? {} : { address }) };
    }),
    ...outs.map(({ name }) => {
      const first = paused.find(({ channel }) => channel === name);
      if (first === undefined) return { channel: name, side: 'out' as const };
      const { until, reason, lane } = first;
      const said = lane === '' ? reason : `${lane}: ${reason}`;
      return { channel: name, side: 'out' as const, paused: { until, reason: said } };
    }),
  ];
}
