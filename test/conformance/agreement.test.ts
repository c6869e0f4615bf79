/** Every store answers any sequence of operations as the first of the registry does. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import type { DocumentHead, Store } from '../../runtime/store/store.js';
import { STORES } from './stores.js';

const RUNS = 40;
const OPERATIONS_MAX = 60;

const time = fc.integer({ min: 0, max: 20 });
const key = fc.constantFrom('msg/1', 'msg/1.0', 'msg/2', 'other', 'x/ü', '0012');
const head: fc.Arbitrary<DocumentHead> = fc.record({
  rows: fc.uniqueArray(fc.constantFrom('a/1', 'a/2', 'b/')),
  lookAt: time,
  dueAt: fc.oneof(time, fc.constant(3)),
  lane: fc.constantFrom('', 'lane', 'lane2', 'z'),
  closed: fc.boolean(),
  outboxSize: fc.constant(0),
  purgeAt: fc.option(time),
  unique: fc.option(fc.constantFrom('u', 'v')),
});
const limit = fc.integer({ min: 1, max: 5 });
const range = fc.record(
  { after: key, before: key, limit, order: fc.constantFrom('ascending', 'descending') },
  { requiredKeys: ['limit', 'order'] },
);
const index = fc.constantFrom('a/1', 'a/2', 'b/', 'keys/', 'keys/msg/', 'keys/msg/1');

type Step = (store: Store) => Promise<unknown>;

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(key, head, fc.jsonValue()).map(
    ([name, ofHead, value]): Step =>
      (store) =>
        store.create({ key: name, value, head: ofHead, token: 't' }),
  ),
  fc.tuple(key, fc.integer({ min: 1, max: 4 }), head, fc.jsonValue()).map(
    ([name, rev, ofHead, value]): Step =>
      (store) =>
        store.save({ key: name, rev, value, head: ofHead, token: 's' }),
  ),
  fc.tuple(time, limit, limit).map(
    ([now, rows, perLane]): Step =>
      (store) =>
        store.due(now, { rows, perLane }),
  ),
  fc.tuple(index, range).map(
    ([row, within]): Step =>
      (store) =>
        store.list(row, within),
  ),
  key.map(
    (name): Step =>
      (store) =>
        store.get(name),
  ),
  time.map(
    (now): Step =>
      (store) =>
        store.purge(now, 100),
  ),
);

async function answers(store: Store, steps: readonly Step[]): Promise<unknown[]> {
  const told: unknown[] = [];
  for (const one of steps) {
    told.push(await one(store).catch((error: unknown) => String(error)));
  }
  return told;
}

it('stores agree', async () => {
  const [model, ...others] = STORES;
  assert.ok(model && others.length > 0);
  const sequence = fc.array(step, { maxLength: OPERATIONS_MAX, size: 'max' });
  await fc.assert(
    fc.asyncProperty(sequence, async (steps) => {
      const expected = await model.open();
      const told = await answers(expected.store, steps);
      await expected.dispose();
      for (const adapter of others) {
        const opened = await adapter.open();
        const actual = await answers(opened.store, steps);
        await opened.dispose();
        assert.deepEqual(actual, told, adapter.name);
      }
    }),
    { numRuns: RUNS },
  );
});
