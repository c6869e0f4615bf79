/** The formatted copy of each attempt is kept (E4): small in the message, large beside it. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createMemoryStore } from '../../../runtime/store/memory.js';
import type { FormattedCopy } from '../../../schemas/delivery.js';
import { aSubscriber, aSwitch } from '../../acceptance/a-switch.js';

const SMALL = 'Hello';
const LARGE = 'x'.repeat(100_000);

async function copyOf(t: TestContext, subject: string) {
  const store = createMemoryStore();
  const on = await aSwitch(t, ['a'], {}, store);
  const address = { channel: 'a', value: 'r' };
  const steps = [{ endpoints: ['a'] }];
  await aSubscriber(on, { name: 'r', address, devices: ['a'], steps });
  const key = await on.send('r', { subject });
  await on.until(key, 'confirmed');
  const sent = (await on.history(key)).find(({ event }) => event.type === 'SENDING');
  assert.ok(sent?.event.type === 'SENDING');
  const copy: FormattedCopy | undefined = sent.event.copy;
  const [received] = on.peer('a').received;
  assert.ok(received !== undefined && copy?.body !== undefined);
  return { body: copy.body, received: Buffer.from(received.bytes), store };
}

test('a small copy stands in the message', async (t) => {
  const { body, received } = await copyOf(t, SMALL);
  assert.ok('bytes' in body && received.equals(body.bytes));
});

test('a large copy is a blob, flushed before the attempt is recorded', async (t) => {
  const { body, received, store } = await copyOf(t, LARGE);
  assert.ok('blob' in body, 'it stands in the document, which is written again at every step');
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.getBlob(body.blob) ?? []) chunks.push(chunk);
  assert.ok(received.equals(Buffer.concat(chunks)));
});
