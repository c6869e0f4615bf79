/** What every bus must do (law 2): one suite over all adapters. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Bus, Hint } from '../../runtime/bus/bus.js';
import type { BusAdapter } from './buses.js';

const WINDOW = 40;
const ONE_BY_ONE = { capacity: 1, perLane: 1 };
const ROOMY = { capacity: 100, perLane: 100 };

/** A handler that notes what it got, and holds each hint until it is let go. */
interface Holding {
  readonly started: Hint[];
  readonly handler: (hint: Hint) => Promise<void>;
  /** Resolves when so many have started. */
  reached(count: number): Promise<void>;
  letGo(key: string): void;
  letAllGo(): void;
}

function holding(): Holding {
  const started: Hint[] = [];
  const held = new Map<string, () => void>();
  const watchers: { count: number; resolve: () => void }[] = [];
  const letGo = (key: string): void => {
    const release = held.get(key);
    assert.ok(release, `${key} is held`);
    held.delete(key);
    release();
  };
  return {
    started,
    handler: (hint) =>
      new Promise((resolve) => {
        started.push(hint);
        held.set(hint.key, resolve);
        for (const watcher of watchers) if (started.length >= watcher.count) watcher.resolve();
      }),
    reached: (count) =>
      new Promise((resolve) => {
        if (started.length >= count) resolve();
        else watchers.push({ count, resolve });
      }),
    letGo,
    letAllGo() {
      for (const key of [...held.keys()]) letGo(key);
    },
  };
}

export function describeBus(adapter: BusAdapter): void {
  describe(`bus: ${adapter.name}`, () => {
    let bus: Bus;
    beforeEach(async () => {
      bus = await adapter.open({ windowMax: WINDOW });
    });
    afterEach(() => bus.close());
    describeHints(() => bus);
    describeWorkers(() => bus);
    describeWindow(() => bus);
    describeSubjects(() => bus);
  });
}

function describeHints(bus: () => Bus): void {
  it('brings a hint with its copy to its worker, before or after that came', async () => {
    const { handler, reached, started, letAllGo } = holding();
    assert.equal(bus().hint('route', { key: 'a', lane: 'x', copy: { rev: 1 } }), true);
    bus().hint('deliver', { key: 'other', lane: 'x' });
    bus().work('route', ROOMY, handler);
    bus().hint('route', { key: 'b', lane: 'x' });
    await reached(2);
    assert.deepEqual(started, [
      { key: 'a', lane: 'x', copy: { rev: 1 } },
      { key: 'b', lane: 'x' },
    ]);
    letAllGo();
  });

  it('runs at most capacity at once', async () => {
    const { handler, reached, started, letGo, letAllGo } = holding();
    bus().work('q', { capacity: 2, perLane: 2 }, handler);
    for (const key of ['a', 'b', 'c']) bus().hint('q', { key, lane: key });
    await reached(2);
    assert.deepEqual(bus().depth()['q'], 1);
    assert.equal(started.length, 2);
    letGo('a');
    await reached(3);
    letAllGo();
  });

  it('takes lanes in turn', async () => {
    const { handler, reached, started, letGo } = holding();
    for (const key of ['a1', 'a2', 'a3']) bus().hint('q', { key, lane: 'a' });
    for (const key of ['b1', 'b2']) bus().hint('q', { key, lane: 'b' });
    bus().work('q', ONE_BY_ONE, handler);
    for (let count = 1; count <= 5; count += 1) {
      await reached(count);
      letGo(started[count - 1]?.key ?? '');
    }
    assert.deepEqual(
      started.map((hint) => hint.key),
      ['a1', 'b1', 'a2', 'b2', 'a3'],
    );
  });

  it('is not blocked by a stalled lane', async () => {
    const stalled = holding();
    const others = holding();
    bus().work('q', { capacity: 10, perLane: 2 }, (hint) =>
      hint.lane === 'stalled' ? stalled.handler(hint) : others.handler(hint),
    );
    for (const key of ['s1', 's2', 's3', 's4']) bus().hint('q', { key, lane: 'stalled' });
    await stalled.reached(2);
    for (const key of ['o1', 'o2', 'o3', 'o4']) bus().hint('q', { key, lane: 'other' });
    await others.reached(2);
    others.letAllGo();
    await others.reached(4);
    others.letAllGo();
    assert.equal(stalled.started.length, 2);
    stalled.letAllGo();
    await stalled.reached(4);
    stalled.letAllGo();
  });
}

