/** Tricks at the web door, each on a gateway of its own: they cost only who tries them. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { aGateway, closed, openLine } from '../runtime/gateway/a-gateway.js';

function socketTo(t: TestContext, port: number): Socket {
  const socket = connect(port, '127.0.0.1').resume();
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  return socket;
}

const ASKED = 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n';

describe('requests sent without awaiting answers', () => {
  it('and left behind are over with their connection: nobody counts them for ever', async (t) => {
    let entered = 0;
    let all = (): void => {};
    let go = (): void => {};
    const wait = new Promise<void>((resolve) => {
      go = resolve;
    });
    const limits = { requests: 5, unansweredPerConnection: 10 };
    const { open, port, ask, gateway } = await aGateway(t, { limits });
    gateway.doorOf('pager').serve(async () => {
      entered += 1;
      if (entered === 4) all();
      await wait;
      return { status: 200, contentType: 'text/plain', body: '' };
    });
    open();
    for (let i = 0; i < 5; i += 1) {
      entered = 0;
      const four = new Promise<void>((resolve) => {
        all = resolve;
      });
      const socket = socketTo(t, port);
      socket.write('GET /c/pager/x HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(4));
      await four;
      const gone = once(socket, 'close');
      socket.destroy();
      await gone;
    }
    go();
    assert.equal((await ask({ path: '/c/pager/x' })).status, 200);
  });

  it('are cut when there are too many, and gathered once', async (t) => {
    let gathered = 0;
    const metrics = async () => {
      gathered += 1;
      await new Promise((resolve) => setImmediate(resolve));
      return { type: 'text/plain', body: '' };
    };
    const { open, port, ask, refused } = await aGateway(t, { metrics });
    open();
    const socket = socketTo(t, port);
    socket.write(ASKED.repeat(1000));
    socket.resume();
    await once(socket, 'close');
    assert.ok(refused.includes('pipeline'));
    assert.ok(gathered <= 2, `gathered ${gathered} times`);
    assert.equal((await ask({ path: '/metrics' })).status, 200);
  });
});

describe('bodies that are promised and do not come', () => {
  it('keep no sign-in waiting: the oldest of them go', async (t) => {
    const limits = { strangersBodies: 10, requests: 20 };
    const { open, port, post, own } = await aGateway(t, { limits });
    open();
    const head = Object.entries({ host: `localhost:${port}`, ...own });
    const fields = head.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const sockets: Socket[] = [];
    for (let i = 0; i < 50; i += 1) {
      const socket = socketTo(t, port);
      await once(socket, 'connect');
      socket.write(`POST /login HTTP/1.1\r\n${fields}Content-Length: 4000\r\n\r\n{`);
      sockets.push(socket);
    }
    const [first = assert.fail()] = sockets;
    if (!first.destroyed) await once(first, 'close');
    for (let i = 0; i < 5; i += 1) {
      const got = await post('/login', { name: 'ada', password: 'wrong' });
      assert.equal(got.status, 401);
    }
    assert.equal(sockets.at(-1)?.destroyed, false);
    for (const socket of sockets) socket.destroy();
  });
});

describe('one account that holds much memory by its bodies', () => {
  it('is told to wait; others are served', async (t) => {
    const limits = { bodyBytes: 100_000, bodyBytesPerAccount: 20_000 };
    const { open, ask, own, signIn, accounts, sessions } = await aGateway(t, { limits });
    open();
    const bob = await accounts.create({ name: 'bob' });
    assert.ok(bob.ok);
    const from = { peer: '127.0.0.1', program: 'a test' };
    const { token } = await sessions.open(bob.account.id, from);
    const send = async (cookie: string, bytes: number) => {
      const body = JSON.stringify({ text: 'x'.repeat(bytes) });
      return (await ask({ method: 'POST', path: '/api/me', headers: { ...own, cookie }, body }))
        .status;
    };
    const cookie = await signIn();
    assert.equal(await send(cookie, 30_000), 503);
    assert.equal(await send(`pb=${token}`, 15_000), 200);
    assert.equal(await send(cookie, 15_000), 200, 'what was held is given back');
  });
});

describe('what a signed-in page sends', () => {
  it('is no JSON when it is nested without end, nor a call when it is too large', async (t) => {
    const { open, post, ask, own, signIn, calls } = await aGateway(t);
    open();
    const cookie = await signIn();
    const nested = (depth: number) => `${'[{"a":'.repeat(depth)}1${'}]'.repeat(depth)}`;
    const send = async (body: string) =>
      (await ask({ method: 'POST', path: '/api/me', headers: { ...own, cookie }, body })).status;
    assert.equal(await send(nested(50)), 200);
    assert.equal(await send(nested(51)), 400);
    assert.equal(await send(nested(20_000)), 400);
    assert.equal(await send(JSON.stringify({ text: '[{"'.repeat(1000) })), 200);
    assert.equal(await send(JSON.stringify({ text: 'x'.repeat(300 * 1024) })), 413);
    assert.equal(
      (await post('/api/me', JSON.parse('{"__proto__":{"a":1}}'), { cookie })).status,
      200,
    );
    assert.equal(calls.length, 3);
    assert.equal(Object.hasOwn(Object.prototype, 'a'), false);
  });

  it('is not confused by cookies that only look like its own', async (t) => {
    const { open, post, signIn } = await aGateway(t);
    open();
    const cookie = await signIn();
    for (const beside of [
      'pbx',
      'pb',
      'Pb=1',
      'xpb=1',
      '=pb',
      ...[...'abc'].map((one) => `${one}=1`),
    ]) {
      const both = { cookie: `${beside}; ${cookie}` };
      assert.equal((await post('/api/me', {}, both)).status, 200, beside);
    }
    const [name] = cookie.split('=');
    const two = { cookie: `${cookie}; ${name}=${'x'.repeat(43)}` };
    assert.equal((await post('/api/me', {}, two)).status, 401, 'whose of them is not known');
  });
});

describe('a live line', () => {
  it('that was told to close and does not makes way for others of its account', async (t) => {
    const { open, port, host, signIn } = await aGateway(t, {
      limits: { linesPerAccount: 1, lines: 3 },
    });
    open();
    const headers = { host, cookie: await signIn(), origin: `http://${host}` };
    const opened: WebSocket[] = [];
    for (let i = 0; i < 12; i += 1) {
      const line = await openLine(port, headers);
      assert.ok(line instanceof WebSocket, `line ${i}: ${String(line)}`);
      t.after(() => line.terminate());
      // It hears nothing from here on, so it never answers that it is to close.
      line.pause();
      opened.push(line);
    }
    for (const line of opened) line.terminate();
  });

  for (const [what, bytes] of Object.entries({
    'a compressed frame': Buffer.from([0xc1, 0x80, 0, 0, 0, 0]),
    'text that is no UTF-8': Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe]),
    'a frame that is not masked': Buffer.from([0x81, 0x02, 0x7b, 0x7d]),
    'an unknown kind of frame': Buffer.from([0x83, 0x80, 0, 0, 0, 0]),
    'a ping in pieces': Buffer.from([0x09, 0x80, 0, 0, 0, 0]),
    'a piece of nothing': Buffer.from([0x80, 0x80, 0, 0, 0, 0]),
    'a length without end': Buffer.from([0x81, 0xff, 0x7f, ...Array<number>(11).fill(0xff)]),
    'pieces without end': Buffer.concat([
      Buffer.from([0x01, 0x80, 0, 0, 0, 0]),
      Buffer.concat(Array<Buffer>(20_000).fill(Buffer.from([0x00, 0x81, 0, 0, 0, 0, 0x20]))),
    ]),
  })) {
    it(`is closed by ${what}`, async (t) => {
      const { open, port, host, signIn, ask } = await aGateway(t);
      open();
      const headers = { host, cookie: await signIn(), origin: `http://${host}` };
      const line = await openLine(port, headers);
      assert.ok(line instanceof WebSocket);
      const ended = closed(line);
      rawOf(line).write(bytes);
      await ended;
      assert.equal((await ask({ path: '/healthz' })).status, 200);
    });
  }

  it('whose pings are answered and that takes no answer is closed', async (t) => {
    const { open, port, host, signIn, lines } = await aGateway(t);
    open();
    const headers = { host, cookie: await signIn(), origin: `http://${host}` };
    const line = await openLine(port, headers);
    assert.ok(line instanceof WebSocket);
    const gone = new Promise<void>((resolve) => lines[0]?.onClose(resolve));
    line.pause();
    const ping = Buffer.concat([Buffer.from([0x89, 0xfd, 0, 0, 0, 0]), Buffer.alloc(125)]);
    rawOf(line).write(Buffer.concat(Array<Buffer>(200_000).fill(ping)));
    await gone;
    line.terminate();
  });
});

/** The connection below a line, to send what no WebSocket of a browser would. */
function rawOf(line: WebSocket): Socket {
  const socket: unknown = Reflect.get(line, '_socket');
  assert.ok(socket instanceof Object && 'write' in socket);
  return socket as Socket;
}
