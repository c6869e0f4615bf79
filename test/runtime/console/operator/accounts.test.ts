/** Accounts in an operator's hands. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anOperator } from '../an-operator.js';

test('opened, listed, looked for; no password leaves', async (t) => {
  const desk = await anOperator(t);
  const made = await desk.ask('accounts.create', {
    name: 'zoe',
    password: 'correct horse',
    operator: true,
  });
  assert.deepEqual(made.roles, ['subscriber', 'operator']);
  assert.equal(made.hasPassword, true);
  for (let i = 0; i < 55; i += 1) await desk.account(`user${i}`);
  const first = await desk.ask('accounts.list', {});
  assert.equal(first.items.length, 50);
  const second = await desk.ask('accounts.list', { ...(first.next && { after: first.next }) });
  assert.equal(first.items.length + second.items.length, 57);
  const found = await desk.ask('accounts.list', { search: 'USER54' });
  assert.deepEqual(
    found.items.map(({ name }) => name),
    ['user54'],
  );
  assert.doesNotMatch(JSON.stringify([first, second, found]), /scrypt/);
  await desk.refused('accounts.create', { name: 'zoe', operator: false }, 'ACCOUNT_EXISTS');
});

test('a new password ends the sessions opened with the old one', async (t) => {
  const desk = await anOperator(t);
  const { sessions, running } = desk.parts;
  const sam = await desk.account('sam');
  const { token } = await sessions.open(sam.id, { peer: '192.0.2.1', program: 'test' });
  await desk.ask('accounts.password', { name: 'sam', password: 'correct horse' });
  assert.equal(await sessions.find(token), undefined);
  const signedIn = await running.authenticator.signIn('sam', 'correct horse', '192.0.2.1');
  assert.equal(signedIn.ok, true);
  await desk.refused('accounts.password', { name: 'sam', password: 'short' }, 'ACCOUNT_INVALID');
  await desk.refused('accounts.password', { name: 'nobody', password: 'x' }, 'ACCOUNT_UNKNOWN');
});

test('a link signs its account in, once', async (t) => {
  const desk = await anOperator(t);
  await desk.account('sam');
  const { url } = await desk.ask('accounts.link', { name: 'sam' });
  const [address, key = ''] = url.split('#k=');
  assert.equal(address, 'http://localhost:2580/');
  assert.equal((await desk.parts.sessions.useLink(key))?.name, 'sam');
  assert.equal(await desk.parts.sessions.useLink(key), undefined);
});

test('nobody removes the own account or the last operator', async (t) => {
  const desk = await anOperator(t);
  const words = await desk.refused('accounts.remove', { name: 'olga' }, 'NOT_ALLOWED');
  assert.match(words, /another operator/);
  const otto = await desk.account('otto', ['subscriber', 'operator']);
  await desk.ask('accounts.remove', { name: 'olga' }, otto);
  assert.equal(await desk.parts.running.accounts.find('olga'), undefined);
  // Nina loses the right while her call is on its way: Otto is the last one then.
  const nina = await desk.account('nina', ['subscriber', 'operator']);
  await desk.parts.running.accounts.setRoles(nina.id, ['subscriber']);
  const last = await desk.refused('accounts.remove', { name: 'otto' }, 'NOT_ALLOWED', nina);
  assert.match(last, /last operator/);
});

test('everything that was done to others stands in the audit, the newest first', async (t) => {
  const desk = await anOperator(t);
  await desk.ask('accounts.create', { name: 'sam', operator: false });
  desk.later();
  await desk.ask('accounts.link', { name: 'sam' });
  desk.later();
  await desk.ask('accounts.remove', { name: 'sam' });
  const { items } = await desk.ask('audit', {});
  assert.deepEqual(
    items.map(({ by, what, of }) => `${by} ${what}: ${of}`),
    [
      'olga removed an account: sam',
      'olga made a link that signs in: sam',
      'olga opened an account: sam',
    ],
  );
});
