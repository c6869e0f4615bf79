/** Runs the channel suite over the registry, and holds that a new line in it is picked up. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Channel } from '../../actors/channel.js';
import { makers } from '../../actors/channels/index.js';
import { createLoopback } from '../../actors/channels/loopback/index.js';
import { withPeers } from '../harness/channel-peers.js';
import { channelChecks } from './channel.js';

const registered = makers.map((make) => make());

for (const { name, run } of channelChecks(registered)) test(name, run);

test('a peer says how pages behave where its channel speaks by pages, and only there', async () => {
  for (const { channel, peer } of await withPeers(registered)) {
    assert.equal(peer.page !== undefined, channel.facts.page !== undefined, channel.name);
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
  const added: Channel = createLoopback('semaphore');
  const before = channelChecks(registered).length;
  const checks = channelChecks([...registered, added]).slice(before);
  assert.equal(checks.length, 7);
  for (const { name } of checks) assert.match(name, /^semaphore: /);
  assert.deepEqual(await failuresOf(added), []);
});

test('a channel that breaks its contract is told, and where', async () => {
  const sound: Channel = createLoopback('semaphore');
  const broken: Channel = {
    ...sound,
    facts: { ...sound.facts, policy: { ...sound.facts.policy, retryMs: [] } },
    address: (text) => ({ ok: true, address: { channel: 'semaphore', value: `${text}.` } }),
    read: () => Promise.reject(new Error('what is this?')),
  };
  assert.deepEqual(await failuresOf(broken), [
    'semaphore: says who it is, completely',
    'semaphore: puts an address into a normal form that stays',
    'semaphore: reads what it has written: the text and the subject',
    'semaphore: reads any bytes into something',
  ]);
});
