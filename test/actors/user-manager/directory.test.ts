/** The directory: both halves agree or nobody counts; never older than two seconds. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { CACHE_MS, createDirectory } from '../../../actors/user-manager/directory.js';
import type { Account } from '../../../schemas/account.js';
import { addressKey } from '../../../schemas/address.js';
import type { AddressDocument } from '../../../schemas/message.js';
import { manualClock } from '../../harness/manual-clock.js';
import { anAccount } from './an-account.js';

const address = { channel: 'post', value: 'r@switch.example' };
const key = addressKey(address);

function setUp() {
  const clock = manualClock();
  const stored = {
    accounts: new Map<string, Account>([['r1', anAccount()]]),
    addresses: new Map<string, AddressDocument>([[key, { key, address, account: 'r1' }]]),
    reads: 0,
    broken: false,
  };
  const read = <T>(from: Map<string, T>, at: string) => {
    stored.reads += 1;
    return stored.broken ? Promise.reject(new Error('disk')) : Promise.resolve(from.get(at));
  };
  const directory = createDirectory({
    clock,
    reads: {
      address: (at) => read(stored.addresses, at),
      account: (id) => read(stored.accounts, id),
    },
  });
  return { clock, directory, stored };
}

it('finds the subscriber when both halves agree', async () => {
  const { directory } = setUp();
  const found = await directory.find(address);
  assert.ok(found.kind === 'subscriber');
  assert.equal(found.account.id, 'r1');
});

it('knows nobody by an address that no document names, or one given up', async () => {
  const { directory, stored } = setUp();
  assert.equal((await directory.find({ ...address, value: 'x' })).kind, 'nobody');
  stored.addresses.set(key, { key, address, account: 'r1', removed: true });
  assert.equal((await directory.find(address)).kind, 'nobody');
});

it('asks to try later when the halves disagree, and finds once they agree', async () => {
  const { directory, stored } = setUp();
  stored.accounts.set('r1', anAccount({ addresses: [] }));
  assert.equal((await directory.find(address)).kind, 'tryLater');
  stored.accounts.set('r1', anAccount());
  assert.equal((await directory.find(address)).kind, 'subscriber');
});

it('asks to try later when the store cannot be read, and does not remember that', async () => {
  const { directory, stored } = setUp();
  stored.broken = true;
  const found = await directory.find(address);
  assert.ok(found.kind === 'tryLater');
  assert.match(found.reason, /cannot be read: disk/);
  stored.broken = false;
  assert.equal((await directory.find(address)).kind, 'subscriber');
});

it('reads an account again when it may be 2 s old, or at once after a change here', async () => {
  const { clock, directory, stored } = setUp();
  const version = async () => (await directory.account('r1'))?.version;
  assert.equal(await version(), 41);
  stored.accounts.set('r1', anAccount({ version: 42 }));
  clock.advance(CACHE_MS - 1);
  assert.equal(await version(), 41);
  assert.equal(stored.reads, 1);
  clock.advance(1);
  assert.equal(await version(), 42);
  stored.accounts.set('r1', anAccount({ version: 43 }));
  directory.invalidate('r1');
  assert.equal(await version(), 43);
});

it('shares one read among those who ask at the same time', async () => {
  const { directory, stored } = setUp();
  await Promise.all(Array.from({ length: 50 }, () => directory.find(address)));
  assert.equal(stored.reads, 2);
});
