/** Table 2: the active profile chooses, set by hand; the decision itself, for any time. */

import assert from 'node:assert/strict';
import { decide } from '../../actors/user-manager/decision-maker.js';
import type { Account, Profile } from '../../schemas/account.js';
import type { Decision } from '../../schemas/decision.js';
import { anAccount, anInput, aProfile, NOW, POLICY } from '../actors/user-manager/an-account.js';
import { aSwitch, must } from './a-switch.js';
import { rowName, runTable } from './table.js';

const HOUR_MS = 3_600_000;
/** Midnight of the test's day; times of day below are counted from it. */
const DAY = NOW - (NOW % (24 * HOUR_MS));
const NINE = DAY + 9 * HOUR_MS;
const SEVENTEEN = DAY + 17 * HOUR_MS;

const profile = (id: string, endpoints: readonly string[]): Profile =>
  aProfile(id, [{ endpoints }]);

const PROFILES = [
  profile('meeting', ['wap']),
  profile('home', ['wap', 'im']),
  profile('work', ['mail']),
  profile('mobile', ['phone']),
];

const CHANNEL = { wap: 'wap', im: 'im', mail: 'post', phone: 'phone' } as const;
const POLICIES = {
  channels: { wap: POLICY, im: POLICY, post: POLICY, phone: POLICY, shelf: POLICY },
  operator: {},
};

function subscriber(given: Partial<Account> = {}, wapValue = 'r@wap'): Account {
  const { devices } = anAccount();
  const own = Object.entries(CHANNEL).map(([id, channel]) => ({
    id,
    name: id,
    endpoints: [{ id, address: { channel, value: id === 'wap' ? wapValue : `r@${id}` } }],
  }));
  const shelf = devices.filter((device) => device.id === 'shelf');
  const account = { devices: [...own, ...shelf], profiles: PROFILES, defaultProfile: 'home' };
  return anAccount({ ...account, ...given });
}

function decideAt(account: Account, now: number): Decision {
  return decide(anInput(account, { now, policies: POLICIES }));
}

/** What the first step names; the inbox only ever follows it. */
function sentTo(decision: Decision): readonly (string | undefined)[] {
  assert.ok(decision.kind === 'deliver', decision.kind);
  const [first, last, ...more] = decision.plan.steps;
  assert.ok(first && last && more.length === 0);
  assert.deepEqual(
    last.endpoints.map((planned) => planned.endpoint),
    ['shelf'],
  );
  return first.endpoints.map((planned) => planned.endpoint);
}

const WORK = { active: [{ profile: 'work', from: NINE, until: SEVENTEEN }] };

