/** Requests from other sites, under other names, over plain HTTP, through proxies. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { peerOf, proxiesFrom } from '../../../runtime/gateway/proxies.js';
import { aGateway, askAt, openLine } from './a-gateway.js';

const ORIGINS = [
  'https://evil.example',
  'http://localhost',
  'http://localhost:1',
  'null',
  'https://localhost',
  'http://localhost.evil.example',
];

describe('a page of another origin', () => {
  it('can make no call with the cookie of its visitor', async (t) => {
    const { open, post, ask, signIn, calls, refused, own } = await aGateway(t);
    open();
    const cookie = await signIn();
    for (const origin of ORIGINS) {
      const got = await post('/api/quiet.clear', {}, { cookie, origin });
      assert.equal(got.status, 403, origin);
      assert.match(got.text, /may not do this/);
    }
    const { origin: _, ...without } = own;
    const silent = { method: 'POST', path: '/api/quiet.clear', body: '{}' };
    assert.equal((await ask({ ...silent, headers: { ...without, cookie } })).status, 403);
    const site = { cookie, 'sec-fetch-site': 'cross-site' };
    assert.equal((await post('/api/quiet.clear', {}, site)).status, 403);
    assert.equal((await post('/login', { key: 'x' }, { origin: ORIGINS[0] })).status, 403);
    assert.deepEqual(calls, []);
    assert.equal(refused.filter((reason) => reason === 'origin').length, ORIGINS.length + 3);
    assert.equal((await post('/api/quiet.clear', {}, { cookie })).status, 200);
  });

  it('can read no document', async (t) => {
    const { open, ask, signIn } = await aGateway(t);
    open();
    const cookie = await signIn();
    for (const site of ['cross-site', 'same-site']) {
      const headers = { cookie, 'sec-fetch-site': site };
      assert.equal((await ask({ path: '/api/part?key=x', headers })).status, 403, site);
    }
    const headers = { cookie, 'sec-fetch-site': 'same-origin' };
    assert.equal((await ask({ path: '/api/part?key=x', headers })).text, 'a part');
  });

  it('can open no live line', async (t) => {
    const { open, port, host, signIn, lines } = await aGateway(t);
    open();
    const cookie = await signIn();
    for (const origin of ORIGINS) {
      assert.equal(await openLine(port, { host, cookie, origin }), 403, origin);
    }
    assert.equal(await openLine(port, { host, cookie }), 403, 'without an origin');
    const own = `http://${host}`;
    assert.equal(await openLine(port, { host, origin: own }), 401, 'nobody signed in');
    assert.deepEqual(lines, []);
    const opened = await openLine(port, { host, cookie, origin: own });
    assert.ok(opened instanceof WebSocket);
    assert.equal(lines.length, 1);
  });
});

describe('on a listener that only this computer reaches', () => {
  it('another name is refused: DNS rebinding', async (t) => {
    const { open, port, signIn, refused } = await aGateway(t);
    open();
    const cookie = await signIn();
    for (const host of [
      'evil.example',
      `evil.example:${port}`,
      '192.0.2.1',
      'localhost.evil.org',
    ]) {
      const headers = { cookie, origin: `http://${host}`, 'content-type': 'application/json' };
      const asking = { method: 'POST', path: '/api/me', headers, body: '{}' };
      const got = await askAt(port, host, asking);
      assert.equal(got.status, 403, host);
      assert.match(got.text, /not the name of this switch: open http:\/\/localhost:/);
      assert.equal(await openLine(port, { host, cookie, origin: `http://${host}` }), 403);
    }
    assert.equal(refused.filter((reason) => reason === 'host').length, 8);
  });

  it('its own names are taken, each with its own origin', async (t) => {
    const { open, port, signIn } = await aGateway(t);
    open();
    const cookie = await signIn();
    const names = [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`, 'LOCALHOST:99'];
    for (const host of names) {
      const origin = `http://${host.toLowerCase()}`;
      const headers = { cookie, origin, 'content-type': 'application/json' };
      const got = await askAt(port, host, { method: 'POST', path: '/api/me', headers, body: '{}' });
      assert.equal(got.status, 200, host);
    }
  });

  it('a malformed Host gets 400', async (t) => {
    const { open, port } = await aGateway(t);
    open();
    for (const host of ['a b', 'user@localhost', 'localhost:99999999', '<script>', '[::1']) {
      assert.equal((await askAt(port, host, { path: '/' })).status, 400, host);
    }
  });
});

describe('on plain HTTP over a network', () => {
  it('every page says that it is not encrypted, and nothing signs in', async (t) => {
    const world = await aGateway(t, { http: { listen: '0.0.0.0:0' } });
    const { open, port, sessions, id } = world;
    open();
    const host = `switch.lan:${port}`;
    for (const path of ['/', '/m/abc', '/api/me', '/c/x/y', '/page/a.js']) {
      const got = await askAt(port, host, { path });
      assert.equal(got.status, 403, path);
      assert.match(got.text, /This address is not encrypted/);
      assert.match(got.text, new RegExp(`ssh -L ${port}:localhost:${port} switch\\.lan`));
      assert.match(got.text, /publicUrl: https:\/\/switch\.lan[\s\S]*trustProxy/);
    }
    const key = await sessions.makeLink(id);
    const headers = { origin: `http://${host}`, 'content-type': 'application/json' };
    const asking = { method: 'POST', path: '/login', headers, body: JSON.stringify({ key }) };
    assert.equal((await askAt(port, host, asking)).status, 403);
    assert.equal((await sessions.useLink(key))?.id, id, 'the link is not used up');
    assert.equal(await openLine(port, { host, origin: `http://${host}` }), 403);
    assert.equal((await askAt(port, host, { path: '/healthz' })).status, 200);
  });
});

describe('a proxy', () => {
  const https = { 'x-forwarded-proto': 'https' };

  it('that is not trusted makes nothing encrypted', async (t) => {
    const { open, port } = await aGateway(t, { http: { listen: '0.0.0.0:0' } });
    open();
    const got = await askAt(port, 'switch.example.org', { path: '/', headers: https });
    assert.match(got.text, /not encrypted/);
    assert.equal(got.headers['strict-transport-security'], undefined);
  });

  it('that is trusted says the scheme, the name and who asks', async (t) => {
    const { open, port, sessions, id, calls } = await aGateway(t, {
      http: { trustProxy: ['127.0.0.0/8'] },
    });
    open();
    const { token } = await sessions.open(id, { peer: '', program: '' });
    const headers = {
      ...https,
      'x-forwarded-host': 'switch.example.org',
      'x-forwarded-for': '203.0.113.9, 192.0.2.5, 127.0.0.2',
      origin: 'https://switch.example.org',
      'content-type': 'application/json',
      cookie: `__Host-pb=${token}`,
    };
    const asking = { method: 'POST', path: '/api/me', headers, body: '{}' };
    assert.equal((await askAt(port, 'localhost', asking)).status, 200);
    assert.equal(calls[0]?.peer, '192.0.2.5');
    const plain = { ...headers, 'x-forwarded-proto': 'http' };
    assert.match(
      (await askAt(port, 'localhost', { ...asking, headers: plain })).text,
      /not encrypted/,
    );
  });

  it('is believed up to the first address that is none of ours', () => {
    const proxies = proxiesFrom(['10.0.0.0/8', '::1', 'fd00::/8']);
    const cases: readonly (readonly [string, string, string])[] = [
      ['192.0.2.1', '203.0.113.9', '192.0.2.1'],
      ['10.0.0.1', '203.0.113.9', '203.0.113.9'],
      ['::ffff:10.0.0.1', '203.0.113.9', '203.0.113.9'],
      ['10.0.0.1', '1.1.1.1, 203.0.113.9, 10.2.3.4', '203.0.113.9'],
      ['10.0.0.1', '', '10.0.0.1'],
      ['10.0.0.1', '203.0.113.9, <script>', '10.0.0.1'],
      ['10.0.0.1', '10.0.0.2, 10.0.0.3', '10.0.0.2'],
      ['fd00::1', '[2001:db8::7]:4711', '2001:db8::7'],
      ['::1', '198.51.100.7:4711', '198.51.100.7'],
    ];
    for (const [connected, header, peer] of cases) {
      assert.equal(peerOf(proxies, connected, header), peer, `${connected} ← ${header}`);
    }
  });

  it('is named by an address or a network, else the switch does not start', () => {
    for (const wrong of ['proxy.example.org', '10.0.0.0/33', '10.0.0.0/x', '1.2.3.4/8/9', '']) {
      assert.throws(() => proxiesFrom([wrong]), /http\.trustProxy/, wrong);
    }
  });
});
