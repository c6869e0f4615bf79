/** What only the memory store promises: crashes that drop what was not flushed. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryStore, type MemoryStore } from '../../../runtime/store/memory.js';
import type { DocumentHead, NewDocument } from '../../../runtime/store/store.js';

const HEAD: DocumentHead = {
  rows: [],
  lookAt: 1,
  dueAt: 1,
  lane: 'lane',
  closed: false,
  outboxSize: 0,
  purgeAt: null,
  unique: null,
};

function newDocument(key: string): NewDocument {
  return { key, value: key, head: HEAD, token: 't' };
}

/** A store that flushes only when told. */
function manual(): { store: MemoryStore; flush: () => void } {
  const waiting: (() => void)[] = [];
  const store = createMemoryStore({ schedule: (flush) => waiting.push(flush) });
  const flush = (): void => {
    for (const run of waiting.splice(0)) run();
  };
  return { store, flush };
}

/** Lets every promise that can settle do so. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('memory store', () => {
  it('shows and acknowledges a change only at the flush', async () => {
    const { store, flush } = manual();
    let acknowledged = false;
    const creating = store.create(newDocument('msg/1')).then(() => {
      acknowledged = true;
    });
    await settle();
    assert.equal(acknowledged, false);
    assert.equal(await store.get('msg/1'), undefined);
    flush();
    await creating;
    assert.equal((await store.get('msg/1'))?.rev, 1);
  });

  it('drops at a crash what was not flushed, and never answers again', async () => {
    const { store, flush } = manual();
    const first = store.create(newDocument('msg/1'));
    flush();
    await first;
    let answers = 0;
    const count = (): void => {
      answers += 1;
    };
    store.create(newDocument('msg/2')).then(count, count);
    const next = store.crash();
    flush();
    store.get('msg/1').then(count, count);
    store.save({ ...newDocument('msg/1'), rev: 1 }).then(count, count);
    flush();
    await settle();
    assert.equal(answers, 0);
    await store.close();
    assert.equal((await next.get('msg/1'))?.rev, 1);
    assert.equal(await next.get('msg/2'), undefined);
  });

  it('may crash after the disk has it and before anybody was told', async () => {
    const { store } = manual();
    let answers = 0;
    const count = (): void => {
      answers += 1;
    };
    store.create(newDocument('msg/1')).then(count, count);
    const next = store.crash('everything pending');
    await settle();
    assert.equal(answers, 0);
    assert.equal((await next.get('msg/1'))?.rev, 1);
  });

  it('fails every change while it is broken', async () => {
    const store = createMemoryStore();
    store.breakWith('the disk is full');
    assert.equal(store.unhealthy(), 'the disk is full');
    await assert.rejects(store.create(newDocument('msg/1')), /the disk is full/);
    store.breakWith(undefined);
    assert.equal((await store.create(newDocument('msg/1'))).ok, true);
    assert.equal(store.unhealthy(), undefined);
  });
});
