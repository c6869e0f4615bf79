/** What only the memory bus promises: a window to the hint, counts, a scheduler of one's own. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryBus } from '../../../runtime/bus/memory.js';

const ROOMY = { capacity: 100, perLane: 100 };

describe('memory bus', () => {
  it('bounds a lane to its share of the window', () => {
    const bus = createMemoryBus({ windowMax: 8 });
    const flood = [1, 2, 3].map((n) => bus.hint('q', { key: `f${n}`, lane: 'flood' }));
    assert.deepEqual(flood, [true, true, false]);
    assert.equal(bus.hint('q', { key: 'o', lane: 'other' }), true);
    assert.equal(bus.hint('another queue', { key: 'f3', lane: 'flood' }), true);
    assert.deepEqual(bus.depth(), { q: 3, 'another queue': 1 });
    assert.equal(bus.counts().dropped, 1);
  });

  it('counts and tells a handler that threw', async () => {
    const told: string[] = [];
    const bus = createMemoryBus({
      onHandlerError: (subject, error) => told.push(`${subject}: ${error}`),
    });
    bus.work('q', ROOMY, () => Promise.reject(new Error('a bug')));
    bus.hint('q', { key: 'a', lane: 'x' });
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(told, ['q: Error: a bug']);
    assert.deepEqual(bus.counts(), { taken: 1, dropped: 0, handlerErrors: 1 });
    await bus.close();
    assert.equal(bus.hint('q', { key: 'b', lane: 'x' }), false);
  });

  it('starts handlers only when its scheduler says so', () => {
    const scheduled: (() => void)[] = [];
    const started: string[] = [];
    const bus = createMemoryBus({ schedule: (run) => scheduled.push(run) });
    bus.work('q', ROOMY, async (hint) => {
      started.push(hint.key);
    });
    bus.hint('q', { key: 'a', lane: 'x' });
    assert.deepEqual(started, []);
    for (const run of scheduled.splice(0)) run();
    assert.deepEqual(started, ['a']);
  });
});
