/**
 * What a run of the crash matrix must show: no problem, hardly a point that was not met again, no
 * fewer points than there were, and points on both sides of what is known to be a site.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { findRoot } from '../../scripts/root.js';
import { temporaryFolder } from '../harness/files.js';
import { type Results, runMatrix } from './matrix.js';
import { siteOf } from './points.js';
import type { Load } from './scenario.js';
import type { World } from './world.js';

const FLOOR = join(findRoot(), 'test/crash/floor.json');
/** Timing decides about a few points whether they are come to a second time. */
const MISSED_MAX = 0.03;
function floorOf(load: string): number {
  const floor: unknown = JSON.parse(readFileSync(FLOOR, 'utf8'));
  const found = Object.entries(floor ?? {}).find(([name]) => name === load)?.[1];
  assert.ok(typeof found === 'number', `${FLOOR} tells no floor of ${load}`);
  return found;
}

/** Both sides of every site, and as many points as ever. */
export function assertPoints(
  { strikes }: Results,
  of: { load: string; sites: readonly string[] },
): void {
  const points = new Set(strikes.map(({ point }) => point.replace(/ #\d+$/, '')));
  const sides = (site: string): boolean[] =>
    ['before', 'after'].map((side) => [...points].some((one) => one.startsWith(`${side} ${site}`)));
  for (const site of of.sites) {
    assert.deepEqual(sides(site), [true, true], `no crash point before or after ${site}`);
  }
  const floor = floorOf(of.load);
  assert.ok(
    strikes.length >= floor,
    `${strikes.length} crash points, the floor is ${floor}: who took them away?`,
  );
}

/** Runs a load at all its crash points. */
export async function strikeAll<Around extends World>(
  t: TestContext,
  load: Load<Around>,
): Promise<Results> {
  const since = performance.now();
  const results = await runMatrix(temporaryFolder(t), load);
  const { strikes, rounds, missed, duplicates, problems } = results;
  const sites = new Set(strikes.map(({ point }) => siteOf(point))).size;
  const seconds = Math.round((performance.now() - since) / 1000);
  t.diagnostic(`${strikes.length} crash points at ${sites} sites, ${rounds} runs, ${seconds} s`);
  t.diagnostic(`${duplicates} duplicates, each recorded; ${missed.length} points not met again`);
  assert.deepEqual(problems, []);
  const words = missed.map(({ scenario, point }) => `${scenario}: ${point}`).join('; ');
  assert.ok(missed.length <= strikes.length * MISSED_MAX, words);
  assert.ok(duplicates > 0, 'kills after the last byte make duplicates: none means none was seen');
  return results;
}
