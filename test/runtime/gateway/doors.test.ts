/** Channels at the web door: their paths, their part of a live line, and its limits. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { WebSocket } from 'ws';
import type { DoorRequest, Page } from '../../../actors/machinery.js';
import type { GatewayLimits } from '../../../runtime/gateway/limits.js';
import { aGateway, closed, nextFrame, openLine } from './a-gateway.js';

/** A gateway with a channel "pager" behind its door. */
async function aDoor(t: TestContext, limits: Partial<GatewayLimits> = {}) {
  const world = await aGateway(t, { limits });
  const door = world.gateway.doorOf('pager');
  const asked: DoorRequest[] = [];
  const bodies: (number | undefined)[] = [];
  const pages: Page[] = [];
  door.serve(async (request) => {
    asked.push(request);
    bodies.push((await request.body(1000))?.byteLength);
    return { status: 200, contentType: 'text/plain', body: 'heard' };
  });
  door.pages((page) => pages.push(page));
  world.open();
  const cookie = await world.signIn();
  const { host, port } = world;
  const line = async (): Promise<WebSocket> => {
    const opened = await openLine(port, { host, cookie, origin: `http://${host}` });
    assert.ok(opened instanceof WebSocket);
    return opened;
  };
  return { ...world, door, asked, bodies, pages, cookie, line };
}

describe("a channel's path", () => {
  it('gets the request, and the account if somebody is signed in', async (t) => {
    const { ask, asked, cookie, own, id, door, host } = await aDoor(t);
    assert.equal(door.url, `http://${host}`);
    const headers = { ...own, cookie };
    const posted = { method: 'POST', path: '/c/pager/in/1?a=b&a=c', headers, body: 'x' };
    assert.equal((await ask(posted)).text, 'heard');
    await ask({ path: '/c/pager/form' });
    await ask({ path: '/c/pager', headers: { cookie, 'sec-fetch-site': 'cross-site' } });
    await ask({ method: 'POST', path: '/c/pager/hook', body: 'from a program' });
    const seen = asked.map(({ method, path, account }) => [method, path, account?.id]);
    assert.deepEqual(seen, [
      ['POST', 'in/1', id],
      ['GET', 'form', undefined],
      ['GET', '', undefined],
      ['POST', 'hook', undefined],
    ]);
    assert.equal(asked[0]?.contentType, 'application/json');
    assert.equal(asked[0]?.peer, '127.0.0.1');
  });

  it('gets nothing from a page of another origin', async (t) => {
    const { ask, asked, cookie } = await aDoor(t);
    const headers = { cookie, origin: 'https://evil.example' };
    const got = await ask({ method: 'POST', path: '/c/pager/in', headers, body: 'x' });
    assert.equal(got.status, 403);
    const { origin: _, ...silent } = headers;
    const without = await ask({ method: 'POST', path: '/c/pager/in', headers: silent, body: 'x' });
    assert.equal(without.status, 403);
    assert.equal((await ask({ method: 'PUT', path: '/c/pager/in' })).status, 405);
    assert.deepEqual(asked, []);
  });

  it('gets a body up to its limit, declared or not', async (t) => {
    const { ask, bodies } = await aDoor(t);
    const path = '/c/pager/in';
    const chunked = { 'transfer-encoding': 'chunked' };
    for (const [bytes, headers] of [
      [1000, {}],
      [1001, {}],
      [1000, chunked],
      [1001, chunked],
      [0, {}],
    ] as const) {
      const got = await ask({ method: 'POST', path, headers, body: 'x'.repeat(bytes) });
      assert.equal(got.status, 200);
    }
    assert.deepEqual(bodies, [1000, undefined, 1000, undefined, 0]);
  });

  it('is told that the switch is busy when bodies hold too much memory', async (t) => {
    const { ask, refused } = await aDoor(t, { bodyBytes: 100 });
    const asking = { method: 'POST', path: '/c/pager/in', body: 'x'.repeat(101) };
    assert.equal((await ask(asking)).status, 503);
    assert.deepEqual(refused, ['busy']);
    assert.equal((await ask({ ...asking, body: 'x'.repeat(100) })).status, 200);
    assert.equal((await ask({ ...asking, body: 'x'.repeat(100) })).status, 200, 'given back');
  });

  it('that throws is told as our fault, and the next one is answered', async (t) => {
    const { ask, door } = await aDoor(t);
    door.serve(async ({ path }) => {
      if (path === 'bug') throw new Error('secret detail');
      return { status: 200, contentType: 'text/plain', body: 'fine' };
    });
    const got = await ask({ path: '/c/pager/bug' });
    assert.equal(got.status, 500);
    assert.doesNotMatch(got.text, /secret/);
    assert.equal((await ask({ path: '/c/pager/ok' })).text, 'fine');
  });
});

