/** Handlers that throw: a temporary error outside at most; nothing acknowledged is lost. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Channel } from '../../actors/channel.js';
import { createLoopback } from '../../actors/channels/loopback/index.js';
import { LoopbackPeer } from '../../actors/channels/loopback/peer.js';
import { LOOK_FIRST_MS } from '../../actors/message-tracker/recovery-agent.js';
import { systemClock } from '../../runtime/clock.js';
import type { Store } from '../../runtime/store/store.js';
import { aSwitch } from './a-switch.js';

const TROUBLE = 'a fault of the test';

/** A loopback channel whose agent throws the first times: rejects, or throws at once. */
function broken(peer: LoopbackPeer, faults: ('throws' | 'rejects')[]): Channel<never> {
  const sound = createLoopback('broken', peer);
  return {
    ...sound,
    deliver(context) {
      const agent = sound.deliver?.(context);
      assert.ok(agent);
      return {
        ...agent,
        lane: (address) => agent.lane(address),
        paused: (lane) => agent.paused(lane),
        stop: () => agent.stop(),
        deliver(job) {
          const fault = faults.shift();
          if (fault === 'throws') throw new Error(TROUBLE);
          return fault === 'rejects' ? Promise.reject(new Error(TROUBLE)) : agent.deliver(job);
        },
      };
    },
  };
}

test('a delivery agent that throws costs trials, never the message', async (t) => {
  const peer = new LoopbackPeer();
  const on = await aSwitch(t, {
    channels: [broken(peer, ['throws', 'rejects'])],
    settings: { 'policy.broken.retryMs': '5ms' },
  });
  await on.subscriber('anna', { channel: 'broken', value: 'anna' });
  const answer = await on.mail('anna', 'throws@faults');
  assert.match(answer, /^250 /);
  const { state, history, context } = await on.ended(answer);
  assert.equal(state, 'confirmed');
  assert.equal(context.deliveries[0]?.trials, 3);
  const troubles = history.filter(
    ({ event }) => event.type === 'OUTCOME' && event.outcome.reason.includes(TROUBLE),
  );
  assert.equal(troubles.length, 2, 'the tracker tells of both');
  assert.equal(peer.received.length, 1);
});

test('a trial that is due at once after a fault does not wait for the sweep', async (t) => {
  const peer = new LoopbackPeer();
  const on = await aSwitch(t, {
    channels: [broken(peer, ['rejects'])],
    settings: { 'policy.broken.retryMs': '0ms' },
  });
  await on.subscriber('anna', { channel: 'broken', value: 'anna' });
  const { state, history } = await on.ended(await on.mail('anna', 'at-once@faults'));
  assert.equal(state, 'confirmed');
  const [first, last] = [history[0]?.event.at ?? 0, history.at(-1)?.event.at ?? 0];
  assert.ok(last - first < LOOK_FIRST_MS, `${last - first} ms`);
});

test('bus handlers that throw lose their hints; the sweep brings them again', async (t) => {
  const peer = new LoopbackPeer();
  const real = systemClock();
  let aheadMs = 0;
  const thrown: string[] = [];
  const on = await aSwitch(t, {
    channels: [createLoopback('away', peer)],
    clock: { ...real, now: () => real.now() + aheadMs },
    wrapBus: (bus) => ({
      ...bus,
      work: (queue, limits, handler) =>
        bus.work(queue, limits, (hint) => {
          if (thrown.includes(queue)) return handler(hint);
          thrown.push(queue);
          // Later than the sweep's grace, without waiting for it.
          aheadMs += LOOK_FIRST_MS + 1;
          return Promise.reject(new Error(TROUBLE));
        }),
    }),
  });
  await on.subscriber('anna', { channel: 'away', value: 'anna' });
  const answer = await on.mail('anna', 'hints@faults');
  assert.match(answer, /^250 /);
  const { state } = await on.ended(answer);
  assert.equal(state, 'confirmed');
  assert.ok(thrown.length >= 1, `${thrown}`);
  assert.equal(peer.received.length, 1);
});

/** A store whose method fails while `broken` is in force. */
function failing(store: Store, method: 'create' | 'get', broken: { now: boolean }): Store {
  return new Proxy(store, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key);
      if (key !== method || typeof member !== 'function') return member;
      return (...given: unknown[]): unknown =>
        broken.now ? Promise.reject(new Error(TROUBLE)) : Reflect.apply(member, target, given);
    },
  });
}

for (const method of ['create', 'get'] as const) {
  test(`a store whose ${method} fails: 4xx, and nothing is taken for stored`, async (t) => {
    const broken = { now: false };
    const on = await aSwitch(t, { wrapStore: (store) => failing(store, method, broken) });
    await on.accounts.create({ name: 'anna' });
    broken.now = true;
    const refused = await on.mail('anna', `${method}@faults`);
    assert.match(refused, /^4\d\d 4\./);
    broken.now = false;
    assert.deepEqual(await on.store.list('keys/msg/', { limit: 9, order: 'ascending' }), []);
    assert.ok(
      on.complaints.some((complaint) => complaint.includes(TROUBLE)),
      'an operator sees',
    );
    const answer = await on.mail('anna', `${method}@faults`);
    assert.match(answer, /^250 /);
    assert.equal((await on.ended(answer)).state, 'confirmed');
  });
}
