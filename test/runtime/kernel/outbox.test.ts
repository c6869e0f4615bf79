/** Further recipients, reports and notices: created whatever happens to the message they follow. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Channel } from '../../../actors/channel.js';
import { inbox } from '../../../actors/channels/inbox/index.js';
import type { Log } from '../../../actors/machinery.js';
import { createMemoryBus } from '../../../runtime/bus/memory.js';
import { loadConfig } from '../../../runtime/config.js';
import { createMemoryStore } from '../../../runtime/store/memory.js';
import type { Store } from '../../../runtime/store/store.js';
import { type RunningSwitch, startSwitch } from '../../../runtime/switch.js';
import type { Account } from '../../../schemas/account.js';
import { messageKey } from '../../../schemas/identifier.js';
import type { MessageDocument } from '../../../schemas/message.js';
import type { Submission } from '../../../schemas/submission.js';
import { must } from '../../acceptance/a-switch.js';
import { type ManualClock, manualClock } from '../../harness/manual-clock.js';

const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };
const NO_REPORT = { success: false, failure: false, delay: false };
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

async function start(t: TestContext, store: Store, clock: ManualClock): Promise<RunningSwitch> {
  const channels: Channel<never>[] = [inbox];
  const loaded = loadConfig({
    channels,
    flags: new Map(),
    environment: {},
    directory: import.meta.dirname,
  });
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.problems.join('\n'));
  const bus = createMemoryBus();
  const { config } = loaded;
  const running = await startSwitch({ config, clock, store, bus, channels, log: SILENT });
  t.after(() => running.stop());
  return running;
}

async function settle(running: RunningSwitch): Promise<void> {
  for (let i = 0; i < 4; i += 1) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    await running.kernel.idle();
  }
}

function to(...accounts: Account[]): Submission {
  return {
    sender: { verification: { verified: true, how: 'a test' } },
    header: { subject: 'Hello', priority: 'normal', size: 1 },
    origin: { channel: 'inbox', peer: 'a test', startedAt: 0 },
    hops: 0,
    recipients: accounts.map(({ id }) => ({
      to: { kind: 'subscriber', account: id, via: { channel: 'inbox', value: id } },
      report: NO_REPORT,
    })),
    content: {
      kind: 'umf',
      umf: {
        uid: 'u',
        to: [],
        body: { mediaType: 'text/plain', text: 'x' },
        priority: 'normal',
        securityLevel: 'normal',
      },
    },
  };
}

async function accepted(running: RunningSwitch, submission: Submission) {
  const answer = await running.kernel.accept(submission);
  assert.ok(answer.ok, answer.ok ? '' : answer.message);
  return answer;
}

async function read(running: RunningSwitch, key: string): Promise<MessageDocument> {
  const document = await running.kernel.read(key);
  return document ?? assert.fail(`no message ${key}`);
}

test('quiet of the first recipient holds up no other after a crash', async (t) => {
  const [store, clock] = [createMemoryStore(), manualClock()];
  const before = await start(t, store, clock);
  const quiet = must(await before.accounts.create({ name: 'quiet' }));
  const until = clock.now() + DAY_MS;
  must(await before.accounts.setQuiet(quiet.id, { until, exceptions: [] }));
  const other = must(await before.accounts.create({ name: 'other' }));
  // Accepted, and then the process is gone: nothing set the message on its way.
  const { id } = await accepted(before, to(quiet, other));
  await before.stop();

  const after = await start(t, store, clock);
  await settle(after);
  assert.equal((await read(after, messageKey(id, 1))).state, 'confirmed');
  const held = await read(after, messageKey(id, 0));
  assert.equal(held.state, 'routed.held');
  assert.deepEqual(held.outbox, []);
  assert.equal(held.dueAt, until);
});

test('a first recipient who is held holds up no other when the hint was lost', async (t) => {
  const [store, clock] = [createMemoryStore(), manualClock()];
  const running = await start(t, store, clock);
  const quiet = must(await running.accounts.create({ name: 'quiet' }));
  const until = clock.now() + DAY_MS;
  must(await running.accounts.setQuiet(quiet.id, { until, exceptions: [] }));
  const other = must(await running.accounts.create({ name: 'other' }));
  const { id } = await accepted(running, to(quiet, other));
  for (let minute = 0; minute < 3; minute += 1) {
    clock.advance(60_000);
    await settle(running);
  }
  assert.equal((await read(running, messageKey(id, 1))).state, 'confirmed');
});

/** From a subscriber to somebody whose account is gone: it fails, and the sender is told. */
function failing(sender: { channel: string; value: string }): Submission {
  const message = to();
  const gone = { kind: 'subscriber', account: 'gone', via: sender } as const;
  const report = { success: false, failure: true, delay: false };
  return {
    ...message,
    sender: { address: sender, verification: { verified: true, how: 'a test' } },
    recipients: [{ to: gone, report }],
  };
}

