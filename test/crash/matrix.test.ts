/**
 * The crash matrix: at every generated crash point kill -9, start again, drain, balance the ledger.
 * See matrix.ts for how it runs, mail-scenarios.ts and peer-scenarios.ts for the load, wrapping.ts
 * for where points come from.
 */

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { channels } from '../../actors/channels/index.js';
import { findRoot } from '../../scripts/root.js';
import { withPeers } from '../harness/channel-peers.js';
import { temporaryFolder } from '../harness/files.js';
import { MAIL_LOAD } from './mail-scenarios.js';
import { type Results, runMatrix } from './matrix.js';
import { PEER_LOAD, scenariosOf } from './peer-scenarios.js';
import { siteOf } from './points.js';
import type { Load } from './scenario.js';
import type { World } from './world.js';

const FLOOR = join(findRoot(), 'test/crash/floor.json');
/** What is written to a mail server's socket, by stage; a new stage is found by the recording. */
const MAIL_SITES = [
  'email-in 220',
  'email-in 250 SIZE',
  'email-in 250 Accepted',
  'email-in 354',
  'email-in 250 after dot',
  'email-in 221',
  'email-in 421',
  'email-out EHLO',
  'email-out MAIL',
  'email-out RCPT',
  'email-out DATA',
  'email-out content',
  'email-out dot',
  'email-out QUIT',
];
/** At the web door: answers, the line that opens, what it carries. */
const DOOR_SITES = ['door-in HTTP 200', 'door-in HTTP 101', 'door-in frame channel'];
/** Timing decides about a few points whether they are come to a second time. */
const MISSED_MAX = 0.03;
/** The build that is published. */
const PRODUCTION = ['schemas', 'actors', 'runtime'];

function floorOf(load: string): number {
  const floor: unknown = JSON.parse(readFileSync(FLOOR, 'utf8'));
  const found = Object.entries(floor ?? {}).find(([name]) => name === load)?.[1];
  assert.ok(typeof found === 'number', `${FLOOR} tells no floor of ${load}`);
  return found;
}

function assertPoints({ strikes }: Results, of: { load: string; sites: readonly string[] }): void {
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

async function strikeAll<Around extends World>(
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

test('mail, at every crash point: killed, started again, drained, balanced', async (t) => {
  const results = await strikeAll(t, MAIL_LOAD);
  const sites = [...results.changingSites, ...MAIL_SITES, 'flush'];
  assertPoints(results, { load: 'mail', sites });
});

test('every channel with a peer, at every crash point: the same', async (t) => {
  const struck = (await withPeers()).map(({ channel }) => channel.name);
  const others = channels.filter(({ name }) => !struck.includes(name)).map(({ name }) => name);
  t.diagnostic(`struck: ${struck.join(', ')}; without a peer: ${others.join(', ') || 'none'}`);
  const results = await strikeAll(t, PEER_LOAD);
  assertPoints(results, { load: 'peers', sites: [...DOOR_SITES, 'flush'] });
});

test('a channel added to the registry is in the load without a line for it', () => {
  const added = scenariosOf(['post', 'pager']).map(({ name }) => name);
  assert.deepEqual(
    added.filter((name) => name.includes('pager')),
    [
      'a message out by post, in by pager',
      'a device that comes to pager',
      'a message in by pager',
      'a message out by pager, in by post',
    ],
  );
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
