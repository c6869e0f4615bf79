/** Acceptance: the same input twice is one message (law 13), and only as long as it must be. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { SAME_WITHIN_MS } from '../../../runtime/kernel/accept.js';
import { MACHINE_VERSION } from '../../../runtime/kernel/logic.js';
import { createMemoryStore } from '../../../runtime/store/memory.js';
import type { Store, StoredDocument } from '../../../runtime/store/store.js';
import type { Submission } from '../../../schemas/submission.js';
import { aSwitch, must } from '../../acceptance/a-switch.js';

const R = { channel: 'a', value: 'r' };

async function setUp(t: TestContext, store?: Store) {
  const on = await aSwitch(t, ['a'], {}, store);
  const { id } = must(await on.accounts.create({ name: 'r', addresses: [R] }));
  const submission: Submission = {
    sender: { verification: { verified: true, how: 'test' } },
    header: { priority: 'normal', size: 2 },
    origin: { channel: 'a', peer: 'test', startedAt: on.clock.now() },
    hops: 0,
    recipients: [
      {
        to: { kind: 'subscriber', account: id, via: R },
        report: { success: false, failure: false, delay: false },
      },
    ],
    content: { kind: 'bytes', channel: 'a', bytes: Buffer.from('hi') },
    unique: { hash: 'the same', lasts: 'untilAnswered' },
  };
  async function accept(answered: boolean) {
    const accepted = await on.kernel.accept(submission);
    assert.ok(accepted.ok, accepted.ok ? '' : accepted.message);
    accepted.proceed({ answered });
    await on.settle();
    return accepted;
  }
  return { on, accept };
}

test('what was not answered and comes again has the old id, for fifteen minutes', async (t) => {
  const { on, accept } = await setUp(t);
  const first = await accept(false);
  on.clock.advance(SAME_WITHIN_MS - 1);
  const again = await accept(false);
  assert.deepEqual([again.id, again.again], [first.id, true]);
  on.clock.advance(2);
  const later = await accept(false);
  assert.notEqual(later.id, first.id);
  assert.equal(later.again, false);
});

test('what was answered and comes again is another message', async (t) => {
  const { accept } = await setUp(t);
  const first = await accept(true);
  const second = await accept(true);
  assert.notEqual(second.id, first.id);
});

test('a claim that only a newer worker could give up stops no mail', async (t) => {
  const real = createMemoryStore();
  t.after(() => real.close());
  const newer = (stored: StoredDocument | undefined): StoredDocument | undefined => {
    if (stored === undefined || !stored.key.startsWith('msg/')) return stored;
    const machineVersion = MACHINE_VERSION + 1;
    return { ...stored, value: Object.assign({}, stored.value, { machineVersion }) };
  };
  const store = { ...real, get: async (key: string) => newer(await real.get(key)) };
  const { on, accept } = await setUp(t, store);
  const first = await accept(false);
  on.clock.advance(SAME_WITHIN_MS + 1);
  const second = await accept(false);
  assert.notEqual(second.id, first.id);
});
