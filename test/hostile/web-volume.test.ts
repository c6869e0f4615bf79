/** Too much of everything at the web door of a real process: connections, bodies, guesses. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { type AttackedPage, startAttackedPage } from './beside-a-page.js';

const TIMEOUT = { timeout: 120_000 };
const MIB = 1024 * 1024;
const HEAD_OPEN = 'GET / HTTP/1.1\r\nHost: localhost\r\nX: ';

function promised({ own }: AttackedPage, path: string): string {
  const head = Object.entries(own).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\n${head.join('')}Content-Length: 4000\r\n\r\n{`;
}

async function many(on: AttackedPage, count: number, bytes: string): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let at = 0; at < count; at += 100) {
    const some = Array.from({ length: Math.min(100, count - at) }, () => on.raw());
    await Promise.all(some.map((socket) => once(socket, 'connect').catch(() => {})));
    for (const socket of some) if (bytes !== '') socket.write(bytes);
    sockets.push(...some);
  }
  return sockets;
}

test('thousands of connections that do nothing, or hardly anything', TIMEOUT, async (t) => {
  const on = await startAttackedPage(t);
  await on.during('2,000 idle connections of one peer', async () => {
    const all = await many(on, 2000, '');
    for (const socket of all) socket.destroy();
  });
  await on.during('1,500 heads that do not end', async () => {
    const all = await many(on, 1500, HEAD_OPEN);
    for (let i = 0; i < 5; i += 1) for (const socket of all) socket.write('x');
    for (const socket of all) socket.destroy();
  });
  await on.during('1,500 sign-ins whose bodies do not come', async () => {
    const all = await many(on, 1500, promised(on, '/login'));
    for (const socket of all) socket.destroy();
  });
  await on.during('1,000 refused WebSockets that stay', async () => {
    const upgrade =
      'GET /live HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';
    const all = await many(on, 1000, upgrade);
    for (const socket of all) socket.destroy();
  });
  await on.during('50 connections of 2,000 requests each, unread', async () => {
    const asked = 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(2000);
    const all = Array.from({ length: 50 }, () => on.raw().pause());
    await Promise.all(all.map((socket) => once(socket, 'connect')));
    for (const socket of all) socket.write(asked);
    for (let i = 0; i < 20; i += 1) assert.equal(await on.ask({ path: '/' }), 200);
    for (const socket of all) socket.destroy();
  });
});

const JSON_PATHS = ['/login', '/api/me', '/api/message.edit', '/api/profile.put'];
const DOOR_PATHS = ['/c/web/send', '/c/web/received', '/c/web/form', '/c/nothing', '/', '/live'];

/** Pours until the other side has had enough, or 100 MiB are gone. */
async function pour(on: AttackedPage, path: string, cookie: string): Promise<string> {
  const socket = on.raw();
  let answer = '';
  socket.on('data', (bytes) => {
    answer += String(bytes);
  });
  const closed = once(socket, 'close').catch(() => {});
  const head = Object.entries({ ...on.own, cookie }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  socket.write(`POST ${path} HTTP/1.1\r\n${head.join('')}Transfer-Encoding: chunked\r\n\r\n`);
  const block = `100000\r\n${'q'.repeat(MIB)}\r\n`;
  for (let i = 0; i < 100 && !socket.destroyed && answer === ''; i += 1) {
    if (!socket.write(block)) await Promise.race([once(socket, 'drain').catch(() => {}), closed]);
  }
  if (answer === '') {
    socket.write('0\r\n\r\n');
    await Promise.race([once(socket, 'data').catch(() => {}), closed]);
  }
  socket.destroy();
  return answer.slice(0, 12);
}

test('100 MiB to every address', TIMEOUT, async (t) => {
  const on = await startAttackedPage(t);
  const cookie = await on.signedIn('crow');
  await on.during('100 MiB to each of ten addresses, signed in and not', async () => {
    for (const path of [...JSON_PATHS, ...DOOR_PATHS]) {
      for (const who of [cookie, 'pb=none']) {
        const answer = await pour(on, path, who);
        assert.match(answer, /^(HTTP\/1\.1 [45]\d\d|)$/, `${path}: ${answer}`);
      }
    }
  });
});

const BOUND = { 'content-type': 'multipart/form-data; boundary=x' };
const CODED = { 'content-type': 'application/x-www-form-urlencoded' };
const PART = '--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\nv\r\n';
const filled = (text: string, bytes = 24 * MIB): string =>
  text.repeat(Math.floor(bytes / text.length));

test('forms and texts that would keep a parser for a minute', TIMEOUT, async (t) => {
  const on = await startAttackedPage(t);
  const cookie = await on.signedIn('crow');
  const bombs: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
    ['half a million parts', BOUND, `${filled(PART)}--x--\r\n`],
    ['a head without end', BOUND, `--x\r\n${filled('X: y\r\n')}`],
    ['a name of codes', BOUND, `--x\r\nContent-Disposition: form-data; name="${filled('%22')}"`],
    ['no boundary', { 'content-type': 'multipart/form-data' }, filled('--x')],
    ['a quoted boundary', { 'content-type': 'multipart/form-data; boundary="\\x"' }, filled(PART)],
    ['two boundaries', { 'content-type': `${BOUND['content-type']}; boundary=y` }, filled(PART)],
    ['fields and fields', CODED, filled('a&')],
    ['codes and codes', CODED, `text=${filled('%22')}`],
  ];
  await on.during('eight kinds of forms without end', async () => {
    for (const [what, type, body] of bombs) {
      const headers = { cookie, ...type };
      const status = await on.ask({ method: 'POST', path: '/c/web/send', headers, body });
      assert.ok(status === 400 || status === 413, `${what}: ${status}`);
    }
  });
  const deep = (bytes: number): string => filled('[', bytes / 2) + filled(']', bytes / 2);
  await on.during('texts nested without end, to calls and lines', async () => {
    for (let i = 0; i < 20; i += 1) {
      for (const body of [deep(256 * 1024), filled('{"a":', 256 * 1024), '{"__proto__":{"a":1}}']) {
        const headers = { cookie };
        const status = await on.ask({ method: 'POST', path: '/api/profile.put', headers, body });
        assert.equal(status, 400);
      }
    }
    const large = { method: 'POST', path: '/api/message.edit', body: deep(8 * MIB) };
    // The answer may be lost: it comes while all that is too much is still being sent.
    assert.ok([413, 0].includes(await on.ask({ ...large, headers: { cookie } })));
  });
});

test('passwords guessed from hundreds of addresses', TIMEOUT, async (t) => {
  const on = await startAttackedPage(t);
  await on.during('500 guesses from 250 addresses', async () => {
    const guess = async (from: string, i: number): Promise<number> => {
      const body = JSON.stringify({ name: i % 2 === 0 ? 'lark' : `no${i}`, password: `p${i}` });
      return on.ask({ method: 'POST', path: '/login', body, from });
    };
    const answers = new Map<number, number>();
    for (let round = 0; round < 2; round += 1) {
      const all = Array.from({ length: 250 }, (_, i) => guess(`127.0.2.${i + 1}`, i + round));
      for (const status of await Promise.all(all)) {
        answers.set(status, (answers.get(status) ?? 0) + 1);
      }
    }
    assert.deepEqual(
      [...answers.keys()].filter((one) => one !== 401 && one !== 429),
      [],
    );
    t.diagnostic(`guesses answered: ${JSON.stringify([...answers])}`);
  });
});
