/** Runs the channel suite over the registry, and holds that a new line in it is picked up. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Channel } from '../../actors/channel.js';
import { makers } from '../../actors/channels/index.js';
import { createLoopback } from '../../actors/channels/loopback/index.js';
import { peerOf } from '../harness/channel-peers.js';
import { channelChecks } from './channel.js';

const registered = makers.map((make) => make());

for (const { name, run } of channelChecks(registered)) test(name, run);

test('every registered channel that speaks to somebody has a peer for tests and load', async () => {
  for (const { name, facts } of registered.filter((channel) => !channel.facts.keeps)) {
    const peer = await peerOf(name);
    assert.ok(peer !== undefined, `actors/channels/${name}/peer.ts exports no peer`);
    const isOnPages = facts.page !== undefined;
    assert.equal(peer.page !== undefined, isOnPages, 'what speaks by pages says how they behave');
  }
});

async function failuresOf(channel: Channel): Promise<string[]> {
  const failures: string[] = [];
  for (const { name, run } of channelChecks([channel])) {
    await Promise.resolve()
      .then(run)
      .catch(() => failures.push(name));
  }
  return failures;
}

test('a channel added to the registry is checked without a line for it', async () => {
  const added: Channel = createLoopback('pager');
  const before = channelChecks(registered).length;
  const checks = channelChecks([...registered, added]).slice(before);
  assert.equal(checks.length, 7);
  for (const { name } of checks) assert.match(name, /^pager: /);
  assert.deepEqual(await failuresOf(added), []);
});

test('a channel that breaks its contract is told, and where', async () => {
  const sound: Channel = createLoopback('pager');
  const broken: Channel = {
    ...sound,
    facts: { ...sound.facts, policy: { ...sound.facts.policy, retryMs: [] } },
    address: (text) => ({ ok: true, address: { channel: 'pager', value: `${text}.` } }),
    read: () => Promise.reject(new Error('what is this?')),
  };
  assert.deepEqual(await failuresOf(broken), [
    'pager: says who it is, completely',
    'pager: puts an address into a normal form that stays',
    'pager: reads what it has written: the text and the subject',
    'pager: reads any bytes into something',
  ]);
});
