/**
 * The crash matrix: at every generated crash point kill -9, start again, drain, balance the ledger.
 * See matrix.ts for how it runs, scenarios.ts for the load, wrapping.ts for where points come from.
 */

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findRoot } from '../../scripts/root.js';
import { temporaryFolder } from '../harness/files.js';
import { type Results, runMatrix } from './matrix.js';
import { siteOf } from './points.js';

const FLOOR = join(findRoot(), 'test/crash/floor.json');
/** What is written to a protocol's socket, by stage; a new stage is found by the recording. */
const PROTOCOL_SITES = [
  'smtp-in 220',
  'smtp-in 250 SIZE',
  'smtp-in 250 Accepted',
  'smtp-in 354',
  'smtp-in 250 after dot',
  'smtp-in 221',
  'smtp-in 421',
  'smtp-out EHLO',
  'smtp-out MAIL',
  'smtp-out RCPT',
  'smtp-out DATA',
  'smtp-out content',
  'smtp-out dot',
  'smtp-out QUIT',
];
/** Timing decides about a few points whether they are come to a second time. */
const MISSED_MAX = 0.03;
/** The build that is published. */
const PRODUCTION = ['schemas', 'actors', 'runtime'];

function assertPoints({ strikes, changingSites }: Results): void {
  const points = new Set(strikes.map(({ point }) => point.replace(/ #\d+$/, '')));
  const sides = (site: string): boolean[] =>
    ['before', 'after'].map((side) => [...points].some((one) => one.startsWith(`${side} ${site}`)));
  for (const site of [...changingSites, ...PROTOCOL_SITES, 'flush']) {
    assert.deepEqual(sides(site), [true, true], `no crash point before or after ${site}`);
  }
  const floor: unknown = JSON.parse(readFileSync(FLOOR, 'utf8'));
  assert.ok(typeof floor === 'object' && floor !== null && 'points' in floor);
  assert.ok(
    strikes.length >= Number(floor.points),
    `${strikes.length} crash points, the floor is ${floor.points}: who took them away?`,
  );
}

test('at every crash point: killed, started again, drained, and the ledger balances', async (t) => {
  const since = performance.now();
  const results = await runMatrix(temporaryFolder(t));
  const { strikes, rounds, missed, duplicates, problems } = results;
  const sites = new Set(strikes.map(({ point }) => siteOf(point))).size;
  const seconds = Math.round((performance.now() - since) / 1000);
  t.diagnostic(`${strikes.length} crash points at ${sites} sites, ${rounds} runs, ${seconds} s`);
  t.diagnostic(`${duplicates} duplicates, each recorded; ${missed.length} points not met again`);
  assert.deepEqual(problems, []);
  const words = missed.map(({ scenario, point }) => `${scenario.name}: ${point}`).join('; ');
  assert.ok(missed.length <= strikes.length * MISSED_MAX, words);
  assert.ok(duplicates > 0, 'kills after the dot make duplicates: none means none was seen');
  assertPoints(results);
});

test('nothing of the crash points is in the production build', () => {
  const build = join(import.meta.dirname, '../..');
  for (const folder of PRODUCTION) {
    assert.ok(existsSync(join(build, folder)), `${folder} is built`);
    const files = readdirSync(join(build, folder), { recursive: true, encoding: 'utf8' });
    for (const file of files.filter((path) => path.endsWith('.js'))) {
      const text = readFileSync(join(build, folder, file), 'utf8');
      assert.doesNotMatch(text, /SIGKILL|CRASH_AT|\/crash\/|crash ?points?['"`]/i, file);
    }
  }
});
