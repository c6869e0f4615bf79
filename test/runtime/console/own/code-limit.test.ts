/** How many codes go out: for one address over all accounts, for one account over all addresses. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CodeLimit } from '../../../../runtime/console/own/code-limit.js';
import { manualClock } from '../../../harness/manual-clock.js';

const HOUR_MS = 3_600_000;
const at = (value: string) => ({ channel: 'post', value });

test('an address gets three an hour, whoever asks, and ten a day', () => {
  const clock = manualClock();
  const limit = new CodeLimit(clock);
  for (const who of ['ann', 'bob', 'cid']) assert.equal(limit.take(who, at('x')), 0);
  assert.equal(limit.take('dan', at('x')), HOUR_MS);
  assert.equal(limit.take('dan', at('y')), 0);
  let sent = 3;
  for (let hour = 1; hour < 24; hour += 1) {
    clock.advance(HOUR_MS);
    while (limit.take(`account ${sent}`, at('x')) === 0) sent += 1;
  }
  assert.equal(sent, 10);
  clock.advance(HOUR_MS);
  assert.equal(limit.take('ann', at('x')), 0);
});

test('an account asks for ten an hour, whatever the addresses', () => {
  const clock = manualClock();
  const limit = new CodeLimit(clock);
  for (let n = 0; n < 10; n += 1) assert.equal(limit.take('ann', at(`${n}`)), 0);
  assert.equal(limit.take('ann', at('more')), HOUR_MS);
  assert.equal(limit.take('bob', at('more')), 0);
  clock.advance(HOUR_MS);
  assert.equal(limit.take('ann', at('more')), 0);
});
