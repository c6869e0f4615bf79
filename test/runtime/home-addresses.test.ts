/** A new domain: every account is reached there too, and where it was reached before. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createLoopback } from '../../actors/channels/loopback/index.js';
import { giveHomeAddresses } from '../../runtime/home-addresses.js';
import { createMemoryStore } from '../../runtime/store/memory.js';
import { aSwitch, must } from '../acceptance/a-switch.js';

async function setUp(t: TestContext) {
  const store = createMemoryStore();
  const on = await aSwitch(t, ['a'], {}, store);
  const { address } = createLoopback('a');
  const facts = { ...createLoopback('a').facts, device: 'Browser' };
  const channel = { name: 'a', facts, address };
  const warned: string[] = [];
  const log = { debug() {}, info() {}, error() {}, warn: (event: string) => warned.push(event) };
  const move = (domain: string) =>
    giveHomeAddresses({
      accounts: on.accounts,
      store,
      clock: on.clock,
      log,
      domain,
      channels: [channel],
      defaultAddresses: (name) => [{ channel: 'a', value: `${name}.${domain}` }],
    });
  return { on, move, warned };
}

test('a new domain gives each account its address there, once; the old one stays', async (t) => {
  const { on, move } = await setUp(t);
  await move('old');
  for (const name of ['ann', 'bob']) {
    must(await on.accounts.create({ name, addresses: [{ channel: 'a', value: `${name}.old` }] }));
  }
  assert.equal(await move('new'), 2);
  assert.equal(await move('new'), 0);
  const ann = await on.accounts.find('ann');
  assert.deepEqual(
    ann?.addresses.map(({ value }) => value),
    ['ann.old', 'ann.new'],
  );
});

test('an address that somebody else has is told, and left', async (t) => {
  const { on, move, warned } = await setUp(t);
  await move('old');
  must(await on.accounts.create({ name: 'ann' }));
  must(await on.accounts.create({ name: 'x', addresses: [{ channel: 'a', value: 'ann.new' }] }));
  await move('new');
  assert.deepEqual(warned, ['accounts.homeAddress']);
  assert.equal((await on.accounts.find('ann.new'))?.name, 'x');
});

test('an account of an earlier release gets the device that a new channel brings', async (t) => {
  const { on, move } = await setUp(t);
  const ann = must(await on.accounts.create({ name: 'ann' }));
  const keeper = ann.devices.at(-1)?.endpoints[0]?.id;
  assert.equal(await move('new'), 1);
  const after = await on.accounts.find('ann');
  const device = after?.devices.find(({ name }) => name === 'Browser');
  assert.deepEqual(device?.endpoints[0]?.address, { channel: 'a', value: 'ann.new' });
  const steps = after?.profiles.find(({ id }) => id === after.defaultProfile)?.steps;
  assert.deepEqual(steps, [{ endpoints: [device?.endpoints[0]?.id] }, { endpoints: [keeper] }]);
  assert.equal(await move('new'), 0);
  assert.deepEqual(await on.accounts.find('ann'), after);
});

test('a start that was cut off between address and device is made up for', async (t) => {
  const { on, move } = await setUp(t);
  const ann = must(await on.accounts.create({ name: 'ann' }));
  const { addDevice } = on.accounts;
  on.accounts.addDevice = () => Promise.reject(new Error('the power is gone'));
  await assert.rejects(move('new'), /the power is gone/);
  on.accounts.addDevice = addDevice;
  assert.equal((await on.accounts.find('ann'))?.devices.length, ann.devices.length);
  await move('new');
  const device = (await on.accounts.find('ann'))?.devices.find(({ name }) => name === 'Browser');
  assert.equal(device?.endpoints[0]?.address.value, 'ann.new');
});
