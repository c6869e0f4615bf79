/** The overview is honest: well when nothing needs anybody, else what, why and where to go. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Overview } from '../../../schemas/console.js';
import { anOperator } from './an-operator.js';

const HOUR_MS = 3_600_000;

function tile(overview: Overview, name: string): number | undefined {
  return overview.tiles.find((one) => one.name === name)?.count;
}

test('all well: no needs, every tile empty, jacks, a worker and its checks', async (t) => {
  const desk = await anOperator(t);
  const overview = await desk.ask('overview', {});
  assert.equal(overview.sentence, 'All well');
  assert.equal(overview.well, true);
  assert.deepEqual(overview.needs, []);
  assert.deepEqual(
    overview.tiles.map(({ count }) => count),
    [0, 0, 0, 0, 0],
  );
  const jacks = overview.jacks.map(({ channel, side }) => `${channel} ${side}`);
  assert.deepEqual(jacks, ['line in', 'line out', 'inbox out']);
  assert.equal(overview.workers.length, 1);
  assert.ok(overview.health.every(({ verdict }) => verdict === 'ok'));
});

test('held, retrying and dead messages are on tiles of their own; the dead need somebody', async (t) => {
  const desk = await anOperator(t);
  const ann = await desk.subscriber('ann');
  await desk.subscriber('bob');
  await desk.subscriber('cid');
  const until = desk.clock.now() + HOUR_MS;
  await desk.parts.running.accounts.setQuiet(ann.id, { until, exceptions: [] });
  desk.peer.script('bob-phone', 'offline');
  desk.peer.script('cid-phone', 'permanent');
  await desk.send('ann');
  await desk.send('bob');
  const dead = await desk.send('cid', 'Lost');
  await desk.until(dead, 'failed.dead');
  const overview = await desk.ask('overview', {});
  assert.equal(tile(overview, 'held'), 1);
  assert.equal(tile(overview, 'retry'), 1);
  assert.equal(tile(overview, 'dead'), 1);
  assert.equal(overview.sentence, '1 thing needs you');
  assert.equal(overview.well, false);
  const [need] = overview.needs;
  assert.equal(need?.kind, 'dead');
  assert.equal(need?.action?.link, '/operator/dead');
  assert.match(need?.cause ?? '', /refuses|way/);
});
