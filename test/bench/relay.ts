/**
 * SMTP in → durable → SMTP out: the contenders by turns, round by round, each mail checked at
 * the sink. Sessions send as fast as they are answered, so the rate is that of the whole way: from
 * the first mail sent to the last one that arrived.
 */

import type { Contender, SwitchContender } from './contenders.js';
import { cpuMsOf } from './process-cost.js';
import { difference, readStages, type Stages } from './stages.js';
import type { Percentiles } from './traffic.js';
import type { Traffic } from './traffic-process.js';

/** A mail that has not arrived so long after the others is lost. */
const ARRIVAL_MS = 120_000;

export interface Round {
  readonly contender: string;
  readonly messagesPerSecond: number;
  readonly cpuMsPerMessage: number;
  readonly acceptMs: Percentiles;
  readonly endToEndMs: Percentiles;
  readonly twice: number;
  readonly strange: number;
}

export interface Flow {
  /** Unique among all flows of the program. */
  readonly run: string;
  readonly messages: number;
  readonly sessions: number;
  readonly connections: 'reused' | 'onePerMail';
}

/** One round of one contender. */
export async function flow(traffic: Traffic, contender: Contender, sent: Flow): Promise<Round> {
  const { name, pid, port, to } = contender;
  const cpuBefore = cpuMsOf(pid);
  const { acceptMs } = await traffic.send({ ...sent, port, to });
  const arrived = await traffic.arrived(sent.run, ARRIVAL_MS);
  const cpuMs = cpuMsOf(pid) - cpuBefore;
  return {
    contender: name,
    messagesPerSecond: arrived.arrived / arrived.seconds,
    cpuMsPerMessage: cpuMs / arrived.arrived,
    acceptMs,
    endToEndMs: arrived.endToEndMs,
    twice: arrived.twice,
    strange: arrived.strange,
  };
}

export interface Relayed {
  readonly rounds: readonly Round[];
  /** Of the switch, over all its rounds. */
  readonly stages: Stages;
}

/** A round to warm up, which does not count; then the contenders by turns. */
export async function relay(
  traffic: Traffic,
  contenders: readonly [SwitchContender, ...Contender[]],
  plan: Omit<Flow, 'run'> & {
    readonly name: string;
    readonly rounds: number;
    readonly warmUp: number;
  },
): Promise<Relayed> {
  const { name, rounds, warmUp, ...load } = plan;
  for (const one of contenders) {
    const run = `${name}-${one.name}-warmUp`;
    if (warmUp > 0) await flow(traffic, one, { ...load, run, messages: warmUp });
  }
  const [{ running }] = contenders;
  const http = running.addresses['http'] ?? '';
  const before = await readStages(http);
  const done: Round[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const one of contenders) {
      done.push(await flow(traffic, one, { ...load, run: `${name}-${one.name}-${round}` }));
    }
  }
  return { rounds: done, stages: difference(before, await readStages(http)) };
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] ?? Number.NaN)) / 2;
}

/** The medians of a contender's rounds. */
export function medians(rounds: readonly Round[], contender: string): Round {
  const own = rounds.filter((round) => round.contender === contender);
  const of = (pick: (round: Round) => number): number => median(own.map(pick));
  return {
    contender,
    messagesPerSecond: of((round) => round.messagesPerSecond),
    cpuMsPerMessage: of((round) => round.cpuMsPerMessage),
    acceptMs: { p50: of((r) => r.acceptMs.p50), p99: of((r) => r.acceptMs.p99) },
    endToEndMs: { p50: of((r) => r.endToEndMs.p50), p99: of((r) => r.endToEndMs.p99) },
    twice: own.reduce((sum, round) => sum + round.twice, 0),
    strange: own.reduce((sum, round) => sum + round.strange, 0),
  };
}
