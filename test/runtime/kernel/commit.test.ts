/** Law 3 at the kernel's step: a decision that loses is dropped, a fact is never. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCommitter, type Held } from '../../../runtime/kernel/commit.js';
import { firstDocument, headOf } from '../../../runtime/kernel/document.js';
import { begin, walk } from '../../../runtime/kernel/logic.js';
import { createMemoryStore } from '../../../runtime/store/memory.js';
import type { MessageEvent } from '../../../schemas/message.js';
import { manualClock } from '../../harness/manual-clock.js';
import { makeInput, makePlan, toDispatched } from '../../harness/messages.js';

const ATTEMPT = '0.1.aa';

async function setUp() {
  const clock = manualClock();
  const store = createMemoryStore();
  const laneOf = () => 'lane';
  const parts = {
    store,
    clock,
    worker: 'w',
    retention: { history: 1e9, archive: 1e9 },
    laneOf,
    stepped: () => {},
  };
  const committer = createCommitter(parts);
  const input = makeInput({ createdAt: clock.now() });
  const now = clock.now();
  const events: MessageEvent[] = [
    ...toDispatched(makePlan([['phone']]), now),
    {
      type: 'SENDING',
      at: now,
      delivery: 0,
      attempt: ATTEMPT,
      phase: 'bytesSent',
      worker: 'w',
    },
  ];
  const walked = walk({ standing: begin(input), savedAt: now, worker: 'w' }, events);
  assert.ok(walked);
  const document = firstDocument(input, walked, committer.saving());
  const head = headOf(document, committer.saving());
  await store.create({ key: input.key, value: document, head, token: 't' });
  const held: Held = { document, rev: 1 };
  return { clock, store, committer, held, key: input.key };
}

function confirmed(at: number): MessageEvent {
  return {
    type: 'OUTCOME',
    at,
    id: `${ATTEMPT}:confirmed`,
    delivery: 0,
    attempt: ATTEMPT,
    outcome: { result: 'confirmed', level: 'delivered', status: '2.0.0', reason: 'taken' },
  };
}

test('an outcome is stored when the store answers again after some seconds', async () => {
  const { clock, store, committer, held, key } = await setUp();
  store.breakWith('the line to the store is cut');
  const observed = committer.observe({ key, held }, confirmed(clock.now()));
  for (let waited = 0; waited < 3_000; waited += 100) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(100);
  }
  store.breakWith(undefined);
  let isOver = false;
  const applied = observed.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(100);
  }
  assert.equal((await applied).ok, true);
  assert.equal((await committer.load(key))?.document.state, 'confirmed');
});

test('an outcome that loses its race is applied to what stands there now', async () => {
  const { clock, committer, held, key } = await setUp();
  const faster = await committer.pushLook(held, clock.now() + 1_000);
  assert.equal(faster.ok, true);
  const applied = await committer.observe({ key, held }, confirmed(clock.now()));
  assert.equal(applied.ok, true);
  assert.equal((await committer.load(key))?.document.state, 'confirmed');
});

test('a decision that loses its race is thrown away', async () => {
  const { clock, committer, held, key } = await setUp();
  await committer.pushLook(held, clock.now() + 1_000);
  const decided = await committer.decide(held, [confirmed(clock.now())]);
  assert.deepEqual(decided, { ok: false, reason: 'lost' });
  assert.equal((await committer.load(key))?.document.state, 'dispatched.waiting');
});

test('a look of the sweep forgets nothing that the next save must write', async () => {
  const { clock, committer, held } = await setUp();
  committer.note(held.document.key, { answered: true });
  const pushed = await committer.pushLook(held, clock.now() + 60_000);
  assert.ok(pushed.ok);
  const saved = await committer.decide(pushed.held, [confirmed(clock.now())]);
  assert.equal(saved.ok && saved.held.document.answered, true);
  assert.deepEqual(committer.noted(held.document.key), {});
});
