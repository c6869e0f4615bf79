/**
 * A device named by its subscriber is unused until the code that was sent to it has come back: over
 * the calls of the page, with the real switch behind.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aConsole, LINE, type Person, type TestConsole } from '../a-console.js';

const PAGER = { name: 'Pager', channel: LINE, address: 'pager', use: true };
const QUARTER_MS = 15 * 60_000;

/** What came to the device, the oldest first. */
function arrived(on: TestConsole, device: string): string[] {
  const got = on.peer.received.filter((one) => one.device === device);
  return got.map(({ umf }) => `${umf.subject}: ${umf.body.text ?? ''}`);
}

function lastCode(on: TestConsole): string {
  return /\b(\d{6})\b/.exec(arrived(on, 'pager').at(-1) ?? '')?.[1] ?? assert.fail('no code came');
}

async function added(on: TestConsole, by: Person): Promise<string> {
  await on.ask(by, 'device.add', PAGER);
  await on.settle();
  return lastCode(on);
}

test('nothing but the code goes to a device before the code has come back', async (t) => {
  const on = await aConsole(t);
  const ann = await on.person('ann');
  on.peer.script('ann-phone', 'permanent');
  const code = await added(on, ann);
  await on.refused(ann, 'device.test', { endpoint: 'pager' }, 'ACCOUNT_INVALID');
  await on.send({ to: ann, subject: 'Before' });
  assert.equal(arrived(on, 'pager').length, 1);
  const after = await on.ask(ann, 'device.verify', { endpoint: 'pager', code });
  const pager = { id: 'pager', address: { channel: LINE, value: 'pager' } };
  assert.deepEqual(after.devices.at(-1)?.endpoints, [pager]);
  await on.send({ to: ann, subject: 'After' });
  assert.match(arrived(on, 'pager').at(-1) ?? '', /^After/);
});

test('a wrong code is told with the tries left; five end it, a new one helps', async (t) => {
  const on = await aConsole(t);
  const ann = await on.person('ann');
  const first = await added(on, ann);
  const wrong = { endpoint: 'pager', code: first === '000000' ? '000001' : '000000' };
  assert.match(await on.refused(ann, 'device.verify', wrong, 'CODE_WRONG'), /4 more tries/);
  for (let n = 0; n < 3; n += 1) await on.refused(ann, 'device.verify', wrong, 'CODE_WRONG');
  await on.refused(ann, 'device.verify', wrong, 'CODE_EXPIRED');
  await on.refused(ann, 'device.verify', { endpoint: 'pager', code: first }, 'CODE_EXPIRED');
  await on.ask(ann, 'device.code', { endpoint: 'pager' });
  await on.settle();
  const code = lastCode(on);
  await on.later(QUARTER_MS);
  await on.refused(ann, 'device.verify', { endpoint: 'pager', code }, 'CODE_EXPIRED');
  await on.ask(ann, 'device.code', { endpoint: 'pager' });
  await on.settle();
  await on.ask(ann, 'device.verify', { endpoint: 'pager', code: lastCode(on) });
  await on.refused(ann, 'device.code', { endpoint: 'pager' }, 'ACCOUNT_INVALID');
});

test('an address gets three codes an hour, also from several accounts', async (t) => {
  const on = await aConsole(t);
  const [ann, bob] = [await on.person('ann'), await on.person('bob')];
  await added(on, ann);
  await added(on, bob);
  await on.ask(ann, 'device.code', { endpoint: 'pager' });
  await on.refused(bob, 'device.code', { endpoint: 'pager' }, 'CODE_RATE');
  const cid = await on.person('cid');
  await on.refused(cid, 'device.add', PAGER, 'CODE_RATE');
  await on.settle();
  assert.equal(arrived(on, 'pager').length, 3);
  for (const [who, pagers] of [[ann, 1] as const, [cid, 0] as const]) {
    const me = await on.ask(who, 'me', {});
    assert.equal(me.account.devices.filter(({ name }) => name === 'Pager').length, pagers);
  }
});

test('who asked for a code can read it nowhere; that it did not arrive comes home', async (t) => {
  const on = await aConsole(t);
  const ann = await on.person('ann');
  const page = on.page(ann);
  page.say({ topic: 'since' });
  const code = await added(on, ann);
  await on.later(100);
  const { items } = await on.ask(ann, 'messages.list', { box: 'sent' });
  assert.deepEqual(items, []);
  const me = await on.ask(ann, 'me', {});
  assert.doesNotMatch(JSON.stringify([me, page.frames]), new RegExp(`codeHash|\\b${code}\\b`));
  on.peer.script('pager', 'permanent');
  await on.ask(ann, 'device.code', { endpoint: 'pager' });
  await on.settle();
  const [report] = (await on.ask(ann, 'messages.list', { box: 'inbox' })).items;
  assert.match(report?.subject ?? '', /^Not delivered: A code/);
  const key = on.peer.received.find((one) => one.device === 'pager')?.messageKey ?? '';
  await on.refused(ann, 'message.open', { key }, 'MESSAGE_UNKNOWN');
});
