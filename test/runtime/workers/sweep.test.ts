/** The sweep: fair between destinations, whatever one of them does. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Log } from '../../../actors/machinery.js';
import { createMemoryBus } from '../../../runtime/bus/memory.js';
import { createCommitter } from '../../../runtime/kernel/commit.js';
import { firstDocument, headOf } from '../../../runtime/kernel/document.js';
import { begin, walk } from '../../../runtime/kernel/logic.js';
import { createMemoryStore } from '../../../runtime/store/memory.js';
import { LOOK_QUEUE } from '../../../runtime/workers/look.js';
import { createSweep, SWEEP_LIMITS } from '../../../runtime/workers/sweep.js';
import { makeIdentifier, messageKey } from '../../../schemas/identifier.js';
import { manualClock } from '../../harness/manual-clock.js';
import { makeInput, makePlan, toDispatched } from '../../harness/messages.js';

const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };
const DUE_MS = 60_000;

function setUp(t: TestContext) {
  const [clock, store, bus] = [manualClock(), createMemoryStore(), createMemoryBus()];
  const common = { store, clock, worker: 'w' };
  const laneOf = (standing: {
    context: { deliveries: readonly { address: { value: string } }[] };
  }) => standing.context.deliveries[0]?.address.value ?? '';
  const committer = createCommitter({
    ...common,
    retention: { history: 1e9, archive: 1e9 },
    laneOf,
    stepped: () => {},
  });
  const isPaused = () => false;
  const parts = { ...common, bus, log: SILENT, committer, limits: SWEEP_LIMITS };
  const sweep = createSweep({ ...parts, isPaused });
  const looked: string[] = [];
  const work = bus.work(LOOK_QUEUE, { capacity: 9, perLane: 9 }, async ({ key }) => {
    looked.push(key);
  });
  t.after(() => Promise.all([sweep.stop(), work.stop()]));

  /** A message that waits in a lane; the sweep looks at it from DUE_MS on. */
  async function waiting(lane: string): Promise<string> {
    const now = clock.now();
    const key = messageKey(makeIdentifier(now, clock.random(7)), 0);
    const input = makeInput({ key, createdAt: now });
    const from = { standing: begin(input), savedAt: now, worker: 'w' };
    const walked = walk(from, toDispatched(makePlan([[lane]], { policy: { expiryMs: 1e9 } }), now));
    assert.ok(walked);
    const document = firstDocument(input, walked, committer.saving());
    await store.create({
      key,
      value: document,
      head: headOf(document, committer.saving()),
      token: 't',
    });
    return key;
  }

  async function pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 100) {
      clock.advance(100);
      for (let i = 0; i < 3; i += 1) await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return { bus, clock, looked, pass, store, sweep, waiting };
}

test('a lane whose hints pile up keeps the sweep from no other lane', async (t) => {
  const { bus, looked, pass, sweep, waiting } = setUp(t);
  for (let i = 0; i < 300; i += 1) await waiting('stalled');
  sweep.start();
  await pass(DUE_MS + 1_000);
  // The stalled destination takes none of them: its hints stay where they are.
  for (let i = 0; i < 500; i += 1) bus.hint('deliver', { key: `k${i}`, lane: 'stalled' });
  const other = await waiting('other');
  await pass(DUE_MS + 3_000);
  assert.ok(looked.includes(other));
});

test('what may be removed is removed as fast as it comes', async (t) => {
  const { clock, pass, store, sweep } = setUp(t);
  const times = { lookAt: null, dueAt: null, purgeAt: clock.now() };
  const head = { rows: ['old'], ...times, lane: '', closed: true, outboxSize: 0, unique: null };
  for (let i = 0; i < 2_000; i += 1) {
    await store.create({ key: `msg/${i}`, value: {}, head, token: 't' });
  }
  sweep.start();
  await pass(30_000);
  assert.deepEqual(await store.list('old', { limit: 1, order: 'ascending' }), []);
});
