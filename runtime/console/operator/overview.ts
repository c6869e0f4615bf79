/**
 * The switch at a glance for an operator: one sentence, tiles, what needs somebody, jacks, workers
 * and what was checked.
 *
 * Invariants: "All well" is said only when nothing needs anybody; a count that was stopped at a
 * limit says so; envelopes only.
 */

import type { Overview, WorkerSummary } from '../../../schemas/console.js';
import type { ConsoleParts } from '../console-call.js';
import { healthOf } from './health.js';
import { jacksOf, pausedLanes } from './jacks.js';
import { needsOf } from './needs.js';
import { look } from './scan.js';
import { tilesOf } from './tiles.js';

export async function overview(parts: ConsoleParts): Promise<Overview> {
  const { running, store, clock } = parts;
  const looked = await look(store, clock);
  const now = clock.now();
  const status = running.status();
  const paused = pausedLanes(running.deliverers, looked.waiting);
  const needs = needsOf({ looked, paused, refusing: status.refusing, now });
  const health = await healthOf(parts);
  return {
    sentence: sentenceOf(needs.length, health),
    well: needs.length === 0 && health.every(({ verdict }) => verdict !== 'problem'),
    tiles: tilesOf(looked, now),
    needs,
    jacks: jacksOf(parts, paused),
    workers: [workerOf(parts, status)],
    store: status.store,
    bus: status.bus,
    ...(status.refusing === undefined ? {} : { refusing: status.refusing }),
    health,
  };
}

function sentenceOf(needs: number, health: Overview['health']): string {
  const problems = health.filter(({ verdict }) => verdict === 'problem').length;
  if (needs === 0 && problems === 0) return 'All well';
  if (needs === 0) return problems === 1 ? '1 check fails' : `${problems} checks fail`;
  return needs === 1 ? '1 thing needs you' : `${needs} things need you`;
}

function workerOf(
  { running, startedAt }: ConsoleParts,
  { waiting }: { readonly waiting: Readonly<Record<string, number>> },
): WorkerSummary {
  return {
    name: running.worker,
    roles: ['receive', 'route', 'deliver', 'sweep'],
    startedAt,
    pid: process.pid,
    memoryBytes: process.memoryUsage.rss(),
    waiting,
  };
}
