/** The overview is honest: well when nothing needs anybody, else what, why and where to go. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Deliverer } from '../../../../actors/channel.js';
import { pausedLanes } from '../../../../runtime/console/operator/jacks.js';
import { needsOf } from '../../../../runtime/console/operator/needs.js';
import { look } from '../../../../runtime/console/operator/scan.js';
import { tilesOf } from '../../../../runtime/console/operator/tiles.js';
import type { Overview } from '../../../../schemas/console.js';
import { anOperator } from '../an-operator.js';

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

test('held, retrying and dead messages have a tile each; the dead need somebody', async (t) => {
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

test('beyond the limit of a look the held are counted by keys, the rest as found', async (t) => {
  const desk = await anOperator(t);
  const { store, clock, running } = desk.parts;
  const ann = await desk.subscriber('ann');
  await desk.subscriber('bob');
  const until = clock.now() + HOUR_MS;
  await running.accounts.setQuiet(ann.id, { until, exceptions: [] });
  desk.peer.script('bob-phone', 'offline');
  for (const to of ['ann', 'ann', 'ann', 'bob', 'bob', 'bob']) await desk.send(to);
  const looked = await look(store, clock, 2);
  assert.deepEqual([...looked.partial], ['state/routed', 'state/dispatched']);
  const [moving, held, retry] = tilesOf(looked, clock.now());
  assert.deepEqual([held?.count, held?.partial], [3, false]);
  assert.deepEqual([retry?.count, retry?.partial], [2, true]);
  assert.deepEqual([moving?.count, moving?.partial], [1, true]);
});

test('pages that look at the same time share one look; a change is seen at once', async (t) => {
  const desk = await anOperator(t);
  const ann = await desk.subscriber('ann');
  const until = desk.clock.now() + HOUR_MS;
  await desk.parts.running.accounts.setQuiet(ann.id, { until, exceptions: [] });
  const key = await desk.send('ann');
  const { store, clock } = desk.parts;
  assert.equal(await look(store, clock), await look(store, clock));
  assert.equal(tile(await desk.ask('overview', {}), 'held'), 1);
  await desk.ask('message.command', { key, command: 'release' });
  await desk.until(key, 'confirmed', 0);
  assert.equal(tile(await desk.ask('overview', {}), 'held'), 0);
});

test('a destination that is paused is named, with how many wait for it', () => {
  const pause = { until: 60_000, reason: 'connection refused' };
  const agent: Deliverer = {
    limits: { capacity: 1, perLane: 1 },
    deliver: () => assert.fail('nothing is delivered here'),
    lane: ({ value }) => value.split('@')[1] ?? '',
    paused: (lane) => (lane === 'down.example' ? pause : undefined),
    stop: () => Promise.resolve(),
  };
  const waiting = ['a@down.example', 'b@down.example', 'c@up.example'].map((value, i) => ({
    key: `msg/${i}`,
    row: 'state/dispatched',
    what: 'retry line',
    cause: '',
    createdAt: 0,
    dueAt: 0,
    addresses: [{ channel: 'line', value }],
  }));
  const paused = pausedLanes(new Map([['line', agent]]), waiting);
  assert.deepEqual(
    paused.map((lane) => [lane.lane, lane.reason, lane.waiting.length]),
    [['down.example', 'connection refused', 2]],
  );
  const looked = { waiting, counted: new Map(), partial: new Set<string>() };
  const needs = needsOf({ looked, paused, refusing: 'the disk is full', now: 30_000 });
  assert.deepEqual(
    needs.map(({ kind, title }) => `${kind}: ${title}`),
    ['trouble: Nothing is accepted', 'paused: line to down.example is paused, 2 messages waiting'],
  );
  const late = needsOf({ looked, paused: [], refusing: undefined, now: HOUR_MS });
  assert.deepEqual(
    late.map(({ title }) => title),
    ['3 messages overdue'],
  );
});
