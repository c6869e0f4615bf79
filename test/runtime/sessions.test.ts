/** Sessions and sign-in links over each store: how they begin, how they end, what is kept. */

import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { readAccount } from '../../runtime/account-documents.js';
import { createAccounts } from '../../runtime/accounts.js';
import type { Session } from '../../runtime/sessions.js';
import {
  createSessions,
  endAllSessions,
  LINK_LASTS_MS,
  SEEN_EVERY_MS,
  SESSION_IDLE_MS,
  SESSION_LASTS_MS,
  SESSIONS_MAX,
  SETTLES_MS,
} from '../../runtime/sessions-in-store.js';
import { openEmbeddedStore } from '../../runtime/store/embedded.js';
import { createMemoryStore } from '../../runtime/store/memory.js';
import type { Store } from '../../runtime/store/store.js';
import { temporaryFolder } from '../harness/files.js';
import { type ManualClock, manualClock } from '../harness/manual-clock.js';

const FROM = { peer: '192.0.2.7', program: 'Browser/1.0' };
const LIMITS = { reserveBytes: 0, lowBytes: 0, lowerBytes: 0 };

const STORES: Readonly<Record<string, (t: TestContext, clock: ManualClock) => Store>> = {
  memory: () => createMemoryStore(),
  lmdb: (t, clock) =>
    openEmbeddedStore({
      directory: temporaryFolder(t),
      clock,
      limits: LIMITS,
      onFatal: (error) => assert.fail(error),
    }),
};

async function world(t: TestContext, open: (typeof STORES)[string]) {
  const clock = manualClock();
  const store = open(t, clock);
  t.after(() => store.close());
  const accounts = createAccounts({ store, clock, channels: [], defaultAddresses: () => [] });
  const sessions = createSessions({
    store,
    clock,
    account: async (id) => (await readAccount(store, id))?.account,
  });
  const created = await accounts.create({ name: 'ada', password: 'first password' });
  assert.ok(created.ok, created.ok ? '' : created.message);
  return { clock, store, accounts, sessions, id: created.account.id };
}

