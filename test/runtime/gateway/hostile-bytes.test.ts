/** Bytes and connections that mean no good: each ends, and others are answered meanwhile. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { aGateway } from './a-gateway.js';

/** Sends bytes on a connection of its own; resolves to everything that came back. */
async function send(port: number, bytes: string | Uint8Array): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => {});
  socket.write(bytes);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}

const HOST = 'Host: localhost\r\n';

const CASES: Readonly<Record<string, readonly [string, RegExp]>> = {
  'no HTTP at all': ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n', /^HTTP\/1\.1 400 /],
  'a head that is too large': [`GET / HTTP/1.1\r\nX: ${'a'.repeat(20_000)}`, /^HTTP\/1\.1 431 /],
  'no Host': ['GET / HTTP/1.1\r\nConnection: close\r\n\r\n', /^HTTP\/1\.1 400 /],
  'an empty Host': ['GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n', /^HTTP\/1\.1 400 /],
  'two lengths': [
    `POST /login HTTP/1.1\r\n${HOST}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`,
    /^HTTP\/1\.1 400 /,
  ],
  'a length and chunks': [
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    /^HTTP\/1\.1 400 /,
  ],
  'a bare line feed in a header': [
    `GET / HTTP/1.1\r\n${HOST}X: a\n b\x00\r\n\r\n`,
    /^HTTP\/1\.1 400 /,
  ],
  'a whole URL as its target': [
    `GET http://evil.example/ HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`,
    /^HTTP\/1\.1 400 /,
  ],
  'an asterisk as its target': [
    `OPTIONS * HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`,
    /^HTTP\/1\.1 400 /,
  ],
  'CONNECT to somewhere': [`CONNECT evil.example:443 HTTP/1.1\r\n${HOST}\r\n`, /^$/],
  'an upgrade to something else': [
    `GET / HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n`,
    /^HTTP\/1\.1 400 /,
  ],
  'a WebSocket without its key': [
    `GET /live HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    /^HTTP\/1\.1 403 /,
  ],
  'a call that promises a huge body': [
    `POST /login HTTP/1.1\r\n${HOST}Origin: http://localhost\r\n` +
      'Content-Type: application/json\r\nContent-Length: 99999999999\r\nConnection: close\r\n\r\n',
    /^HTTP\/1\.1 413 /,
  ],
};

describe('a connection that sends', () => {
  for (const [what, [bytes, expected]] of Object.entries(CASES)) {
    it(`${what} is ended`, async (t) => {
      const { open, port, ask } = await aGateway(t);
      open();
      const got = await send(port, Buffer.from(bytes, 'latin1'));
      assert.match(got, expected);
      if (got !== '') assert.match(got, /content-security-policy: default-src 'none'/i);
      assert.equal((await ask({ path: '/healthz' })).status, 200);
    });
  }

  it('its head slowly is ended in time', async (t) => {
    const { open, port } = await aGateway(t, { limits: { headMs: 100 } });
    open();
    assert.match(await send(port, `GET / HTTP/1.1\r\n${HOST}X: `), /^HTTP\/1\.1 408 /);
  });

  it('nothing is ended in time', async (t) => {
    const { open, port } = await aGateway(t, { limits: { headMs: 100 } });
    open();
    assert.match(await send(port, ''), /^(HTTP\/1\.1 408 |$)/);
  });

  it('its body slowly is ended in time', async (t) => {
    const { open, port } = await aGateway(t, { limits: { headMs: 100, requestMs: 200 } });
    open();
    const head = `POST /login HTTP/1.1\r\n${HOST}Origin: http://localhost\r\n`;
    const rest = 'Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{"key"';
    assert.match(await send(port, head + rest), /^HTTP\/1\.1 (408|500) /);
  });
});

describe('many connections that do nothing', () => {
  it('keep nobody out: the oldest of them go', async (t) => {
    const { open, port, post, signIn } = await aGateway(t, { limits: { connections: 100 } });
    open();
    const cookie = await signIn();
    const idle: Socket[] = [];
    let ended = 0;
    t.after(() => {
      for (const socket of idle) socket.destroy();
    });
    for (let i = 0; i < 300; i += 1) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      socket.on('close', () => {
        ended += 1;
      });
      idle.push(socket);
      await once(socket, 'connect');
      if (i % 2 === 0) socket.write(`GET / HTTP/1.1\r\n${HOST}X-Slow: `);
    }
    assert.equal((await post('/api/me', {}, { cookie })).status, 200);
    const last = idle.at(-1);
    assert.equal(last?.destroyed, false);
    assert.ok(ended >= 150, `${ended} were closed`);
  });

  it('and one account with many requests keeps the others not waiting', async (t) => {
    const world = await aGateway(t, { limits: { requestsPerAccount: 2 } });
    const { open, ask, gateway, signIn } = world;
    let go = (): void => {};
    const wait = new Promise<void>((resolve) => {
      go = resolve;
    });
    let entered = 0;
    let bothIn = (): void => {};
    const both = new Promise<void>((resolve) => {
      bothIn = resolve;
    });
    gateway.doorOf('pager').serve(async ({ account }) => {
      entered += 1;
      if (entered === 2) bothIn();
      if (account !== undefined) await wait;
      return { status: 200, contentType: 'text/plain', body: 'ok' };
    });
    open();
    const headers = { cookie: await signIn() };
    const slow = [1, 2].map(() => ask({ path: '/c/pager/x', headers }));
    await both;
    assert.equal((await ask({ path: '/c/pager/x', headers })).status, 429);
    assert.equal((await ask({ path: '/c/pager/x' })).status, 200, 'somebody else');
    go();
    assert.deepEqual(
      (await Promise.all(slow)).map(({ status }) => status),
      [200, 200],
    );
    assert.equal((await ask({ path: '/c/pager/x', headers })).status, 200);
  });
});

/** A request that is being answered until it is told to go on. */
async function aSlowRequest(t: TestContext) {
  const { open, ask, gateway } = await aGateway(t);
  let go = (): void => {};
  const wait = new Promise<void>((resolve) => {
    go = resolve;
  });
  const entered = new Promise<void>((resolve) => {
    gateway.doorOf('pager').serve(async () => {
      resolve();
      await wait;
      return { status: 200, contentType: 'text/plain', body: 'in time' };
    });
  });
  open();
  const running = ask({ path: '/c/pager/x' });
  await entered;
  return { gateway, ask, running, go };
}

describe('a stop', () => {
  it('says first that it is stopping, while what runs is still answered', async (t) => {
    const { gateway, ask, running, go } = await aSlowRequest(t);
    const shut = gateway.shut();
    const late = await ask({ path: '/' });
    assert.equal(late.status, 503);
    assert.equal(late.headers['retry-after'], '1');
    assert.equal((await ask({ path: '/healthz' })).status, 200);
    go();
    assert.equal((await running).text, 'in time');
    await shut;
  });

  it('answers what runs, takes nothing new, and ends', async (t) => {
    const { gateway, ask, running, go } = await aSlowRequest(t);
    const stopped = gateway.stop();
    await assert.rejects(ask({ path: '/' }), { code: 'ECONNREFUSED' });
    go();
    assert.equal((await running).text, 'in time');
    await stopped;
  });
});
