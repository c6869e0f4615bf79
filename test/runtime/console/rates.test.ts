/** Rates: columns of what was accepted and finished, and how fast the first outcome was. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COLUMN_MS, createRates, KEPT_MS, POINTS_MAX } from '../../../runtime/console/rates.js';
import { manualClock } from '../../harness/manual-clock.js';
import { anOperator } from './an-operator.js';

const HOUR_MS = 3_600_000;

test('what is accepted, finished and failed is counted in the column of its time', async (t) => {
  const desk = await anOperator(t);
  await desk.subscriber('ann');
  await desk.subscriber('cid');
  desk.peer.script('cid-phone', 'permanent');
  await desk.send('ann');
  desk.later(COLUMN_MS);
  await desk.send('ann');
  const dead = await desk.send('cid');
  await desk.until(dead, 'failed.dead', 0);
  const { everyMs, points } = await desk.ask('rates', {});
  assert.equal(everyMs, COLUMN_MS);
  const [first, second] = points;
  assert.deepEqual([first?.accepted, first?.finished, first?.failed], [1, 1, 0]);
  // The report to its sender and the notice to the operator are messages too.
  assert.deepEqual([second?.accepted, second?.failed], [4, 1]);
  assert.ok(first?.p50 !== null && first?.p99 !== null);
});

test('nothing is drawn from before the start, and wide spans have few columns', () => {
  const clock = manualClock();
  const rates = createRates(clock);
  assert.equal(rates.points(HOUR_MS).points.length, 1);
  clock.advance(KEPT_MS * 2);
  const hour = rates.points(HOUR_MS);
  assert.ok(Math.abs(hour.points.length - POINTS_MAX) <= 1);
  const all = rates.points(KEPT_MS);
  assert.equal(all.everyMs, KEPT_MS / POINTS_MAX);
  assert.ok(Math.abs(all.points.length - POINTS_MAX) <= 1);
  assert.ok(all.points.every(({ accepted, p50 }) => accepted === 0 && p50 === null));
});

test('a column that comes round again begins empty', async (t) => {
  const desk = await anOperator(t);
  await desk.account('ann');
  await desk.send('ann');
  desk.later(KEPT_MS);
  await desk.send('ann');
  const { points } = await desk.ask('rates', { spanMs: KEPT_MS });
  const accepted = points.reduce((sum, point) => sum + point.accepted, 0);
  assert.equal(accepted, 1);
});
