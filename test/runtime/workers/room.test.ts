/** Room for the content of large messages: bounded, fair between destinations. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LARGE_BYTES, ROOM_BYTES, Room } from '../../../runtime/workers/room.js';

const QUARTER = ROOM_BYTES / 4;

/** Takes room; what was entered so far is in `entered`. */
function taker(room: Room) {
  const entered: string[] = [];
  const leave = new Map<string, () => void>();
  const take = (name: string, lane: string, bytes: number): void => {
    room.take(lane, bytes).then((done) => {
      entered.push(name);
      leave.set(name, done);
    });
  };
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
  return { entered, leave, settled, take };
}

test('small messages never wait; large ones wait for room', async () => {
  const { entered, leave, settled, take } = taker(new Room());
  for (const lane of ['a', 'b', 'c', 'd', 'e']) take(lane, lane, QUARTER);
  for (let i = 0; i < 1000; i += 1) take('small', 'a', LARGE_BYTES);
  await settled();
  assert.equal(entered.filter((name) => name === 'small').length, 1000);
  const large = () => entered.filter((name) => name !== 'small');
  assert.deepEqual(large(), ['a', 'b', 'c', 'd']);
  leave.get('b')?.();
  await settled();
  assert.deepEqual(large(), ['a', 'b', 'c', 'd', 'e']);
});

test('one destination has half at most: others pass those that wait for it', async () => {
  const { entered, leave, settled, take } = taker(new Room());
  for (const name of ['a1', 'a2', 'a3', 'a4']) take(name, 'a', QUARTER);
  take('b', 'b', QUARTER);
  await settled();
  assert.deepEqual(entered, ['a1', 'a2', 'b']);
  leave.get('a1')?.();
  await settled();
  assert.deepEqual(entered, ['a1', 'a2', 'b', 'a3']);
});

test('a message larger than the room goes alone, and is not overtaken for ever', async () => {
  const { entered, leave, settled, take } = taker(new Room());
  take('a', 'a', QUARTER);
  take('huge', 'b', 2 * ROOM_BYTES);
  take('c', 'c', QUARTER);
  await settled();
  assert.deepEqual(entered, ['a']);
  leave.get('a')?.();
  await settled();
  assert.deepEqual(entered, ['a', 'huge']);
  leave.get('huge')?.();
  await settled();
  assert.deepEqual(entered, ['a', 'huge', 'c']);
});
