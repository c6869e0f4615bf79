/** How long messages are kept: by who reads them, never shorter than their content is needed. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Channel } from '../../../actors/channel.js';
import { inbox } from '../../../actors/channels/inbox/index.js';
import { createLoopback } from '../../../actors/channels/loopback/index.js';
import { LoopbackPeer } from '../../../actors/channels/loopback/peer.js';
import type { Log } from '../../../actors/machinery.js';
import { createMemoryBus } from '../../../runtime/bus/memory.js';
import { loadConfig } from '../../../runtime/config.js';
import { createMemoryStore } from '../../../runtime/store/memory.js';
import { startSwitch } from '../../../runtime/switch.js';
import type { Recipient } from '../../../schemas/address.js';
import { messageKey } from '../../../schemas/identifier.js';
import type { Submission } from '../../../schemas/submission.js';
import { must } from '../../acceptance/a-switch.js';
import { manualClock } from '../../harness/manual-clock.js';

const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const HISTORY_DAYS = 10;
const ARCHIVE_DAYS = 30;
const BYTES = Buffer.from('What the message says.');
const OUTSIDE: Recipient = { kind: 'outside', via: { channel: 'a', value: 'somebody' } };
const NO_REPORT = { success: false, failure: false, delay: false };

/** A switch with the subscriber `r`, who reads the inbox. */
async function setUp(t: TestContext) {
  const clock = manualClock();
  const peer = new LoopbackPeer();
  const channels: Channel<never>[] = [createLoopback('a', peer), inbox];
  const flags = new Map([
    ['retention.history', `${HISTORY_DAYS}d`],
    ['retention.archive', `${ARCHIVE_DAYS}d`],
  ]);
  const loaded = loadConfig({ channels, flags, environment: {}, directory: import.meta.dirname });
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.problems.join('\n'));
  const [store, bus] = [createMemoryStore(), createMemoryBus()];
  const { config } = loaded;
  const on = await startSwitch({ config, clock, store, bus, channels, log: SILENT });
  t.after(async () => {
    await on.stop();
    await bus.close();
    await store.close();
  });
  const settle = async () => {
    for (let i = 0; i < 6; i += 1) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      await on.kernel.idle();
    }
  };
  const { id } = must(await on.accounts.create({ name: 'r' }));
  const via = { channel: 'inbox', value: id };
  const r: Recipient = { kind: 'subscriber', account: id, via };

  /** Accepts a message to all of these. */
  async function send(to: readonly Recipient[], more: Partial<Submission> = {}) {
    const accepted = await on.kernel.accept({
      sender: { verification: { verified: false, how: 'test' } },
      header: { subject: 'Hello', priority: 'normal', size: BYTES.length },
      origin: { channel: 'a', peer: 'test', startedAt: clock.now() },
      hops: 0,
      recipients: to.map((one) => ({ to: one, report: NO_REPORT })),
      content: { kind: 'bytes', channel: 'a', bytes: BYTES },
      ...more,
    });
    assert.ok(accepted.ok);
    accepted.proceed({ answered: true });
    await settle();
    return accepted.id;
  }

  async function passDays(days: number) {
    for (let i = 0; i < days * 4; i += 1) {
      clock.advance(6 * HOUR);
      await settle();
    }
  }

  const isThere = async (name: string, n = 0) =>
    (await on.kernel.read(messageKey(name, n))) !== undefined;
  return { clock, id, isThere, on, passDays, r, send, settle, store };
}

test('what went outside is kept as history, a subscriber’s message as archive', async (t) => {
  const { isThere, passDays, r, send } = await setUp(t);
  const [outside, inside, both] = [
    await send([OUTSIDE]),
    await send([r]),
    await send([OUTSIDE, r]),
  ];
  await passDays(HISTORY_DAYS + 1);
  assert.equal(await isThere(outside), false);
  assert.equal(await isThere(inside), true);
  assert.equal(await isThere(both, 0), true, 'the content of the other one lies with it');
  assert.equal(await isThere(both, 1), true);
  await passDays(ARCHIVE_DAYS - HISTORY_DAYS);
  assert.equal(await isThere(inside), false);
  assert.equal(await isThere(both, 0), false);
  assert.equal(await isThere(both, 1), false);
});

test('a report of the switch itself is history in an inbox, too', async (t) => {
  const { isThere, passDays, r, send } = await setUp(t);
  const own = await send([r], {
    sender: { verification: { verified: true, how: 'this switch' } },
    origin: { channel: 'a', peer: 'this switch', startedAt: 0 },
    header: { subject: 'Dead message', priority: 'normal', size: 1, automatic: true },
  });
  await passDays(HISTORY_DAYS + 1);
  assert.equal(await isThere(own), false);
});

for (const kind of ['own', 'blob'] as const) {
  test(`content that a held message needs outlives all retention (${kind})`, async (t) => {
    const { clock, id, isThere, on, passDays, r, send, store } = await setUp(t);
    const until = clock.now() + (ARCHIVE_DAYS + 20) * DAY;
    must(await on.accounts.setQuiet(id, { until, exceptions: [] }));
    const key = 'blob/x';
    const chunks = (async function* () {
      yield BYTES;
    })();
    if (kind === 'blob') await store.putBlob(key, chunks, clock.now() + DAY);
    const content = { kind: 'blob', channel: 'a', key } as const;
    const name = await send([OUTSIDE, r], kind === 'blob' ? { content } : {});
    await passDays(ARCHIVE_DAYS + 10);
    const held = await on.kernel.read(messageKey(name, 1));
    assert.equal(held?.state, 'routed.held');
    const raw = await on.kernel.content.raw(held.context.content);
    assert.deepEqual(Buffer.from(raw?.bytes ?? []), BYTES);
    await passDays(11);
    const kept = await on.kernel.read(messageKey(name, 1));
    assert.equal(kept?.state, 'confirmed', 'ended late, and still to be seen');
    await passDays(10);
    assert.equal(await isThere(name, 0), false);
    assert.equal(await isThere(name, 1), false);
    await assert.rejects(on.kernel.content.raw(kept.context.content), /not in the store/);
  });
}
