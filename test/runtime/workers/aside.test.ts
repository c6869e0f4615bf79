/** Large contents are converted on a thread of their own: the same bytes, and bounded. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { email } from '../../../actors/channels/email/index.js';
import { createPractice } from '../../../actors/channels/loopback/practice-channel.js';
import { Aside, type Conversion } from '../../../runtime/workers/aside.js';
import { manualClock } from '../../harness/manual-clock.js';

const MINUTE_MS = 60_000;
const MAIL = Buffer.from(`Subject: Large\r\n\r\n${'words and more words\r\n'.repeat(50_000)}`);
const loopback = createPractice();
const address = { channel: loopback.name, value: 'phone' };

function setUp(t: TestContext) {
  const clock = manualClock();
  const aside = new Aside(clock);
  t.after(() => aside.stop());
  const conversion: Conversion = { from: email.name, bytes: MAIL, uid: 'uid', address };
  return { aside, clock, conversion };
}

test('what is converted aside is what the channels would have made here', async (t) => {
  const { aside, conversion } = setUp(t);
  const here = await loopback.write(await email.read(MAIL, 'uid'), address);
  const [first, second] = await Promise.all([aside.convert(conversion), aside.convert(conversion)]);
  assert.ok(Buffer.from(here).equals(first));
  assert.ok(Buffer.from(here).equals(second));
});

test('what takes too long fails with what waits behind it; the next one does not', async (t) => {
  const { aside, clock, conversion } = setUp(t);
  const slow = aside.convert(conversion);
  const behind = aside.convert(conversion);
  clock.advance(MINUTE_MS);
  await assert.rejects(slow, /could not be converted: it took too long/);
  await assert.rejects(behind, /could not be converted: it took too long/);
  const here = await loopback.write(await email.read(MAIL, 'uid'), address);
  assert.ok(Buffer.from(here).equals(await aside.convert(conversion)));
});

test('a channel that is not in the registry is told by its name', async (t) => {
  const { aside, conversion } = setUp(t);
  await assert.rejects(aside.convert({ ...conversion, from: 'pigeon' }), /is called pigeon/);
});

test('what is read aside is what the channel would have read here', async (t) => {
  const { aside } = setUp(t);
  const umf = await aside.read({ from: email.name, bytes: MAIL, uid: 'uid' });
  assert.deepEqual(umf, await email.read(MAIL, 'uid'));
});