function describeWorkers(bus: () => Bus): void {
  it('goes on after a handler rejected', async () => {
    const { handler, reached, letAllGo } = holding();
    bus().work('q', ONE_BY_ONE, (hint) =>
      hint.key === 'bad' ? Promise.reject(new Error('a bug')) : handler(hint),
    );
    bus().hint('q', { key: 'bad', lane: 'x' });
    bus().hint('q', { key: 'good', lane: 'x' });
    await reached(1);
    letAllGo();
  });

  it('stops taking, and waits for what runs', async () => {
    const { handler, reached, started, letGo } = holding();
    const work = bus().work('q', ONE_BY_ONE, handler);
    bus().hint('q', { key: 'a', lane: 'x' });
    bus().hint('q', { key: 'b', lane: 'x' });
    await reached(1);
    let stopped = false;
    const stopping = work.stop().then(() => {
      stopped = true;
    });
    assert.equal(stopped, false);
    letGo('a');
    await stopping;
    assert.deepEqual(
      started.map((hint) => hint.key),
      ['a'],
    );
    assert.equal(bus().depth()['q'], 1);
  });
}

function describeWindow(bus: () => Bus): void {
  it('drops what does not fit, and takes again when there is room', async () => {
    const accepted = Array.from({ length: 2 * WINDOW }, (_, n) =>
      bus().hint('q', { key: `k${n}`, lane: `lane ${n}` }),
    );
    assert.equal(accepted.filter(Boolean).length, WINDOW);
    assert.equal(accepted.lastIndexOf(true), WINDOW - 1);
    const { handler, reached, letAllGo } = holding();
    bus().work('q', ROOMY, handler);
    await reached(WINDOW);
    assert.equal(bus().hint('q', { key: 'later', lane: 'x' }), true);
    await reached(WINDOW + 1);
    letAllGo();
  });

  it('gives no lane the whole window', () => {
    for (let n = 0; n < 2 * WINDOW; n += 1) bus().hint('q', { key: `k${n}`, lane: 'flood' });
    assert.equal(bus().hint('q', { key: 'other', lane: 'other' }), true);
  });

  it('lets a key wait once, with its newest copy, and again while it runs', async () => {
    assert.equal(bus().hint('q', { key: 'a', lane: 'x', copy: 1 }), true);
    assert.equal(bus().hint('q', { key: 'a', lane: 'x', copy: 2 }), true);
    assert.equal(bus().depth()['q'], 1);
    const { handler, reached, started, letGo } = holding();
    bus().work('q', ONE_BY_ONE, handler);
    await reached(1);
    assert.equal(started[0]?.copy, 2);
    assert.equal(bus().hint('q', { key: 'a', lane: 'x', copy: 3 }), true);
    letGo('a');
    await reached(2);
    letGo('a');
  });
}

function describeSubjects(bus: () => Bus): void {
  it('broadcasts to every subscriber that has not stopped', async () => {
    const got: string[] = [];
    const first = bus().subscribe('changed', (payload) => got.push(`first ${payload}`));
    const twice = new Promise<void>((resolve) => {
      bus().subscribe('changed', (payload) => {
        got.push(`second ${payload}`);
        if (payload === 2) resolve();
      });
    });
    bus().subscribe('another', (payload) => got.push(`another ${payload}`));
    const one = new Promise<void>((resolve) => bus().subscribe('changed', () => resolve()));
    bus().broadcast('changed', 1);
    await one;
    await first.stop();
    bus().broadcast('changed', 2);
    await twice;
    assert.deepEqual(got, ['first 1', 'second 1', 'second 2']);
  });
}
