/** Signing in over HTTP: links, passwords, cookies, who is slowed down and who is not. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { aGateway, askAt, PASSWORD } from './a-gateway.js';

const PROXY = { http: { trustProxy: ['127.0.0.1'], publicUrl: 'https://switch.example.org' } };
const OUTSIDE = {
  origin: 'https://switch.example.org',
  'content-type': 'application/json',
  'x-forwarded-proto': 'https',
};

function tokenOf(cookie: string | undefined): string {
  return /^[^=]+=([^;]*)/.exec(cookie ?? '')?.[1] ?? '';
}

describe('signing in', () => {
  it('by a link works once, and gives a cookie that this computer keeps', async (t) => {
    const { open, post, sessions, id } = await aGateway(t);
    open();
    const key = await sessions.makeLink(id);
    const first = await post('/login', { key });
    assert.equal(first.status, 200);
    assert.deepEqual(JSON.parse(first.text), { ok: true, value: { name: 'ada' } });
    const [cookie = ''] = first.headers['set-cookie'] ?? [];
    assert.match(cookie, /^pb=[\w-]{43}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/);
    assert.equal((await sessions.find(tokenOf(cookie)))?.account.id, id);
    const second = await post('/login', { key });
    assert.equal(second.status, 401);
    assert.match(second.text, /works once.*patchboard account link/);
    assert.equal(second.headers['set-cookie'], undefined);
  });

  it('by two at the same moment lets one of them in', async (t) => {
    const { open, post, sessions, id } = await aGateway(t);
    open();
    const key = await sessions.makeLink(id);
    const both = await Promise.all([post('/login', { key }), post('/login', { key })]);
    assert.deepEqual(both.map(({ status }) => status).sort(), [200, 401]);
  });

  it('under HTTPS gives a Secure cookie that no other host can set', async (t) => {
    const { open, port, sessions, id } = await aGateway(t, PROXY);
    open();
    const body = JSON.stringify({ key: await sessions.makeLink(id) });
    const asking = { method: 'POST', path: '/login', headers: OUTSIDE, body };
    const got = await askAt(port, 'switch.example.org', asking);
    assert.equal(got.status, 200, got.text);
    const [cookie = ''] = got.headers['set-cookie'] ?? [];
    assert.match(
      cookie,
      /^__Host-pb=[\w-]{43}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax; Secure$/,
    );
    assert.match(got.headers['strict-transport-security'] ?? '', /^max-age=\d{7,}$/);
    // The plain cookie, which any page on this host could have set, counts for nothing there.
    const plain = { ...OUTSIDE, cookie: `pb=${tokenOf(cookie)}` };
    const call = { method: 'POST', path: '/api/me', body: '{}' };
    const withPlain = await askAt(port, 'switch.example.org', { ...call, headers: plain });
    assert.equal(withPlain.status, 401);
    const own = { ...OUTSIDE, cookie: `__Host-pb=${tokenOf(cookie)}` };
    assert.equal((await askAt(port, 'switch.example.org', { ...call, headers: own })).status, 200);
  });

  it('by password works, and ends the session that the browser had', async (t) => {
    const { open, post, sessions } = await aGateway(t);
    open();
    const first = await post('/login', { name: 'ada', password: PASSWORD });
    assert.equal(first.status, 200);
    const before = tokenOf(first.headers['set-cookie']?.[0]);
    const again = { name: 'ada', password: PASSWORD };
    const second = await post('/login', again, { cookie: `pb=${before}` });
    assert.equal(second.status, 200);
    assert.equal(await sessions.find(before), undefined);
    assert.notEqual(await sessions.find(tokenOf(second.headers['set-cookie']?.[0])), undefined);
  });

  it('tells a wrong name and a wrong password alike', async (t) => {
    const { open, post } = await aGateway(t);
    open();
    const name = await post('/login', { name: 'nobody', password: PASSWORD });
    const password = await post('/login', { name: 'ada', password: 'wrong password' });
    assert.equal(name.status, 401);
    assert.deepEqual([name.status, name.text], [password.status, password.text]);
  });

  it('slows a guesser down, and lets the victim in from elsewhere', async (t) => {
    const { open, port } = await aGateway(t, PROXY);
    open();
    const from = (peer: string, password: string) =>
      askAt(port, 'switch.example.org', {
        method: 'POST',
        path: '/login',
        headers: { ...OUTSIDE, 'x-forwarded-for': `10.9.8.7, ${peer}` },
        body: JSON.stringify({ name: 'ada', password }),
      });
    const statuses: number[] = [];
    for (let i = 0; i < 8; i += 1) statuses.push((await from('192.0.2.66', `guess ${i}`)).status);
    assert.deepEqual(statuses.slice(0, 5), [401, 401, 401, 401, 401]);
    assert.equal(statuses.at(-1), 429);
    assert.equal((await from('192.0.2.66', PASSWORD)).status, 429, 'even with the right one');
    assert.equal((await from('198.51.100.4', PASSWORD)).status, 200, 'the victim elsewhere');
  });

  it('takes nothing but JSON of its own form, and not much of it', async (t) => {
    const { open, post, ask, own } = await aGateway(t);
    open();
    for (const wrong of [{}, [], null, { key: 5 }, { name: 'ada' }, { name: {}, password: [] }]) {
      assert.equal((await post('/login', wrong)).status, 400, JSON.stringify(wrong));
    }
    const form = { ...own, 'content-type': 'text/plain' };
    const asking = { method: 'POST', path: '/login', body: '{"key":"x"}' };
    assert.equal((await ask({ ...asking, headers: form })).status, 415);
    assert.equal((await ask({ ...asking, headers: own, body: '{"key":' })).status, 400);
    assert.equal((await post('/login', { key: 'x'.repeat(20_000) })).status, 413);
  });

  it('ends with signing out: the cookie is forgotten', async (t) => {
    const { open, post, signIn } = await aGateway(t);
    open();
    const got = await post('/api/signOut', {}, { cookie: await signIn() });
    assert.equal(got.status, 200);
    assert.match(got.headers['set-cookie']?.[0] ?? '', /^pb=; Path=\/; Max-Age=0; /);
  });
});

describe('without a session', () => {
  it('calls, documents and lines answer 401', async (t) => {
    const { open, post, ask, calls } = await aGateway(t);
    open();
    const got = await post('/api/me', {});
    assert.equal(got.status, 401);
    assert.equal(JSON.parse(got.text).code, 'SIGN_IN_NEEDED');
    assert.equal((await ask({ path: '/api/part?key=x' })).status, 401);
    const cookies = ['pb=', 'pb=abc', `pb=${'A'.repeat(43)}`, 'pb=a; pb=b', 'x'.repeat(4000)];
    for (const cookie of cookies) {
      assert.equal((await post('/api/me', {}, { cookie })).status, 401, cookie.slice(0, 60));
    }
    assert.deepEqual(calls, []);
  });
});