runTable('table-2.md', {
  'meeting | message | WAP only': () => {
    assert.deepEqual(sentTo(decideAt(subscriber({ active: [{ profile: 'meeting' }] }), NOW)), [
      'wap',
    ]);
  },

  'home | message | WAP and IM, one copy each, own outcomes': async (t) => {
    const decision = decideAt(subscriber({ active: [{ profile: 'home' }] }), NOW);
    assert.deepEqual(sentTo(decision), ['wap', 'im']);
    const on = await aSwitch(t, ['wap', 'im']);
    const r = { channel: 'wap', value: 'r' };
    const { id } = must(await on.accounts.create({ name: 'r', addresses: [r] }));
    for (const channel of ['wap', 'im']) {
      const addresses = [{ channel, value: `r-${channel}` }];
      must(await on.accounts.addDevice(id, { name: channel, addresses }));
    }
    must(await on.accounts.putProfile(id, { ...profile('home', ['wap', 'im']), confirms: 'all' }));
    must(await on.accounts.setActive(id, { profile: 'home' }));
    on.peer('im').script('r-im', { temporary: 1 });
    const key = await on.send('r');
    const document = await on.until(key, 'confirmed');
    assert.equal(on.peer('wap').of('r-wap').length, 1);
    assert.equal(on.peer('im').of('r-im').length, 1);
    const outcomes = document.context.deliveries.map(({ phase, trials }) => ({ phase, trials }));
    assert.deepEqual(outcomes, [
      { phase: 'confirmed', trials: 1 },
      { phase: 'confirmed', trials: 2 },
    ]);
  },

  'work 9–17 | 09:00:00, 16:59:59 | email X only': () => {
    for (const now of [NINE, SEVENTEEN - 1000]) {
      assert.deepEqual(sentTo(decideAt(subscriber(WORK), now)), ['mail']);
    }
  },

  'work 9–17 | 08:59:59, 17:00:00 + | not work': () => {
    for (const now of [NINE - 1000, SEVENTEEN]) {
      assert.deepEqual(sentTo(decideAt(subscriber(WORK), now)), ['wap', 'im']);
    }
  },

  'mobile, set by hand | message | phone only': () => {
    const account = subscriber({ ...WORK, active: [...WORK.active, { profile: 'mobile' }] });
    assert.deepEqual(sentTo(decideAt(account, NINE)), ['phone']);
  },

  'meeting, then home | WAP address changed once | new address in both': async (t) => {
    const on = await aSwitch(t, ['wap', 'im']);
    const { id } = must(await on.accounts.create({ name: 'r' }));
    const device = (name: string) => ({ name, addresses: [{ channel: name, value: 'old' }] });
    for (const name of ['wap', 'im']) must(await on.accounts.addDevice(id, device(name)));
    must(await on.accounts.putProfile(id, profile('meeting', ['wap'])));
    must(await on.accounts.putProfile(id, profile('home', ['wap', 'im'])));
    must(await on.accounts.moveEndpoint(id, 'wap', { channel: 'wap', value: 'new' }));
    for (const name of ['meeting', 'home']) {
      const account = must(await on.accounts.setActive(id, { profile: name }));
      const decision = decide(anInput(account, { policies: on.policies() }));
      assert.ok(decision.kind === 'deliver');
      const [wap] = decision.plan.steps[0]?.endpoints ?? [];
      assert.deepEqual(wap?.address, { channel: 'wap', value: 'new' });
    }
  },

  [rowName([
    'do not disturb to T',
    'no match',
    '0 sent; readable in the inbox now; at T decided by the profile active at T',
  ])]: async (t) => {
    const on = await aSwitch(t, ['wap', 'im']);
    const r = { channel: 'wap', value: 'r' };
    const { id } = must(await on.accounts.create({ name: 'r', addresses: [r] }));
    const device = (name: string) => ({
      name,
      addresses: [{ channel: name, value: `r-${name}` }],
    });
    for (const name of ['wap', 'im']) must(await on.accounts.addDevice(id, device(name)));
    must(await on.accounts.putProfile(id, profile('meeting', ['wap'])));
    must(await on.accounts.putProfile(id, profile('home', ['im'])));
    must(await on.accounts.setActive(id, { profile: 'meeting' }));
    const until = on.clock.now() + HOUR_MS;
    const exceptions = [{ sender: 'boss' }];
    must(await on.accounts.setQuiet(id, { until, exceptions }));
    const key = await on.send('r', { from: 's1' });
    assert.equal((await on.read(key)).state, 'routed.held');
    on.clock.advance(HOUR_MS - 1000);
    await on.settle();
    assert.equal(on.peer('wap').received.length + on.peer('im').received.length, 0);
    const readable = await on.messagesOf(id);
    assert.deepEqual(
      readable.map((message) => message.input.header.subject),
      ['Hello'],
    );
    must(await on.accounts.setActive(id, { profile: 'home' }));
    await on.until(key, 'confirmed');
    assert.ok(on.clock.now() >= until);
    assert.equal(on.peer('wap').received.length, 0);
    assert.equal(on.peer('im').of('r-im').length, 1);
  },

  [rowName([
    'do not disturb to T',
    'sender matches',
    'sent at once, by the channels do-not-disturb names +',
  ])]: () => {
    const quiet = {
      until: NOW + HOUR_MS,
      exceptions: [{ sender: 'boss@example.org' }],
      profile: 'mobile',
    };
    assert.deepEqual(sentTo(decideAt(subscriber({ quiet }), NOW)), ['phone']);
  },
});
