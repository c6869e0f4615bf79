/**
 * Who may do and see what: every call of the console, by somebody whose account has lost all its
 * roles, by a subscriber whom the message does not concern, and by an operator.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConsoleCall } from '../../../schemas/console-calls.js';
import type { ErrorCode } from '../../../schemas/errors.js';
import { aConsole, LINE, type Person, type TestConsole } from './a-console.js';

type Verdict = 'done' | ErrorCode;

interface Row {
  readonly argument: (given: { readonly key: string; readonly now: number }) => unknown;
  readonly subscriber: Verdict;
  readonly operator: Verdict;
}

const anybody = (argument: unknown): Row => ({
  argument: () => argument,
  subscriber: 'done',
  operator: 'done',
});
const operators = (argument: Row['argument'], operator: Verdict = 'done'): Row => ({
  argument,
  subscriber: 'NOT_ALLOWED',
  operator,
});
/** For a message of two others. */
const theirs = (argument: Row['argument'], operator: Verdict): Row => ({
  argument,
  subscriber: 'MESSAGE_UNKNOWN',
  operator,
});
const PROFILE = { id: 'p', name: 'P', steps: [], confirms: 'any', lastResort: 'inbox' };
const DEVICE = { name: 'Pager', channel: LINE, address: 'pager', use: true };

const ROWS: Readonly<Record<ConsoleCall, Row>> = {
  me: anybody({}),
  'sessions.list': anybody({}),
  'sessions.revoke': {
    argument: () => ({ id: 'somebody-elses' }),
    subscriber: 'CALL_INVALID',
    operator: 'CALL_INVALID',
  },
  'password.set': anybody({ password: 'correct horse' }),
  'messages.list': anybody({ box: 'inbox' }),
  'messages.conversation': anybody({ conversation: '<1@example.org>' }),
  'message.open': theirs(({ key }) => ({ key }), 'done'),
  'message.read': theirs(({ key }) => ({ key }), 'NOT_ALLOWED'),
  'message.deliverNow': theirs(({ key }) => ({ key }), 'NOT_ALLOWED'),
  'message.history': theirs(({ key }) => ({ id: key.slice('msg/'.length) }), 'done'),
  'message.asTest': theirs(({ key }) => ({ key }), 'done'),
  'machines.list': anybody({}),
  'machines.get': anybody({ name: 'message' }),
  'device.add': anybody(DEVICE),
  'device.code': {
    argument: () => ({ endpoint: 'bob-s-phone' }),
    subscriber: 'DEVICE_UNKNOWN',
    operator: 'DEVICE_UNKNOWN',
  },
  'device.verify': {
    argument: () => ({ endpoint: 'bob-s-phone', code: '000000' }),
    subscriber: 'DEVICE_UNKNOWN',
    operator: 'DEVICE_UNKNOWN',
  },
  'device.remove': anybody({ device: 'pager' }),
  'device.test': {
    argument: () => ({ endpoint: 'bob-s-phone' }),
    subscriber: 'DEVICE_UNKNOWN',
    operator: 'DEVICE_UNKNOWN',
  },
  'profile.put': anybody({ profile: PROFILE }),
  'profile.use': anybody({ profile: 'p' }),
  'profile.default': anybody({}),
  'profile.remove': anybody({ profile: 'p' }),
  'quiet.set': { ...anybody({}), argument: ({ now }) => ({ until: now + 1000, exceptions: [] }) },
  'quiet.clear': anybody({}),
  overview: operators(() => ({})),
  rates: operators(() => ({})),
  search: operators(() => ({ text: 'hello' })),
  'queue.groups': operators(() => ({})),
  'queue.messages': operators(() => ({ what: 'held' })),
  'queue.bulk': operators(() => ({ command: 'release', what: 'held' })),
  'message.command': operators(({ key }) => ({ key, command: 'retry' }), 'MESSAGE_STATE'),
  'message.redirect': operators(({ key }) => ({ key, to: 'ann' })),
  'message.edit': operators(({ key }) => ({ key, text: 'New' }), 'MESSAGE_STATE'),
  'accounts.list': operators(() => ({})),
  'accounts.create': operators(() => ({ name: 'new', operator: false })),
  'accounts.password': operators(() => ({ name: 'ann', password: 'correct horse' })),
  'accounts.link': operators(() => ({ name: 'ann' })),
  'accounts.remove': operators(() => ({ name: 'ann' })),
  audit: operators(() => ({})),
  signOut: anybody({}),
};

async function verdict(
  on: TestConsole,
  by: Person,
  name: ConsoleCall,
  key: string,
): Promise<Verdict | 'NOT_RUNNING'> {
  const argument = ROWS[name].argument({ key, now: on.clock.now() });
  const account = (await on.running.accounts.get(by.account.id)) ?? by.account;
  const caller = { ...by.caller, signedIn: { ...by.caller.signedIn, account } };
  const answer = await on.console.call(name, argument, caller);
  return answer.ok ? 'done' : answer.code;
}

