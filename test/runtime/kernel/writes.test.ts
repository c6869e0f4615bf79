/** The main path's price: what is written and read for one mail in and out, at the store. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Channel } from '../../../actors/channel.js';
import { email } from '../../../actors/channels/email/index.js';
import { MailSink, MailSource } from '../../../actors/channels/email/peer.js';
import { inbox } from '../../../actors/channels/inbox/index.js';
import type { Log } from '../../../actors/machinery.js';
import { createMemoryBus } from '../../../runtime/bus/memory.js';
import { systemClock } from '../../../runtime/clock.js';
import { loadConfig } from '../../../runtime/config.js';
import type { Step } from '../../../runtime/core.js';
import { createMemoryStore } from '../../../runtime/store/memory.js';
import type { Store } from '../../../runtime/store/store.js';
import { startSwitch } from '../../../runtime/switch.js';
import { must } from '../../acceptance/a-switch.js';

const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };
/** DESIGN 1: one recipient, one email delivery, no report. */
const WRITES_MAX = 3;

/** The store, with what happens to messages noted as "method key". */
function counting(store: Store, calls: string[]): Store {
  const note = (method: string, key: string) => {
    if (key.startsWith('msg/')) calls.push(method);
  };
  return {
    ...store,
    create: (document) => {
      note('create', document.key);
      return store.create(document);
    },
    save: (save) => {
      note('save', save.key);
      return store.save(save);
    },
    get: (key) => {
      note('get', key);
      return store.get(key);
    },
  };
}

async function setUp(t: TestContext) {
  const sink = await MailSink.start();
  const channels: Channel<never>[] = [inbox, email];
  const flags = new Map([
    ['email.listen', '127.0.0.1:0'],
    ['email.smartHost', `127.0.0.1:${sink.port}`],
  ]);
  const loaded = loadConfig({ channels, flags, environment: {}, directory: import.meta.dirname });
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.problems.join('\n'));
  const calls: string[] = [];
  const store = counting(createMemoryStore(), calls);
  const [bus, clock] = [createMemoryBus(), systemClock()];
  const steps: Step[] = [];
  const ends: (() => void)[] = [];
  const stepped = (step: Step) => {
    steps.push(step);
    if (step.held.document.closed) for (const end of ends.splice(0)) end();
  };
  const { config } = loaded;
  const running = await startSwitch({ config, clock, store, bus, channels, log: SILENT, stepped });
  t.after(async () => {
    await running.stop();
    await sink.stop();
  });
  const { id } = must(await running.accounts.create({ name: 'r' }));
  const addresses = [{ channel: 'email', value: 'r@example.net' }];
  must(await running.accounts.addDevice(id, { name: 'phone', addresses }));
  const profile = { id: 'p', name: 'P', confirms: 'any', lastResort: 'inbox' } as const;
  must(await running.accounts.putProfile(id, { ...profile, steps: [{ endpoints: ['phone'] }] }));
  must(await running.accounts.setActive(id, { profile: 'p' }));
  const inlet = running.addresses['email'] ?? '';
  const source = await MailSource.connect({ port: Number(inlet.split(':')[1]) });
  const closed = () => new Promise<void>((resolve) => ends.push(resolve));
  return { calls, closed, config, sink, source, steps };
}

test('one mail in and out is three writes and no read of the message', async (t) => {
  const { calls, closed, config, sink, source, steps } = await setUp(t);
  const end = closed();
  const to = [`r@${config.domain}`];
  const bytes = Buffer.from('Subject: Hello\r\n\r\nAnybody there?\r\n');
  await source.send({ from: 's@example.org', to, bytes });
  await end;
  assert.deepEqual(calls, ['create', 'save', 'save']);
  assert.ok(calls.length <= WRITES_MAX);
  assert.equal(sink.messages.length, 1);
  const states = steps.map(({ held }) => held.document.state);
  assert.deepEqual(states, ['dispatched.waiting', 'dispatched.waiting', 'confirmed']);
});
