/** What every store must do (laws 1, 3, 9, 13): one suite over all adapters. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { NewDocument, Store } from '../../runtime/store/store.js';
import {
  CLOSED,
  change,
  chunksOf,
  type Env,
  join,
  lots,
  newDocument,
  ODD_VALUE,
  OPEN,
  UP,
} from './store-fixtures.js';
import { describeBlobs, describePurge } from './store-lifetimes.js';
import { describeDue, describeLists } from './store-queries.js';
import type { OpenedStore, StoreAdapter } from './stores.js';

export function describeStore(adapter: StoreAdapter): void {
  describe(`store: ${adapter.name}`, () => {
    let opened: OpenedStore;
    let store: Store;
    const renew = async (next: Promise<OpenedStore>): Promise<void> => {
      opened = await next;
      store = opened.store;
    };
    before(() => renew(adapter.open()));
    after(() => opened.dispose());
    const fresh = async (): Promise<void> => {
      await opened.dispose();
      await renew(adapter.open());
    };
    const given = async (...documents: NewDocument[]): Promise<void> => {
      for (const created of await Promise.all(documents.map((one) => store.create(one)))) {
        assert.deepEqual(created, { ok: true, rev: 1 });
      }
    };
    const env = { store: () => store, fresh, given, reopen: () => renew(opened.reopen()) };
    describeCreation(env);
    describeSaving(env);
    describeConcurrency(env);
    describeLists(env);
    describeDue(env);
    describeBlobs(env);
    describePurge(env);
    describeRefusals(env);
  });
}

function describeCreation({ store, fresh }: Env): void {
  it('gives back what was created, with its content', async () => {
    await fresh();
    const head = { ...OPEN, rows: ['a/1', 'b/2'], unique: 'u', purgeAt: 5 };
    const content = lots(2048);
    const created = await store().create({
      ...newDocument('msg/1', head, ODD_VALUE),
      content,
    });
    assert.deepEqual(created, { ok: true, rev: 1 });
    const read = await store().get('msg/1');
    assert.deepStrictEqual(read, {
      key: 'msg/1',
      rev: 1,
      token: 'token of msg/1',
      head,
      value: ODD_VALUE,
    });
    assert.deepStrictEqual(await store().getContent('msg/1'), content);
  });

  it('knows nothing of keys that were never created', async () => {
    await fresh();
    assert.equal(await store().get('msg/none'), undefined);
    assert.equal(await store().getContent('msg/none'), undefined);
    assert.equal(store().getBlob('none'), undefined);
    assert.deepEqual(await store().save(change('msg/none', 1, OPEN)), {
      ok: false,
      reason: 'lost',
    });
  });

  it('shares no memory with its callers', async () => {
    await fresh();
    const value = { list: [1], bytes: Uint8Array.of(1) };
    const content = Uint8Array.of(1);
    const creating = store().create({ ...newDocument('d', {}, value), content });
    value.list.push(2);
    value.bytes[0] = 9;
    content[0] = 9;
    await creating;
    const expected = { list: [1], bytes: Uint8Array.of(1) };
    const read = await store().get('d');
    assert.deepEqual(read?.value, expected);
    (await store().getContent('d'))?.fill(7);
    assert.deepEqual((await store().get('d'))?.value, expected);
    assert.deepEqual(await store().getContent('d'), Uint8Array.of(1));
  });
}

function describeSaving({ store, fresh, given, reopen }: Env): void {
  it('says what stands there when the key or the unique value exists', async () => {
    await fresh();
    await given(newDocument('first', { unique: 'u' }));
    await store().save(change('first', 1, { ...OPEN, unique: 'u' }));
    const standing = { ok: false, reason: 'exists', key: 'first', rev: 2, token: 'token 1' };
    assert.deepEqual(await store().create(newDocument('first')), standing);
    assert.deepEqual(await store().create(newDocument('second', { unique: 'u' })), standing);
    assert.equal(await store().get('second'), undefined);
  });

  it('frees a unique value when its holder gives it up', async () => {
    await fresh();
    await given(newDocument('first', { unique: 'u' }));
    await store().save(change('first', 1, OPEN));
    await given(newDocument('second', { unique: 'u' }));
    await assert.rejects(store().save(change('first', 2, { ...OPEN, unique: 'u' })), /second/);
    assert.equal((await store().get('first'))?.rev, 2);
  });

  it('saves by compare-and-set', async () => {
    await fresh();
    await given(newDocument('d'));
    assert.deepEqual(await store().save(change('d', 1, OPEN, 'new')), { ok: true, rev: 2 });
    const late = await store().save(change('d', 1, { ...OPEN, rows: ['late/1'] }, 'late'));
    assert.deepEqual(late, { ok: false, reason: 'lost' });
    const read = await store().get('d');
    assert.deepEqual([read?.rev, read?.token, read?.value], [2, 'token 1', 'new']);
    assert.deepEqual(await store().list('late/1', UP), []);
  });

  it('has everything after it is opened again', async () => {
    await fresh();
    const content = Uint8Array.of(1, 2);
    await store().create({ ...newDocument('d', { rows: ['r/1'], unique: 'u' }, 'v'), content });
    await store().putBlob('b', chunksOf(Uint8Array.of(3)), 10);
    await reopen();
    assert.equal((await store().get('d'))?.value, 'v');
    assert.deepEqual(await store().getContent('d'), content);
    assert.deepEqual(await store().list('r/1', UP), ['d']);
    assert.equal((await store().due(1000, { rows: 9, perLane: 9 })).length, 1);
    assert.equal((await store().create(newDocument('e', { unique: 'u' }))).ok, false);
    assert.deepEqual(await join(store().getBlob('b')), Buffer.of(3));
  });
}
function describeConcurrency({ store, fresh, given }: Env): void {
  it('lets exactly one of many concurrent saves of a revision win', async () => {
    await fresh();
    await given(newDocument('d'));
    const saves = Array.from({ length: 20 }, (_, n) => store().save(change('d', 1, OPEN, n)));
    const results = await Promise.all(saves);
    const winners = results.flatMap((saved, n) => (saved.ok ? [n] : []));
    assert.equal(winners.length, 1);
    const read = await store().get('d');
    assert.deepEqual([read?.rev, read?.value], [2, winners[0]]);
  });

  it('lets exactly one of many concurrent creations win, by key and by unique value', async () => {
    await fresh();
    const ofKey = await Promise.all([1, 2, 3].map((n) => store().create(newDocument('d', {}, n))));
    assert.deepEqual(ofKey.map((one) => one.ok).sort(), [false, false, true]);
    const keys = ['u1', 'u2', 'u3'];
    const ofUnique = await Promise.all(
      keys.map((key) => store().create(newDocument(key, { unique: 'same' }))),
    );
    assert.deepEqual(ofUnique.map((one) => one.ok).sort(), [false, false, true]);
    const winner = keys[ofUnique.findIndex((one) => one.ok)];
    for (const one of ofUnique) if (!one.ok) assert.equal(one.key, winner);
  });

  it('keeps chains of dependent saves apart', async () => {
    await fresh();
    const keys = Array.from({ length: 30 }, (_, n) => `d${n}`);
    await Promise.all(
      keys.map(async (key) => {
        await store().create(newDocument(key));
        for (let rev = 1; rev <= 5; rev += 1) {
          const saved = await store().save(change(key, rev, { ...OPEN, rows: [`rev/${rev}`] }));
          assert.deepEqual(saved, { ok: true, rev: rev + 1 });
        }
      }),
    );
    assert.deepEqual(await store().list('rev/5', UP), [...keys].sort());
    assert.deepEqual(await store().list('rev/4', UP), []);
  });
}
function describeRefusals({ store, fresh, given }: Env): void {
  const unlawful: readonly [string, NewDocument][] = [
    ['an open message without lookAt', newDocument('msg/1', { lookAt: null })],
    ['an open message without dueAt', newDocument('msg/1', { dueAt: null })],
    ['an open machine document without lookAt', newDocument('other/1', { lookAt: null })],
    ['a closed document with an outbox', newDocument('msg/1', { ...CLOSED, outboxSize: 1 })],
    ['a time that is none', newDocument('msg/1', { lookAt: Number.NaN })],
    ['an empty key', newDocument('')],
    ['a row that is too long', newDocument('msg/1', { rows: ['x'.repeat(1000)] })],
  ];
  for (const [what, document] of unlawful) {
    it(`refuses ${what}, writing nothing`, async () => {
      await fresh();
      await assert.rejects(store().create(document), /refuses/);
      assert.deepEqual(await store().list('keys/', UP), []);
      await given(newDocument('msg/1'));
      await assert.rejects(store().save({ ...document, rev: 1 }), /refuses/);
      assert.equal((await store().get('msg/1'))?.rev, 1);
    });
  }

  it('says how it is', async () => {
    await fresh();
    assert.equal(store().unhealthy(), undefined);
    const { freeBytes, totalBytes, water } = store().space();
    assert.ok(freeBytes > 0 && freeBytes <= totalBytes);
    assert.ok(['normal', 'low', 'lower'].includes(water));
  });
}
