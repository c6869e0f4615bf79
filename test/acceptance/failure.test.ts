/** Table 4: a channel fails, the next one follows; the whole switch, in memory. */

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { HistoryEntry } from '../../schemas/message.js';
import { aSubscriber, aSwitch, must } from './a-switch.js';
import { rowName, runTable } from './table.js';

const TRIALS = 5;
const RETRY_MS = 60_000;
const R = { channel: 'a', value: 'r' };
const STEPS = [{ endpoints: ['a'] }, { endpoints: ['b'] }];

/** The switch, its subscriber with A then B and nothing after, and an operator. */
async function setUp(t: TestContext, settings: Readonly<Record<string, string>> = {}) {
  const on = await aSwitch(t, ['a', 'b'], {
    'policy.a.trials': String(TRIALS),
    'policy.b.trials': String(TRIALS),
    'policy.a.retryMs': `${RETRY_MS}ms`,
    'policy.b.retryMs': `${RETRY_MS}ms`,
    ...settings,
  });
  const devices = ['a', 'b'];
  await aSubscriber(on, { name: 'r', address: R, devices, steps: STEPS, lastResort: 'dead' });
  const roles = ['subscriber', 'operator'] as const;
  const operator = must(await on.accounts.create({ name: 'operator', roles }));
  const triesOf = async (key: string) =>
    (await on.read(key)).context.deliveries.map((delivery) => delivery.trials);
  return { on, operator, triesOf };
}

function states(history: readonly HistoryEntry[]): readonly string[] {
  return history.map((entry) => entry.state).filter((state, i, all) => state !== all[i - 1]);
}

function reasons(history: readonly HistoryEntry[]): readonly string[] {
  return history.flatMap(({ event }) =>
    event.type === 'OUTCOME' ? [`${event.delivery} ${event.outcome.result}`] : [],
  );
}

runTable('table-4.md', {
  [rowName([
    '5 temporary',
    'confirms',
    '5 + 1 attempts from the stored UMF; history "A failed"; partial failure, then confirmed',
  ])]: async (t) => {
    const { on, triesOf } = await setUp(t);
    on.peer('a').script('r-a', { temporary: 99 });
    const key = await on.send('r');
    await on.until(key, 'confirmed', RETRY_MS / 2);
    assert.deepEqual(await triesOf(key), [TRIALS, 1]);
    const history = await on.history(key);
    assert.deepEqual(reasons(history), [...Array(TRIALS).fill('0 retry'), '1 confirmed']);
    const seen = states(history);
    assert.ok(seen.indexOf('dispatched.partlyFailed') < seen.indexOf('confirmed'), `${seen}`);
    assert.ok(seen.includes('dispatched.partlyFailed'), `${seen}`);
    assert.equal(on.peer('a').received.length, 0);
    const [copy, ...more] = on.peer('b').received;
    assert.equal(more.length, 0);
    assert.equal(copy?.umf.subject, 'Hello');
    assert.equal(copy?.umf.body.text, 'Anybody there?');
  },

  [rowName([
    '5 temporary',
    '5 temporary',
    "full failure; dead; in the administrator's mailbox; no 11th attempt",
  ])]: async (t) => {
    const { on, operator, triesOf } = await setUp(t);
    for (const name of ['a', 'b']) on.peer(name).script(`r-${name}`, { temporary: 99 });
    const key = await on.send('r');
    await on.until(key, 'failed.dead', RETRY_MS / 2);
    assert.deepEqual(await triesOf(key), [TRIALS, TRIALS]);
    await on.settle();
    const [notice, ...more] = await on.messagesOf(operator.id);
    assert.equal(more.length, 0);
    assert.match(notice?.input.header.subject ?? '', /^Dead message \S+: Hello$/);
    assert.equal(notice?.state, 'confirmed');
    assert.equal(notice?.context.deliveries[0]?.level, 'kept');
    for (let i = 0; i < 100; i += 1) {
      on.clock.advance(RETRY_MS);
      await on.settle();
    }
    assert.deepEqual(await triesOf(key), [TRIALS, TRIALS]);
    assert.equal((await on.read(key)).state, 'failed.dead');
  },

  [rowName(['expires after trial 3', 'confirms', '3 + 1; B has trials and expiry of its own'])]:
    async (t) => {
      const expiryMs = RETRY_MS * 2 + RETRY_MS / 2;
      const { on, triesOf } = await setUp(t, { 'policy.a.expiryMs': String(expiryMs) });
      on.peer('a').script('r-a', { temporary: 99 });
      const key = await on.send('r');
      const document = await on.until(key, 'confirmed', 1_000);
      assert.deepEqual(await triesOf(key), [3, 1]);
      const [a, b] = document.context.deliveries;
      assert.ok(a && b && b.expiresAt > a.expiresAt + expiryMs);
      assert.equal(b.policy.trials, TRIALS);
    },

  [rowName([
    'hand-off to the core lost',
    '–',
    'after the time-out, from the stored UMF, one delivery',
  ])]: async (t) => {
    const { on } = await setUp(t);
    // The receiving agent has its answer and then dies before anything goes on.
    const umf = {
      subject: 'Hello',
      body: { mediaType: 'text/plain', text: 'x' },
      priority: 'normal',
      securityLevel: 'normal',
    } as const;
    const account = await on.accounts.find('r');
    assert.ok(account);
    const accepted = await on.kernel.accept({
      sender: { verification: { verified: false, how: 'nothing' } },
      header: { subject: 'Hello', priority: 'normal', size: 1 },
      origin: { channel: 'a', peer: 'test', startedAt: on.clock.now() },
      hops: 0,
      recipients: [
        {
          to: { kind: 'subscriber', account: account.id, via: R },
          report: { success: false, failure: false, delay: false },
        },
      ],
      content: { kind: 'umf', umf: { ...umf, uid: 'x', to: [{ channel: 'a', address: 'r' }] } },
    });
    assert.ok(accepted.ok);
    await on.settle();
    assert.equal(on.peer('a').received.length, 0);
    await on.until(`msg/${accepted.id}.0`, 'confirmed', 1_000);
    assert.equal(on.peer('a').received.length, 1);
    assert.equal(on.peer('a').received[0]?.umf.subject, 'Hello');
    assert.equal(on.peer('b').received.length, 0);
  },
});