for (const who of ['nobody', 'subscriber', 'operator'] as const) {
  test(`what of everything may be done by: ${who}`, async (t) => {
    const on = await aConsole(t);
    const [ann, bob] = [await on.person('ann'), await on.person('bob')];
    const cid = await on.person('cid', [who === 'operator' ? 'operator' : 'subscriber']);
    const key = await on.send({ from: ann, to: bob });
    if (who === 'nobody') await on.running.accounts.remove(cid.account.id);
    const by = who === 'nobody' ? { ...cid, account: { ...cid.account, roles: [] } } : cid;
    const names = Object.keys(ROWS) as ConsoleCall[];
    const got = new Map<string, string>();
    for (const name of names) got.set(name, await verdict(on, by, name, key));
    const expected = names.map((name): [string, Verdict] => [
      name,
      who === 'nobody' ? 'NOT_ALLOWED' : ROWS[name][who],
    ]);
    assert.deepEqual(Object.fromEntries(got), Object.fromEntries(expected));
  });
}

test('a call that does not exist is refused, also one that objects have by nature', async (t) => {
  const on = await aConsole(t);
  const ann = await on.person('ann');
  for (const name of ['nothing', 'constructor', '__proto__', 'toString']) {
    await on.refused(ann, name, {}, 'CALL_INVALID');
  }
});

test('documents of others do not exist; an operator’s, with the audit', async (t) => {
  const on = await aConsole(t);
  const [ann, bob, cid] = [await on.person('ann'), await on.person('bob'), await on.person('cid')];
  const olga = await on.person('olga', ['operator']);
  const mail = 'Subject: Hi\r\nContent-Type: text/html\r\n\r\n<p>Hi</p>\r\n';
  const key = await on.send({ from: ann, to: bob, mail });
  for (const name of ['body', 'part', 'raw']) {
    const query = { key, index: '0' };
    for (const own of [ann, bob, olga]) {
      assert.equal((await on.document(own, name, query)).status, 200, own.account.name);
    }
    assert.equal((await on.document(cid, name, query)).status, 404);
    assert.equal((await on.document(bob, name, { key: `account/${bob.account.id}` })).status, 404);
  }
  assert.equal((await on.ask(olga, 'audit', {})).items.length, 3);
});

test('a device leads into nothing that is another subscriber’s', async (t) => {
  const on = await aConsole(t);
  const [ann, bob] = [await on.person('ann'), await on.person('bob')];
  const add = (channel: string, address: string) => ({ name: 'X', channel, address, use: true });
  const mail = bob.account.addresses[0];
  assert.ok(mail);
  await on.refused(ann, 'device.add', add(mail.channel, mail.value), 'ADDRESS_TAKEN');
  const kept = bob.account.devices.flatMap(({ endpoints }) => endpoints).find((e) => e.lastResort);
  assert.ok(kept);
  const { channel, value } = kept.address;
  await on.refused(ann, 'device.add', add(channel, value), 'ADDRESS_TAKEN');
  await on.refused(ann, 'device.add', add('pigeon', 'x'), 'CHANNEL_UNKNOWN');
  const account = await on.ask(ann, 'device.add', add(mail.channel, 'ann@example.org'));
  const steps = account.profiles[0]?.steps.map(({ endpoints }) => endpoints.join());
  assert.deepEqual(steps, ['ann-s-phone', 'x', 'inbox']);
});

test('a device is tested alone, past the profile', async (t) => {
  const on = await aConsole(t);
  const ann = await on.person('ann');
  const pager = { name: 'Pager', addresses: [{ channel: LINE, value: 'pager' }] };
  await on.running.accounts.addDevice(ann.account.id, pager);
  await on.ask(ann, 'device.test', { endpoint: 'pager' });
  await on.settle();
  assert.deepEqual(
    on.peer.received.map(({ device }) => device),
    ['pager'],
  );
  const [sent] = (await on.ask(ann, 'messages.list', { box: 'sent' })).items;
  assert.equal(sent?.word, 'delivered');
  await on.refused(ann, 'device.test', { endpoint: 'inbox' }, 'ACCOUNT_INVALID');
});

test('no answer and no frame ever holds a password or its hash', async (t) => {
  const on = await aConsole(t);
  const ann = await on.person('ann');
  const page = on.page(ann);
  page.say({ topic: 'since' });
  await on.ask(ann, 'password.set', { password: 'correct horse' });
  await on.later(100);
  const me = await on.ask(ann, 'me', {});
  assert.equal(page.taken('account').length, 1);
  assert.doesNotMatch(JSON.stringify([me, page.frames]), /scrypt|correct horse/);
});