describe('a live line', () => {
  it('carries frames of the channel and of the console both ways', async (t) => {
    const { line, pages, lines, id } = await aDoor(t);
    const socket = await line();
    const [page] = pages;
    const [console] = lines;
    assert.ok(page !== undefined && console !== undefined);
    assert.deepEqual([page.account, page.name], [id, 'ada']);
    const heard = new Promise((resolve) => page.onFrame(resolve));
    const since = new Promise((resolve) => console.onFrame(resolve));
    socket.send(JSON.stringify({ topic: 'since', seq: 4, board: true }));
    socket.send(JSON.stringify({ topic: 'channel', channel: 'other', frame: 1 }));
    socket.send(JSON.stringify({ topic: 'channel', channel: 'pager', frame: { beep: 2 } }));
    assert.deepEqual(await heard, { beep: 2 });
    assert.deepEqual(await since, { topic: 'since', seq: 4, board: true });
    page.send({ ring: 3 });
    assert.deepEqual(await nextFrame(socket), {
      topic: 'channel',
      channel: 'pager',
      frame: { ring: 3 },
    });
    console.send({ topic: 'caughtUp', seq: 9 });
    assert.deepEqual(await nextFrame(socket), { topic: 'caughtUp', seq: 9 });
    const gone = new Promise<void>((resolve) => page.onClose(resolve));
    socket.close();
    await gone;
    page.send({ lost: true });
  });

  it('ends with its session: the page is told, then closed', async (t) => {
    const { line, sessions, id } = await aDoor(t);
    const socket = await line();
    const [session] = await sessions.list(id);
    assert.ok(session !== undefined);
    const frame = nextFrame(socket);
    const end = closed(socket);
    await sessions.revoke(id, session.id);
    assert.deepEqual(await frame, { topic: 'signedOut' });
    assert.equal(await end, 1008);
  });

  it('ends also when the session ended where nobody told us', async (t) => {
    const { line, accounts, clock, id } = await aDoor(t, { pingMs: 1000, sessionCheckMs: 1000 });
    const socket = await line();
    const end = closed(socket);
    assert.ok((await accounts.remove(id)).ok);
    clock.advance(1000);
    assert.equal(await end, 1008);
  });

  it('is closed when it answers no ping, and kept while it does', async (t) => {
    const { line, clock, pages } = await aDoor(t, { pingMs: 1000 });
    const alive = await line();
    const dead = await line();
    dead.pause();
    const ping = once(alive, 'ping');
    const pong = once(alive, 'pong');
    clock.advance(1000);
    await ping;
    // Its answer to the ping has arrived before ours to this one.
    alive.ping();
    await pong;
    const gone = new Promise<void>((resolve) => pages[1]?.onClose(resolve));
    clock.advance(1000);
    await gone;
    assert.equal(alive.readyState, WebSocket.OPEN);
    dead.terminate();
  });

  for (const [what, frame] of [
    ['no JSON', '{'],
    ['no frame', '{"topic":"signedOut"}'],
    ['a list', '[]'],
    ['bytes', Buffer.from([0xff, 0x00])],
  ] as const) {
    it(`is closed when it sends ${what}`, async (t) => {
      const { line } = await aDoor(t);
      const socket = await line();
      socket.send(frame);
      assert.equal(await closed(socket), 1008);
    });
  }

  it('is closed when it sends a frame that is too large, or too many', async (t) => {
    const { line, refused } = await aDoor(t, { frameBytes: 1000, framesAtOnce: 10 });
    const large = await line();
    large.send('x'.repeat(1001));
    assert.equal(await closed(large), 1009);
    const many = await line();
    const end = closed(many);
    for (let i = 0; i < 11; i += 1) many.send('{"topic":"since"}');
    assert.equal(await end, 1008);
    assert.ok(refused.includes('flood'));
  });

  it('may answer each frame that a channel sends it, however many come', async (t) => {
    const { line, pages, refused } = await aDoor(t, { framesAtOnce: 10, framesPerSecond: 1 });
    const socket = await line();
    socket.on('message', () => socket.send('{"topic":"channel","channel":"pager","frame":"took"}'));
    const [page] = pages;
    assert.ok(page !== undefined);
    let answers = 0;
    await new Promise<void>((resolve, reject) => {
      page.onClose(() => reject(new Error(`closed after ${answers} answers`)));
      page.onFrame(() => {
        answers += 1;
        if (answers === 100) resolve();
        else page.send(answers);
      });
      page.send(0);
    });
    assert.deepEqual(refused, []);
  });

  it('is closed when it does not take what it is sent', async (t) => {
    const { line, pages, refused } = await aDoor(t, { backlogBytes: 100_000 });
    const socket = await line();
    socket.pause();
    const [page] = pages;
    assert.ok(page !== undefined);
    let isOpen = true;
    page.onClose(() => {
      isOpen = false;
    });
    const gone = new Promise<void>((resolve) => page.onClose(resolve));
    for (let i = 0; i < 1000 && isOpen; i += 1) page.send('x'.repeat(50_000));
    await gone;
    assert.ok(refused.includes('backlog'));
    socket.terminate();
  });

  it('of an account with too many takes the place of its oldest', async (t) => {
    const { line } = await aDoor(t, { linesPerAccount: 2 });
    const first = await line();
    const second = await line();
    const end = closed(first);
    await line();
    assert.equal(await end, 1013);
    assert.equal(second.readyState, WebSocket.OPEN);
  });

  it('is refused when there are too many in all', async (t) => {
    const { line, host, port, cookie } = await aDoor(t, { lines: 1 });
    await line();
    assert.equal(await openLine(port, { host, cookie, origin: `http://${host}` }), 503);
  });

  it('is told when the switch stops', async (t) => {
    const { line, gateway } = await aDoor(t);
    const socket = await line();
    const end = closed(socket);
    await gateway.stop();
    assert.equal(await end, 1001);
  });
});
