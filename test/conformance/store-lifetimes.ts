/** The store's suite: blobs, and the end of blobs and documents. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import {
  CLOSED,
  change,
  chunksOf,
  type Env,
  join,
  lots,
  newDocument,
  OPEN,
  UP,
} from './store-fixtures.js';

export function describeBlobs({ store, fresh }: Env): void {
  it('keeps a blob of many chunks, byte for byte', async () => {
    await fresh();
    const bytes = lots(700_000);
    const parts = [bytes.subarray(0, 1), bytes.subarray(1, 300_000), bytes.subarray(300_000)];
    assert.equal(await store().putBlob('blob', chunksOf(...parts), 100), bytes.length);
    assert.ok((await join(store().getBlob('blob'))).equals(bytes));
    assert.equal(await store().putBlob('empty', chunksOf(), 100), 0);
    assert.equal((await join(store().getBlob('empty'))).length, 0);
    await assert.rejects(store().putBlob('blob', chunksOf(bytes), 100), /exists/);
  });

  it('removes a blob that nobody kept, and keeps one that somebody did', async () => {
    await fresh();
    await store().putBlob('orphan', chunksOf(lots(300_000)), 100);
    await store().putBlob('owned', chunksOf(lots(10)), 100);
    await store().keepBlob('owned', 200);
    assert.equal(await store().purge(99, 10), 0);
    assert.equal(await store().purge(100, 10), 1);
    assert.equal(store().getBlob('orphan'), undefined);
    assert.equal((await join(store().getBlob('owned'))).length, 10);
    assert.equal(await store().purge(200, 10), 1);
    assert.equal(store().getBlob('owned'), undefined);
    await assert.rejects(store().keepBlob('owned', 300), /owned/);
  });

  it('never shows a blob whose writing broke off, and purges what is left of it', async () => {
    await fresh();
    async function* breakingOff(): AsyncIterable<Uint8Array> {
      yield lots(300_000);
      throw new Error('the peer hung up');
    }
    await assert.rejects(store().putBlob('half', breakingOff(), 100), /hung up/);
    assert.equal(store().getBlob('half'), undefined);
    await assert.rejects(store().keepBlob('half', 300), /half/);
    assert.equal(await store().purge(100, 10), 1);
    assert.equal(await store().putBlob('half', chunksOf(lots(5)), 100), 5);
  });
}
export function describePurge({ store, fresh, given }: Env): void {
  it('removes closed documents whose time has come, with content and rows', async () => {
    await fresh();
    const head = { ...OPEN, rows: ['r/1'], unique: 'u', purgeAt: 50 };
    const content = Uint8Array.of(1);
    await store().create({ ...newDocument('msg/1', head), content });
    assert.equal(await store().purge(60, 10), 0, 'it is still open');
    await store().save(change('msg/1', 1, { ...CLOSED, rows: ['r/1'], unique: 'u', purgeAt: 50 }));
    assert.equal(await store().purge(49, 10), 0, 'its time has not come');
    assert.equal(await store().purge(50, 10), 1);
    assert.equal(await store().get('msg/1'), undefined);
    assert.equal(await store().getContent('msg/1'), undefined);
    assert.deepEqual(await store().list('r/1', UP), []);
    assert.deepEqual(await store().due(1e15, { rows: 9, perLane: 9 }), []);
    await given(newDocument('msg/2', { unique: 'u' }));
  });

  it('removes the oldest first and no more than asked', async () => {
    await fresh();
    const head = { ...CLOSED, lookAt: null };
    await given(...[3, 1, 2].map((at) => newDocument(`d${at}`, { ...head, purgeAt: at })));
    assert.equal(await store().purge(9, 2), 2);
    assert.deepEqual(await store().list('keys/', UP), ['d3']);
  });

  it('follows a purge time that was moved', async () => {
    await fresh();
    await given(newDocument('d', { ...CLOSED, purgeAt: 10 }));
    await store().save(change('d', 1, { ...CLOSED, purgeAt: 20 }));
    assert.equal(await store().purge(10, 10), 0);
    assert.equal(await store().purge(20, 10), 1);
  });
}
