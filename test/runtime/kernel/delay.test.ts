/** A sender is told, once, that a message is long under way (RFC 3461 NOTIFY=DELAY, RFC 3464). */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { DELAY_TOLD_AFTER_MS } from '../../../actors/message-manager/progress.js';
import { messageKey } from '../../../schemas/identifier.js';
import { aSubscriber, aSwitch } from '../../acceptance/a-switch.js';

const RETRY_MS = 1_800_000;
const R = { channel: 'a', value: 'r' };

/** A message to a device that is offline; `delay`: what its sender wants to be told. */
async function setUp(t: TestContext, { delay, verified = true }: Record<string, boolean>) {
  const on = await aSwitch(t, ['a'], {
    'policy.a.trials': '99',
    'policy.a.retryMs': `${RETRY_MS}ms`,
    'policy.a.expiryMs': '5d',
  });
  const steps = [{ endpoints: ['a'] }];
  const account = await aSubscriber(on, { name: 'r', address: R, devices: ['a'], steps });
  on.peer('a').script('r-a', 'offline');
  const accepted = await on.kernel.accept({
    sender: { address: { channel: 'a', value: 's' }, verification: { verified, how: 'test' } },
    header: { subject: 'Hello', priority: 'normal', size: 1, reference: '<1@s>' },
    origin: { channel: 'a', peer: 'test', startedAt: on.clock.now() },
    hops: 0,
    recipients: [
      {
        to: { kind: 'subscriber', account: account.id, via: R },
        report: { success: false, failure: true, delay: delay === true },
      },
    ],
    content: { kind: 'bytes', channel: 'a', bytes: Buffer.from('x') },
  });
  assert.ok(accepted.ok);
  accepted.proceed({ answered: true });
  await on.settle();
  const passed = async (ms: number) => {
    for (let i = 0; i < ms; i += RETRY_MS / 2) {
      on.clock.advance(RETRY_MS / 2);
      await on.settle();
    }
  };
  const told = () => on.peer('a').of('s');
  return { key: messageKey(accepted.id, 0), on, passed, told };
}

test('after four hours, once; then the message arrives all the same', async (t) => {
  const { key, on, passed, told } = await setUp(t, { delay: true });
  await passed(DELAY_TOLD_AFTER_MS - RETRY_MS);
  assert.equal(told().length, 0);
  await passed(2 * RETRY_MS);
  assert.deepEqual((await on.read(key)).outbox, [], 'nobody looks at what is done');
  const [report] = told();
  assert.equal(report?.umf.subject, 'Delayed: Hello');
  const [recipient] = report?.umf.report?.recipients ?? [];
  assert.equal(recipient?.action, 'delayed');
  assert.equal(recipient?.status, '4.4.1');
  assert.equal(recipient?.address.address, 'r');
  assert.match(report?.umf.body.text ?? '', /It is still being tried; do nothing\./);
  await passed(2 * DELAY_TOLD_AFTER_MS);
  assert.equal(told().length, 1);
  assert.equal((await on.read(key)).senderTold, 'delayed reported');
  on.peer('a').script('r-a', 'confirm');
  assert.equal((await on.until(key, 'confirmed', RETRY_MS)).closed, true);
  assert.equal(told().length, 1);
});

for (const wish of [{ delay: false }, { delay: true, verified: false }]) {
  test(`nothing is told where it is not wanted or not safe: ${JSON.stringify(wish)}`, async (t) => {
    const { key, on, passed, told } = await setUp(t, wish);
    await passed(2 * DELAY_TOLD_AFTER_MS);
    assert.equal(told().length, 0);
    assert.equal((await on.read(key)).state, 'dispatched.retrying');
    const history = await on.history(key);
    assert.equal(history.filter(({ event }) => event.type === 'DUE').length, 0);
  });
}