for (const [name, open] of Object.entries(STORES)) {
  describe(`a sign-in link (${name})`, () => {
    it('signs in once', async (t) => {
      const { sessions, id } = await world(t, open);
      const key = await sessions.makeLink(id);
      assert.equal((await sessions.useLink(key))?.id, id);
      assert.equal(await sessions.useLink(key), undefined);
    });

    it('signs in once also when two use it at the same moment', async (t) => {
      const { sessions, id } = await world(t, open);
      const key = await sessions.makeLink(id);
      const used = await Promise.all(Array.from({ length: 8 }, () => sessions.useLink(key)));
      assert.equal(used.filter((account) => account !== undefined).length, 1);
    });

    it('is too late after its time, and unknown when it was never made', async (t) => {
      const { sessions, clock, id } = await world(t, open);
      const key = await sessions.makeLink(id);
      clock.advance(LINK_LASTS_MS - 1);
      assert.equal((await sessions.useLink(key))?.id, id);
      const late = await sessions.makeLink(id);
      clock.advance(LINK_LASTS_MS);
      assert.equal(await sessions.useLink(late), undefined);
      for (const wrong of ['', 'x', 'A'.repeat(43), `${key}0`, '../'.repeat(20)]) {
        assert.equal(await sessions.useLink(wrong), undefined);
      }
    });

    it('of a removed account signs nobody in', async (t) => {
      const { sessions, accounts, id } = await world(t, open);
      const key = await sessions.makeLink(id);
      assert.ok((await accounts.remove(id)).ok);
      assert.equal(await sessions.useLink(key), undefined);
    });
  });

  describe(`a session (${name})`, () => {
    it('is found by its token, and by nothing else that is stored', async (t) => {
      const { sessions, store, id } = await world(t, open);
      const { token, session } = await sessions.open(id, FROM);
      const found = await sessions.find(token);
      assert.equal(found?.account.name, 'ada');
      assert.deepEqual(found?.session, session);
      const keys = await store.list('keys/', { limit: 1000, order: 'ascending' });
      const stored = await Promise.all(keys.map((key) => store.get(key)));
      assert.ok(stored.length > 1);
      assert.ok(!JSON.stringify(stored).includes(token));
      for (const key of keys) assert.equal(await sessions.find(key), undefined);
      assert.equal(await sessions.find(session.id), undefined);
    });

    it('ends when it is revoked, for its own account only, and its pages are told', async (t) => {
      const { sessions, id } = await world(t, open);
      const told: Session[] = [];
      sessions.onRevoked((session) => told.push(session));
      const one = await sessions.open(id, FROM);
      const other = await sessions.open(id, FROM);
      assert.equal(await sessions.revoke('somebody-else', one.session.id), false);
      assert.equal(await sessions.revoke(id, one.session.id), true);
      assert.equal(await sessions.revoke(id, one.session.id), false);
      assert.equal(await sessions.find(one.token), undefined);
      assert.notEqual(await sessions.find(other.token), undefined);
      assert.deepEqual(
        told.map((session) => session.id),
        [one.session.id],
      );
      assert.deepEqual(
        (await sessions.list(id)).map((session) => session.id),
        [other.session.id],
      );
    });

    it('ends when it is not used for long, and lives on while it is used', async (t) => {
      const { sessions, clock, id } = await world(t, open);
      const used = await sessions.open(id, FROM);
      const unused = await sessions.open(id, FROM);
      clock.advance(SESSION_IDLE_MS - 1);
      assert.notEqual(await sessions.find(used.token), undefined);
      clock.advance(1);
      assert.equal(await sessions.find(unused.token), undefined);
      assert.equal((await sessions.list(id)).length, 1);
      clock.advance(SESSION_IDLE_MS - 2);
      assert.notEqual(await sessions.find(used.token), undefined);
    });

    it('ends after its whole time, however much it is used', async (t) => {
      const { sessions, clock, id } = await world(t, open);
      const { token } = await sessions.open(id, FROM);
      let lived = 0;
      while (lived < SESSION_LASTS_MS - SESSION_IDLE_MS / 2) {
        clock.advance(SESSION_IDLE_MS / 2);
        lived += SESSION_IDLE_MS / 2;
        assert.notEqual(await sessions.find(token), undefined);
      }
      clock.advance(SESSION_LASTS_MS - lived);
      assert.equal(await sessions.find(token), undefined);
    });

    it('writes that it was seen only now and then', async (t) => {
      const { sessions, store, clock, id } = await world(t, open);
      const { token } = await sessions.open(id, FROM);
      const [key = ''] = await store.list('keys/sign-in/', { limit: 1, order: 'ascending' });
      clock.advance(SEEN_EVERY_MS - 1);
      for (let i = 0; i < 5; i += 1) await sessions.find(token);
      assert.equal((await store.get(key))?.rev, 1);
      clock.advance(1);
      for (let i = 0; i < 5; i += 1) await sessions.find(token);
      assert.equal((await store.get(key))?.rev, 2);
    });

    it('ends with all others in a copy that is put back', async (t) => {
      const { sessions, store, clock, id } = await world(t, open);
      const { token } = await sessions.open(id, FROM);
      const [session] = await sessions.list(id);
      const key = await sessions.makeLink(id);
      assert.ok(session);
      assert.equal(await endAllSessions({ store, clock }), 2);
      assert.equal(await endAllSessions({ store, clock }), 0);
      assert.equal(await sessions.find(token), undefined);
      assert.equal(await sessions.useLink(key), undefined);
      assert.deepEqual(await sessions.list(id), []);
    });

    it('goes on while the store takes nothing, and is seen again afterwards', async (t) => {
      const { sessions, store, clock, accounts, id } = await world(t, open);
      const { token } = await sessions.open(id, FROM);
      const full = createSessions({
        store: { ...store, save: () => Promise.reject(new Error('the disk is full')) },
        clock,
        account: (one) => accounts.get(one),
      });
      clock.advance(SEEN_EVERY_MS);
      const found = await full.find(token);
      assert.equal(found?.account.id, id);
      assert.equal(found?.session.seenAt, clock.now() - SEEN_EVERY_MS);
      assert.equal((await sessions.find(token))?.session.seenAt, clock.now());
    });

    it('leaves nothing behind once it is over', async (t) => {
      const { sessions, store, clock, id } = await world(t, open);
      await sessions.makeLink(id);
      const { session } = await sessions.open(id, FROM);
      await sessions.open(id, FROM);
      await sessions.revoke(id, session.id);
      clock.advance(SESSION_IDLE_MS);
      await store.purge(clock.now(), 100);
      for (const prefix of ['keys/sign-in/', 'keys/sign-in-link/']) {
        assert.deepEqual(await store.list(prefix, { limit: 10, order: 'ascending' }), []);
      }
    });

    it('ends with its account', async (t) => {
      const { sessions, accounts, clock, id } = await world(t, open);
      const { token, session } = await sessions.open(id, FROM);
      const closed = new Promise<Session>((resolve) => sessions.onRevoked(resolve));
      assert.ok((await accounts.remove(id)).ok);
      assert.equal(await sessions.find(token), undefined);
      assert.deepEqual(await sessions.list(id), []);
      sessions.accountChanged(id);
      clock.advance(SETTLES_MS);
      assert.equal((await closed).id, session.id);
    });

    it('ends with its password, but the one that changed it goes on', async (t) => {
      const { sessions, accounts, clock, id } = await world(t, open);
      const mine = await sessions.open(id, FROM);
      const other = await sessions.open(id, FROM);
      const told: string[] = [];
      sessions.onRevoked((session) => told.push(session.id));
      assert.ok((await accounts.setPassword(id, 'second password')).ok);
      assert.equal(await sessions.find(other.token), undefined, 'before anybody revokes it');
      sessions.accountChanged(id);
      assert.equal(await sessions.revokeOthers(id, mine.session.id), 1);
      clock.advance(SETTLES_MS);
      assert.notEqual(await sessions.find(mine.token), undefined);
      assert.deepEqual(told, [other.session.id]);
    });

    it('that begins with a password that has just been changed is none', async (t) => {
      const { sessions, accounts, id } = await world(t, open);
      const before = await accounts.get(id);
      assert.ok(before);
      assert.ok((await accounts.setPassword(id, 'second password')).ok);
      await sessions.revokeOthers(id, 'none');
      const late = await sessions.open(id, FROM, before);
      assert.equal(await sessions.find(late.token), undefined);
      const after = await accounts.get(id);
      assert.ok(after);
      assert.ok(await sessions.find((await sessions.open(id, FROM, after)).token));
    });

    it('makes room for a new one: the one not seen for longest goes', async (t) => {
      const { sessions, clock, id } = await world(t, open);
      const first = await sessions.open(id, FROM);
      clock.advance(1);
      for (let i = 1; i < SESSIONS_MAX; i += 1) await sessions.open(id, FROM);
      assert.notEqual(await sessions.find(first.token), undefined);
      await sessions.open(id, FROM);
      assert.equal(await sessions.find(first.token), undefined);
      assert.equal((await sessions.list(id)).length, SESSIONS_MAX);
    });
  });
}
