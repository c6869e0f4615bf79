/** The store's suite: finding documents by index rows and by the time they are due. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { CLOSED, change, DOWN, type Env, newDocument, OPEN, UP } from './store-fixtures.js';

export function describeLists({ store, fresh, given }: Env): void {
  it('lists the keys of a row in both orders, between bounds', async () => {
    await fresh();
    await given(...['k1', 'k2', 'k3', 'k4'].map((key) => newDocument(key, { rows: ['i/v'] })));
    await given(newDocument('k0', { rows: ['i/u'] }), newDocument('k9', { rows: ['i/v2'] }));
    assert.deepEqual(await store().list('i/v', UP), ['k1', 'k2', 'k3', 'k4']);
    assert.deepEqual(await store().list('i/v', DOWN), ['k4', 'k3', 'k2', 'k1']);
    assert.deepEqual(await store().list('i/v', { ...UP, after: 'k1', before: 'k4' }), ['k2', 'k3']);
    assert.deepEqual(await store().list('i/v', { ...DOWN, after: 'k1', before: 'k4' }), [
      'k3',
      'k2',
    ]);
    assert.deepEqual(await store().list('i/v', { ...UP, limit: 1, after: 'k2' }), ['k3']);
    assert.deepEqual(await store().list('i/v', { ...DOWN, limit: 1, before: 'k2' }), ['k1']);
    assert.deepEqual(await store().list('i/none', UP), []);
  });

  it('moves rows with every save', async () => {
    await fresh();
    await given(newDocument('d', { rows: ['a/1', 'b/1'] }));
    await store().save(change('d', 1, { ...OPEN, rows: ['b/1', 'c/1'] }));
    assert.deepEqual(await store().list('a/1', UP), []);
    assert.deepEqual(await store().list('b/1', UP), ['d']);
    assert.deepEqual(await store().list('c/1', UP), ['d']);
  });

  it('lists all keys below a prefix', async () => {
    await fresh();
    await given(...['a/1', 'b/1', 'b/2', 'b/3', 'c'].map((key) => newDocument(key)));
    assert.deepEqual(await store().list('keys/b/', UP), ['b/1', 'b/2', 'b/3']);
    assert.deepEqual(await store().list('keys/b/', { ...DOWN, limit: 2 }), ['b/3', 'b/2']);
    assert.deepEqual(await store().list('keys/b/', { ...UP, after: 'b/1' }), ['b/2', 'b/3']);
    assert.deepEqual(await store().list('keys/b/', { ...DOWN, before: 'b/3' }), ['b/2', 'b/1']);
    assert.deepEqual(await store().list('keys/', { ...UP, limit: 2 }), ['a/1', 'b/1']);
    assert.deepEqual(await store().list('keys/', { ...DOWN, limit: 2 }), ['c', 'b/3']);
  });
}
export function describeDue({ store, fresh, given }: Env): void {
  it('gives due rows oldest first, across lanes', async () => {
    await fresh();
    await given(
      newDocument('c', { lane: 'x', lookAt: 30, dueAt: 3 }),
      newDocument('a', { lane: 'x', lookAt: 10, dueAt: null }),
      newDocument('b', { lane: '', lookAt: 20, dueAt: 2 }),
      newDocument('d', { lane: 'y', lookAt: 31, dueAt: 31 }),
    );
    assert.deepEqual(await store().due(30, { rows: 10, perLane: 10 }), [
      { key: 'a', lookAt: 10, dueAt: null, lane: 'x' },
      { key: 'b', lookAt: 20, dueAt: 2, lane: '' },
      { key: 'c', lookAt: 30, dueAt: 3, lane: 'x' },
    ]);
    assert.deepEqual(await store().due(9, { rows: 10, perLane: 10 }), []);
  });

  it('is fair: a long lane does not hide a short one', async () => {
    await fresh();
    const long = Array.from({ length: 200 }, (_, n) =>
      newDocument(`long${1000 + n}`, { lane: 'long', lookAt: n }),
    );
    await given(...long, newDocument('short', { lane: 'short', lookAt: 500 }));
    const keysOf = async (rows: number, perLane: number): Promise<string[]> =>
      (await store().due(1000, { rows, perLane })).map((row) => row.key);
    assert.deepEqual(await keysOf(10, 2), ['long1000', 'long1001', 'short']);
    assert.deepEqual(await keysOf(2, 100), ['long1000', 'long1001']);
    const hundred = await keysOf(101, 100);
    assert.deepEqual([hundred.length, hundred[99], hundred[100]], [101, 'long1099', 'short']);
  });

  it('follows the times and lanes of later saves', async () => {
    await fresh();
    await given(newDocument('a', { lookAt: 10 }), newDocument('b', { lookAt: 20 }));
    await store().save(change('a', 1, { ...OPEN, lookAt: 40, lane: 'other' }));
    const all = { rows: 10, perLane: 10 };
    const keys = async (now: number): Promise<string[]> =>
      (await store().due(now, all)).map((row) => `${row.lane} ${row.key}`);
    assert.deepEqual(await keys(30), ['lane b']);
    assert.deepEqual(await keys(40), ['lane b', 'other a']);
    await store().save(change('b', 1, CLOSED));
    assert.deepEqual(await keys(40), ['other a']);
    await store().save(change('a', 2, { ...OPEN, lookAt: 5, lane: 'other' }));
    assert.deepEqual(await keys(5), ['other a']);
  });
}
