/** An operator finds a message by whatever is known of it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FOUND_MAX } from '../../../../runtime/console/operator/search.js';
import { anOperator } from '../an-operator.js';

test('by id, by its ending, by a name, by an address and by words of the subject', async (t) => {
  const desk = await anOperator(t);
  await desk.account('ann');
  const key = await desk.send('ann', 'Server room 31 °C');
  await desk.send('ann', 'Lunch');
  const id = key.slice('msg/'.length).split('.')[0] ?? '';
  const keysFor = async (text: string) =>
    (await desk.ask('search', { text })).items.map((item) => item.key);
  assert.deepEqual(await keysFor(id), [key]);
  assert.deepEqual(await keysFor(id.slice(-7)), [key]);
  assert.deepEqual(await keysFor('server 31'), [key]);
  assert.equal((await keysFor('ann')).length, 2);
  assert.equal((await keysFor('sender')).length, 2);
  assert.deepEqual(await keysFor('nothing like it'), []);
  assert.deepEqual(await keysFor('   '), []);
});

test('words are looked for among the newest; the rest is said, and found by next', async (t) => {
  const desk = await anOperator(t);
  await desk.account('ann');
  const total = FOUND_MAX + 5;
  for (let i = 0; i < total; i += 1) await desk.send('ann', `Report ${i}`);
  const first = await desk.ask('search', { text: 'report' });
  assert.equal(first.items.length, FOUND_MAX);
  assert.equal(first.partial, true);
  assert.equal(first.items[0]?.subject, `Report ${total - 1}`);
  assert.ok(first.next);
  const second = await desk.ask('search', { text: 'report', before: first.next });
  assert.equal(second.items.length, 5);
  assert.equal(second.partial, false);
});
