/** The benchmarks' results as text: medians, ratios, targets, and what was not measured. */

import type { Contender } from './contenders.js';
import type { Queued } from './queued.js';
import { medians, type Relayed, type Round } from './relay.js';
import { stagesText } from './stages.js';
import type { FanOut, Subscribers } from './subscribers.js';

export const TARGETS = { overPostfix: 2, growth: 1.2, memoryMiB: 400 } as const;

export interface Judged {
  readonly lines: readonly string[];
  /** What was promised and not reached. */
  readonly missed: readonly string[];
}

const HEAD =
  'contender      messages/s   CPU ms/message   accept p50 / p99 ms   end to end p50 / p99 ms';

function row(round: Round): string {
  const { acceptMs, endToEndMs } = round;
  return [
    round.contender.padEnd(12),
    round.messagesPerSecond.toFixed(0).padStart(12),
    round.cpuMsPerMessage.toFixed(3).padStart(16),
    `${acceptMs.p50.toFixed(1)} / ${acceptMs.p99.toFixed(1)}`.padStart(21),
    `${endToEndMs.p50.toFixed(1)} / ${endToEndMs.p99.toFixed(1)}`.padStart(25),
  ].join(' ');
}

export function settingsLines(contenders: readonly Contender[]): string[] {
  return contenders.flatMap(({ name, settings }) => [
    `${name} runs with`,
    ...Object.entries(settings).map(([key, value]) => `  ${key} = ${value}`),
  ]);
}

/** Medians of all contenders, and the switch's ratio to each of the others. */
export function relayLines(title: string, relayed: Relayed): { lines: string[]; all: Round[] } {
  const names = [...new Set(relayed.rounds.map((round) => round.contender))];
  const all = names.map((name) => medians(relayed.rounds, name));
  const [own, ...others] = all;
  const ratios = others.map(({ contender, messagesPerSecond, cpuMsPerMessage }) => {
    const rate = (own?.messagesPerSecond ?? Number.NaN) / messagesPerSecond;
    const cpu = (own?.cpuMsPerMessage ?? Number.NaN) / cpuMsPerMessage;
    const who = `${own?.contender} ÷ ${contender}`;
    return `  ${who}: ${rate.toFixed(2)} in messages/s, ${cpu.toFixed(2)} in CPU`;
  });
  const strange = relayed.rounds.reduce((sum, { twice }) => sum + twice, 0);
  const checked = `  every mail checked at the sink: none lost, ${strange} twice`;
  const stages = `  stages of patchboard: ${stagesText(relayed.stages)}`;
  return { lines: [title, HEAD, ...all.map(row), ...ratios, checked, stages], all };
}

export function judgeRelay(all: readonly Round[]): string[] {
  const rate = (name: string) => all.find((one) => one.contender === name)?.messagesPerSecond;
  const own = rate('patchboard');
  const postfix = rate('postfix');
  const missed = all
    .filter(({ twice, strange }) => twice + strange > 0)
    .map(({ contender }) => `${contender}: mails arrived twice, changed or unasked`);
  if (own === undefined || postfix === undefined) return missed;
  const ratio = own / postfix;
  if (ratio >= TARGETS.overPostfix) return missed;
  return [...missed, `${ratio.toFixed(2)} × postfix; promised are ${TARGETS.overPostfix} ×`];
}

export function queuedLines(queued: Queued): Judged {
  const { memory, memoryAtPeak, drain, growth } = queued;
  const peak = Math.max(memory.anonymousMiB, memoryAtPeak.anonymousMiB);
  const cpu = (rounds: readonly Round[]) =>
    rounds.map((round) => round.cpuMsPerMessage.toFixed(3)).join(' ');
  const lines = [
    `${queued.queued} queued for a destination that is down, then up`,
    `  accepted ${queued.fillPerSecond.toFixed(0)} messages/s while the queue grew`,
    `  CPU ms/message to another destination: ${cpu(queued.empty)} with an empty queue, ` +
      `${cpu(queued.full)} with the full one: × ${growth.toFixed(2)}`,
    `  memory ${peak} MiB, and ${memory.fileMiB} MiB of the store's file mapped`,
    `  all arrived ${queued.drainSeconds.toFixed(0)} s after the destination came back, ` +
      `${(queued.queued / drain.arrivingSeconds).toFixed(0)} messages/s from the first on, ` +
      `${queued.drainCpuMsPerMessage.toFixed(3)} CPU ms each: ${drain.arrived} arrived, ` +
      `${drain.twice} twice`,
  ];
  const missed: string[] = [];
  if (growth > TARGETS.growth) missed.push(`cost grew × ${growth.toFixed(2)} with the queue full`);
  if (peak >= TARGETS.memoryMiB) missed.push(`${peak} MiB of memory with the queue full`);
  if (drain.twice + drain.strange > 0) missed.push('queued mails arrived twice or changed');
  return { lines, missed };
}

const KIB = 1024;

/** Fan-out to open pages beside bare sockets; memory of an idle page. */
export function subscribersLines(found: Subscribers): Judged {
  const [own, bare] = found.fanOuts;
  const row = ({ contender, perSecond, p50, p99 }: FanOut): string =>
    [
      `  ${contender.padEnd(12)}`,
      `${perSecond.toFixed(0)} shown/s`.padStart(16),
      `${p50.toFixed(0)} / ${p99.toFixed(0)} ms p50 / p99`.padStart(28),
    ].join('');
  const kib = (bytes: number): string => (bytes / KIB).toFixed(1);
  const lines = [
    `${found.count} subscribers with open pages: one mail for all, shown and answered by each page`,
    row(own),
    row(bare),
    `  patchboard ÷ bare ws: ${(own.perSecond / bare.perSecond).toFixed(3)} in messages shown/s ` +
      '(stored, flushed, decided and tracked one by one; bare ws only sends)',
    `  memory of an idle page: ${kib(found.idleBytes)} KiB; a bare socket ` +
      `${kib(found.bareIdleBytes)} KiB; above it ${kib(found.idleBytes - found.bareIdleBytes)} KiB`,
  ];
  const missed = found.wrong > 0 ? [`${found.wrong} messages were shown twice or to others`] : [];
  return { lines, missed };
}

export const NOT_MEASURED = [
  'Not measured: TLS, DNS, checks of SPF, DKIM and DMARC (load and sink are on this computer),',
  'several recipients, large mails, conversion, disks slower than this one, a network with delay.',
  'Load and sink run on the same processors as the contender and take their share of them.',
];
