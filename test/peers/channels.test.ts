/**
 * The other side of every registered channel against a real switch process: what is sent over the
 * channel arrives at a device on it, also after the switch was killed. Names no channel.
 */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { OpenPeer } from '../../actors/channel.js';
import { atEnd } from '../harness/at-end.js';
import { type PeeredChannel, withPeers } from '../harness/channel-peers.js';
import { peerWorld } from '../harness/peer-world.js';
import { type SwitchProcess, startSwitch } from '../harness/switch-process.js';

const TIMEOUT = { timeout: 60_000 };

/** A subscriber whose messages go to one device on this channel, and nowhere else. */
async function subscriber(on: SwitchProcess, account: string, channel: string, device: string) {
  await on.operate('account.create', { name: account });
  const shown = await on.operate('device.add', {
    account,
    name: 'tried',
    addresses: [{ channel, value: device }],
  });
  const steps = [{ endpoints: ['tried'] }];
  const profile = { id: 'p', name: 'P', steps, confirms: 'any', lastResort: 'inbox' };
  await on.operate('profile.put', { account, profile });
  await on.operate('profile.use', { account, profile: 'p' });
  return addressOn(shown, channel) ?? account;
}

/** The account's own address on a channel, where it has one. */
function addressOn(account: unknown, channel: string): string | undefined {
  const { addresses } = account as { addresses: { channel: string; value: string }[] };
  return addresses.find((own) => own.channel === channel)?.value;
}

async function arrives(
  on: SwitchProcess,
  peer: OpenPeer,
  sending: { readonly to: string; readonly device: string; readonly subject: string },
): Promise<void> {
  const { to, subject } = sending;
  const message = { from: 'sender', to, subject, text: 'There?', reference: subject };
  const id = await peer.send(message);
  assert.ok(id, 'the switch took it');
  const tracked = await on.command('track', id, '--wait', '--json');
  assert.equal(tracked.code, 0, `${tracked.stdout}${tracked.stderr}`);
  const there = peer.arrivals().filter((one) => one.subject === subject);
  assert.deepEqual(there, [{ subject, address: sending.device }]);
}

async function opened(t: TestContext, all: readonly PeeredChannel[], on: () => SwitchProcess) {
  const peers: { name: string; peer: OpenPeer; settings: Readonly<Record<string, string>> }[] = [];
  for (const { channel, peer } of all) {
    const open = await peer.open(peerWorld(on, channel.name));
    atEnd(t, () => open.close());
    peers.push({ name: channel.name, peer: open, settings: peer.settings({ port: open.port }) });
  }
  return peers;
}

test("each channel's other side sends and gets, before and after a kill", TIMEOUT, async (t) => {
  const all = (await withPeers()).filter(({ channel }) => channel.receive && channel.deliver);
  assert.ok(all.length >= 2, 'the registry has channels with peers');
  let running: SwitchProcess | undefined;
  const on = () => running ?? assert.fail('no switch runs');
  const peers = await opened(t, all, on);
  const settings = Object.assign({}, ...peers.map((one) => one.settings));
  running = await startSwitch(t, { settings });
  await on().operate('account.create', { name: 'sender' });
  const tried: { name: string; peer: OpenPeer; account: string; to: string; device: string }[] = [];
  for (const { name, peer } of peers) {
    const account = `pat-${name}`;
    const device = peer.deviceOf(account);
    const to = await subscriber(on(), account, name, device);
    tried.push({ name, peer, account, to, device });
  }
  for (const { name, peer, account, to, device } of tried) {
    await peer.attach(account);
    await arrives(on(), peer, { to, device, subject: `${name}-1` });
  }
  const { data } = on();
  await on().kill();
  for (const { name, peer, to } of tried) {
    const message = { from: 'sender', to, subject: 'lost', text: '', reference: `${name}-lost` };
    assert.equal(await peer.send(message), undefined, `${name}: nobody took it`);
  }
  running = await startSwitch(t, { settings, data });
  for (const { name, peer, account, to, device } of tried) {
    await peer.attach(account);
    await arrives(on(), peer, { to, device, subject: `${name}-2` });
  }
});