test('a report waits until it is known whether its reader is a subscriber', async (t) => {
  const [memory, clock] = [createMemoryStore(), manualClock()];
  let broken = false;
  const store: Store = {
    ...memory,
    get: (key) =>
      broken && key.startsWith('address/') ? Promise.reject(new Error('broken')) : memory.get(key),
  };
  const running = await start(t, store, clock);
  const sender = { channel: 'inbox', value: 'writer' };
  const writer = must(await running.accounts.create({ name: 'writer', addresses: [sender] }));
  clock.advance(HOUR_MS);
  broken = true;
  const { id, proceed } = await accepted(running, failing(sender));
  proceed({ answered: true });
  await settle(running);
  const waiting = await read(running, messageKey(id, 0));
  assert.equal(waiting.closed, false);
  assert.equal(waiting.senderTold, undefined);
  broken = false;
  for (let minute = 0; minute < 4; minute += 1) {
    clock.advance(60_000);
    await settle(running);
  }
  assert.equal((await read(running, messageKey(id, 0))).senderTold, 'failed reported');
  const kept = await store.list(`inbox/${writer.id}`, { limit: 9, order: 'ascending' });
  assert.equal(kept.length, 1);
});

test("who signed in on a device that is nobody's address is told as a subscriber", async (t) => {
  const store = createMemoryStore();
  const running = await start(t, store, manualClock());
  const writer = must(await running.accounts.create({ name: 'writer' }));
  const submission = failing({ channel: 'inbox', value: 'a-phone' });
  const sender = { ...submission.sender, account: writer.id };
  const { id, proceed } = await accepted(running, { ...submission, sender });
  proceed({ answered: true });
  await settle(running);
  assert.equal((await read(running, messageKey(id, 0))).senderTold, 'failed reported');
  const kept = await store.list(`inbox/${writer.id}`, { limit: 9, order: 'ascending' });
  assert.equal(kept.length, 1);
});

test('why a sender is not told of a failure is recorded', async (t) => {
  const running = await start(t, createMemoryStore(), manualClock());
  const forged = { verified: false, how: 'SPF fail' };
  const sender = { channel: 'inbox', value: 'writer' };
  const submission = failing(sender);
  const submissions = [
    { ...submission, sender: { address: sender, verification: forged } },
    {
      ...submission,
      recipients: submission.recipients.map((one) => ({ ...one, report: NO_REPORT })),
    },
  ];
  const told: (string | undefined)[] = [];
  for (const one of submissions) {
    const { id, proceed } = await accepted(running, one);
    proceed({ answered: true });
    await settle(running);
    told.push((await read(running, messageKey(id, 0))).senderTold);
  }
  assert.deepEqual(told, [
    'not told: the sender is not verified (SPF fail)',
    'not told: the sender asked for no such report',
  ]);
});

test('an end whose outbox fails for days is not given up', async (t) => {
  const [memory, clock] = [createMemoryStore(), manualClock()];
  let full = false;
  const store: Store = {
    ...memory,
    create: (document) =>
      full && document.key.endsWith('.1')
        ? Promise.reject(new Error('the disk is full'))
        : memory.create(document),
  };
  const running = await start(t, store, clock);
  const first = must(await running.accounts.create({ name: 'first' }));
  const other = must(await running.accounts.create({ name: 'other' }));
  const { id, proceed } = await accepted(running, to(first, other));
  full = true;
  proceed({ answered: true });
  for (let hour = 0; hour < 72; hour += 1) {
    await settle(running);
    clock.advance(HOUR_MS);
  }
  assert.equal(await running.kernel.read(messageKey(id, 1)), undefined);
  full = false;
  for (let hour = 0; hour < 3; hour += 1) {
    await settle(running);
    clock.advance(HOUR_MS);
  }
  assert.equal((await read(running, messageKey(id, 1))).state, 'confirmed');
  assert.equal((await read(running, messageKey(id, 0))).closed, true);
});
