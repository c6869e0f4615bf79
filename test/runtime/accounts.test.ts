/** Accounts over the store: races, lapsed claims, and what must hold together. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ChannelFacts } from '../../actors/channel.js';
import type { Failure } from '../../actors/machinery.js';
import { createDirectory } from '../../actors/user-manager/directory.js';
import { ADDRESSES_MAX } from '../../runtime/account-change.js';
import { CLAIM_LASTS_MS, directoryReads } from '../../runtime/account-documents.js';
import { type AddressChannels, recipientOf } from '../../runtime/account-opening.js';
import { type Changed, createAccounts } from '../../runtime/accounts.js';
import { createMemoryStore, type MemoryStore } from '../../runtime/store/memory.js';
import type { Account } from '../../schemas/account.js';
import { addressKey } from '../../schemas/address.js';
import { POLICY } from '../actors/user-manager/an-account.js';
import { manualClock } from '../harness/manual-clock.js';

const FACTS: ChannelFacts = { policy: POLICY, keeps: false };
const SYNTAX: Failure = { ok: false, code: 'ADDRESS_SYNTAX', message: 'Write name@domain.' };

const CHANNELS: AddressChannels = [
  {
    name: 'post',
    facts: FACTS,
    address: (text) =>
      text.includes('@')
        ? { ok: true, address: { channel: 'post', value: text.toLowerCase() } }
        : SYNTAX,
  },
  {
    name: 'shelf',
    facts: { ...FACTS, keeps: true },
    address: (text) => ({ ok: true, address: { channel: 'shelf', value: text } }),
  },
];

const post = (value: string) => ({ channel: 'post', value });

function setUp(store: MemoryStore = createMemoryStore()) {
  const clock = manualClock();
  const changes: string[] = [];
  const accounts = createAccounts({
    store,
    clock,
    channels: CHANNELS,
    defaultAddresses: (name) => [post(`${name}@switch.example`)],
    changed: (id) => changes.push(id),
  });
  const directory = createDirectory({ reads: directoryReads(store), clock });
  const find = async (value: string) => {
    const found = await directory.find(post(value));
    return found.kind === 'subscriber' ? found.account.name : found.kind;
  };
  return { accounts, changes, clock, find, store };
}

function must(changed: Changed): Account {
  assert.ok(changed.ok, changed.ok ? '' : `${changed.code}: ${changed.message}`);
  return changed.account;
}

function code(result: { readonly ok: true } | Failure): string {
  return result.ok ? 'ok' : result.code;
}

describe('opening an account', () => {
  it('gives an address at the switch, a place of last resort and a profile', async () => {
    const { accounts, find } = setUp();
    const demo = must(await accounts.create({ name: 'Demo', password: 'long enough' }));
    assert.equal(demo.name, 'demo');
    assert.deepEqual(demo.addresses, [post('demo@switch.example')]);
    const address = { channel: 'shelf', value: demo.id };
    assert.deepEqual(demo.devices[0]?.endpoints, [{ id: 'shelf', address, lastResort: true }]);
    assert.deepEqual(demo.profiles[0]?.steps, [{ endpoints: ['shelf'] }]);
    assert.match(demo.password ?? '', /^scrypt\$/);
    assert.equal(await find('demo@switch.example'), 'demo');
    const via = post('demo@switch.example');
    assert.deepEqual(recipientOf(demo), { kind: 'subscriber', account: demo.id, via });
  });

  it('is found by name, identifier and any address, in any case', async () => {
    const { accounts } = setUp();
    const demo = must(
      await accounts.create({ name: 'demo', addresses: [post('d@company.example')] }),
    );
    for (const text of ['demo', 'DEMO', demo.id, 'd@company.example', 'D@Company.example']) {
      assert.equal((await accounts.find(text))?.id, demo.id);
    }
    assert.equal(await accounts.find('x@company.example'), undefined);
  });

  it('happens once for a name, also when two do it at once', async () => {
    const { accounts } = setUp();
    const both = await Promise.all([
      accounts.create({ name: 'demo' }),
      accounts.create({ name: 'demo' }),
    ]);
    assert.equal(both.filter((result) => result.ok).length, 1);
    assert.equal(code(await accounts.create({ name: 'demo' })), 'ACCOUNT_EXISTS');
    assert.equal((await accounts.list()).length, 1);
  });

  it('leaves no claim behind when an address is another’s', async () => {
    const { accounts, find } = setUp();
    must(await accounts.create({ name: 'one', addresses: [post('x@company.example')] }));
    const wanted = {
      name: 'two',
      addresses: [post('y@company.example'), post('X@company.example')],
    };
    assert.equal(code(await accounts.create(wanted)), 'ADDRESS_TAKEN');
    assert.equal(await find('y@company.example'), 'nobody');
    assert.equal(await find('x@company.example'), 'one');
    must(await accounts.create({ name: 'two', addresses: [post('y@company.example')] }));
  });

  it('refuses names, passwords, channels and addresses that cannot be', async () => {
    const { accounts } = setUp();
    for (const name of ['', '../etc', 'a b', 'a..b', 'x'.repeat(65), 'ä', 'a/b', '-a']) {
      assert.equal(code(await accounts.create({ name })), 'ACCOUNT_INVALID', name);
    }
    assert.equal(code(await accounts.create({ name: 'a', password: 'short' })), 'ACCOUNT_INVALID');
    const at = (channel: string, value: string) =>
      accounts.create({ name: 'a', addresses: [{ channel, value }] });
    assert.equal(code(await at('smoke', 'x')), 'CHANNEL_UNKNOWN');
    assert.equal(code(await at('post', 'x')), 'ADDRESS_SYNTAX');
    assert.deepEqual(await accounts.list(), []);
  });

  it('is a failure, not an exception, when the store cannot write', async () => {
    const store = createMemoryStore();
    const { accounts } = setUp(store);
    store.breakWith('disk full');
    const failed = await accounts.create({ name: 'demo' });
    assert.equal(code(failed), 'STORE_UNAVAILABLE');
    store.breakWith(undefined);
    must(await accounts.create({ name: 'demo' }));
  });
});

describe('a change', () => {
  it('counts the version, and many at once are all kept', async () => {
    const { accounts, changes } = setUp();
    const { id } = must(await accounts.create({ name: 'demo' }));
    const added = await Promise.all(
      Array.from({ length: 6 }, (_, i) => accounts.addAddress(id, post(`a${i}@company.example`))),
    );
    for (const one of added) must(one);
    const demo = await accounts.get(id);
    assert.equal(demo?.version, 7);
    assert.equal(demo?.addresses.length, 7);
    assert.deepEqual(new Set(changes), new Set([id]));
    assert.equal(changes.length, 7);
  });

  it('of an account that does not exist is refused', async () => {
    const { accounts } = setUp();
    assert.equal(code(await accounts.clearQuiet('nobody')), 'ACCOUNT_UNKNOWN');
    assert.equal(code(await accounts.addAddress('nobody', post('a@b.example'))), 'ACCOUNT_UNKNOWN');
    assert.equal(code(await accounts.remove('nobody')), 'ACCOUNT_UNKNOWN');
  });

  it('never goes beyond the limits', async () => {
    const { accounts } = setUp();
    const addresses = Array.from({ length: ADDRESSES_MAX - 1 }, (_, i) => post(`a${i}@b.example`));
    const { id } = must(await accounts.create({ name: 'demo', addresses }));
    assert.equal(code(await accounts.addAddress(id, post('more@b.example'))), 'ACCOUNT_LIMIT');
    assert.equal((await accounts.get(id))?.addresses.length, ADDRESSES_MAX);
  });
});

describe('an address', () => {
  it('added twice is one; removed, it is nobody’s and anybody may have it', async () => {
    const { accounts, clock, find } = setUp();
    const one = must(await accounts.create({ name: 'one' }));
    const two = must(await accounts.create({ name: 'two' }));
    must(await accounts.addAddress(one.id, post('x@b.example')));
    assert.equal(must(await accounts.addAddress(one.id, post('x@b.example'))).addresses.length, 2);
    assert.equal(code(await accounts.addAddress(two.id, post('x@b.example'))), 'ADDRESS_TAKEN');
    assert.equal(await find('x@b.example'), 'one');
    must(await accounts.removeAddress(one.id, post('x@b.example')));
    clock.advance(2_000);
    assert.equal(await find('x@b.example'), 'nobody');
    assert.equal(
      code(await accounts.removeAddress(one.id, post('x@b.example'))),
      'ADDRESS_UNKNOWN',
    );
    must(await accounts.addAddress(two.id, post('x@b.example')));
    assert.equal(await find('x@b.example'), 'two');
  });

  it('claimed by an account that died too early counts for nobody, then lapses', async () => {
    const { accounts, clock, find, store } = setUp();
    const address = post('x@b.example');
    const key = addressKey(address);
    const head = { rows: [], lookAt: null, dueAt: null, lane: '', closed: false, outboxSize: 0 };
    await store.create({
      key,
      value: { key, address, account: 'crashed', claimedAt: clock.now() },
      head: { ...head, purgeAt: null, unique: null },
      token: 't',
    });
    assert.equal(await find('x@b.example'), 'tryLater');
    const { id } = must(await accounts.create({ name: 'one' }));
    assert.equal(code(await accounts.addAddress(id, address)), 'ADDRESS_TAKEN');
    assert.equal(await accounts.repair(), 0);
    clock.advance(CLAIM_LASTS_MS);
    assert.equal(await accounts.repair(), 1);
    assert.equal(await find('x@b.example'), 'nobody');
    must(await accounts.addAddress(id, address));
    assert.equal(await accounts.repair(), 0);
    clock.advance(2_000);
    assert.equal(await find('x@b.example'), 'one');
  });
});

describe('devices and profiles', () => {
  it('name endpoints by the device, and a moved endpoint moves in every profile', async () => {
    const { accounts } = setUp();
    const { id } = must(await accounts.create({ name: 'demo' }));
    const device = { name: 'My phone', addresses: [post('p@b.example')] };
    const added = must(await accounts.addDevice(id, device));
    assert.deepEqual(added.devices[1]?.endpoints, [
      { id: 'my-phone', address: post('p@b.example') },
    ]);
    const twin = must(await accounts.addDevice(id, device));
    assert.equal(twin.devices[2]?.id, 'my-phone-2');
    const moved = must(await accounts.moveEndpoint(id, 'my-phone', post('q@b.example')));
    assert.deepEqual(moved.devices[1]?.endpoints[0]?.address, post('q@b.example'));
    assert.equal(
      code(await accounts.moveEndpoint(id, 'shelf', post('q@b.example'))),
      'DEVICE_UNKNOWN',
    );
  });

  it('hold together: no profile of unknown endpoints, none of a device that is gone', async () => {
    const { accounts } = setUp();
    const { id } = must(await accounts.create({ name: 'demo' }));
    must(await accounts.addDevice(id, { name: 'phone', addresses: [post('p@b.example')] }));
    const profile = { id: 'work', name: 'Work', confirms: 'any', lastResort: 'inbox' } as const;
    const put = (steps: { endpoints: string[]; waitMs?: number }[]) =>
      accounts.putProfile(id, { ...profile, steps });
    assert.equal(code(await put([{ endpoints: ['pager'] }])), 'DEVICE_UNKNOWN');
    assert.equal(code(await put([{ endpoints: ['phone'], waitMs: -1 }])), 'ACCOUNT_INVALID');
    must(await put([{ endpoints: ['phone'], waitMs: 1 }, { endpoints: ['shelf'] }]));
    const left = must(await accounts.removeDevice(id, 'phone'));
    const work = left.profiles.find((own) => own.id === 'work');
    assert.deepEqual(work?.steps, [{ endpoints: ['shelf'] }]);
    assert.equal(code(await accounts.removeDevice(id, 'shelf')), 'ACCOUNT_INVALID');
    assert.equal(code(await accounts.removeDevice(id, 'phone')), 'DEVICE_UNKNOWN');
  });

  it('set by hand for a time or for good; a removed profile is set no more', async () => {
    const { accounts, clock } = setUp();
    const { id } = must(await accounts.create({ name: 'demo' }));
    const profile = { id: 'work', name: 'Work', steps: [], confirms: 'any' } as const;
    must(await accounts.putProfile(id, { ...profile, lastResort: 'inbox' }));
    const until = clock.now() + 10;
    assert.equal(code(await accounts.setActive(id, { profile: 'gone' })), 'PROFILE_UNKNOWN');
    const past = { profile: 'work', until: clock.now() };
    assert.equal(code(await accounts.setActive(id, past)), 'ACCOUNT_INVALID');
    must(await accounts.setActive(id, { profile: 'work', until }));
    const settings = must(await accounts.setActive(id, { profile: 'default' })).active;
    assert.deepEqual(settings, [{ profile: 'default' }]);
    must(await accounts.setActive(id, { profile: 'work', until }));
    const left = must(await accounts.removeProfile(id, 'work'));
    assert.deepEqual(left.active, [{ profile: 'default' }]);
    assert.equal(code(await accounts.removeProfile(id, 'default')), 'ACCOUNT_INVALID');
    assert.deepEqual(must(await accounts.clearActive(id)).active, []);
  });

  it('quiet: set with exceptions that say something, and cleared', async () => {
    const { accounts, clock } = setUp();
    const { id } = must(await accounts.create({ name: 'demo' }));
    const until = clock.now() + 10;
    const set = (exceptions: object[], at = until) =>
      accounts.setQuiet(id, { until: at, exceptions });
    assert.equal(code(await set([{}])), 'ACCOUNT_INVALID');
    assert.equal(code(await set([], clock.now())), 'ACCOUNT_INVALID');
    assert.equal(must(await set([{ subject: 'fire' }])).quiet?.until, until);
    assert.equal(must(await accounts.clearQuiet(id)).quiet, undefined);
  });
});

describe('the list', () => {
  it('pages through the accounts, and names the operators', async () => {
    const { accounts } = setUp();
    for (const name of ['a', 'b', 'c']) must(await accounts.create({ name }));
    const [first] = await accounts.list({ limit: 1 });
    assert.ok(first);
    const rest = await accounts.list({ after: first.id });
    assert.equal(rest.length, 2);
    assert.deepEqual(await accounts.list({ role: 'operator' }), []);
    must(await accounts.setRoles(first.id, ['subscriber', 'operator']));
    assert.deepEqual(
      (await accounts.list({ role: 'operator' })).map(({ id }) => id),
      [first.id],
    );
  });
});

describe('a removed account', () => {
  it('is gone, its name and addresses are free, and its successor is another one', async () => {
    const { accounts, clock, find } = setUp();
    const one = must(await accounts.create({ name: 'demo', addresses: [post('x@b.example')] }));
    assert.equal(code(await accounts.remove(one.id)), 'ok');
    assert.equal(await accounts.get(one.id), undefined);
    assert.equal(await accounts.find('demo'), undefined);
    assert.deepEqual(await accounts.list(), []);
    clock.advance(2_000);
    assert.equal(await find('x@b.example'), 'nobody');
    const two = must(await accounts.create({ name: 'demo', addresses: [post('x@b.example')] }));
    assert.notEqual(two.id, one.id);
    assert.equal(await find('x@b.example'), 'demo');
  });
});
