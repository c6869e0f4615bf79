/** Too much of everything on the real process: bytes, slowness, connections. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { SmtpLine } from '../harness/smtp-line.js';
import { startAttacked } from './beside-a-canary.js';

const TIMEOUT = { timeout: 120_000 };
const MIB = 1024 * 1024;
const SIZE_MAX = 8 * MIB;
const AT_ONCE = 8;
const LINE = `${'q'.repeat(998)}\r\n`;
const BLOCK = Buffer.from(LINE.repeat(1000));

/** Writes so much content, as fast as the other side reads. */
async function pour(line: SmtpLine, bytes: number): Promise<void> {
  for (let at = 0; at < bytes; at += BLOCK.length) {
    const roomLeft = line.write(BLOCK.subarray(0, Math.min(BLOCK.length, bytes - at)));
    if (!roomLeft) await once(line.socket, 'drain');
  }
}

test('oversize, announced or not, is 552; what fits is taken', TIMEOUT, async (t) => {
  const settings = { 'email.limits.sizeBytes': String(SIZE_MAX) };
  const { sink, open, subscriber, during } = await startAttacked(t, { settings });
  const device = { channel: 'email', value: 'big@big.example' };
  const to = await subscriber({ name: 'big', device });
  await during(`${AT_ONCE} times 32 MiB of at most 8, at once`, async () => {
    const attackers = Array.from({ length: AT_ONCE }, async () => {
      const line = await open();
      const announced = await line.ask(`MAIL FROM:<you@example.net> SIZE=${SIZE_MAX + 1}`);
      assert.match(announced.text, /^552 5\.3\.4 /);
      await line.begin('you@example.net', [to]);
      await pour(line, 4 * SIZE_MAX);
      assert.match((await line.ask('\r\n.')).text, /^552 5\.3\.4 /);
      assert.equal((await line.ask('NOOP')).code, 250);
    });
    await Promise.all(attackers);
  });
  assert.equal(sink.messages.filter((mail) => mail.to.includes(device.value)).length, 0);
  await during(`${AT_ONCE} times nearly 8 MiB of at most 8, at once`, async () => {
    const senders = Array.from({ length: AT_ONCE }, async (_, i) => {
      const line = await open();
      await line.begin('you@example.net', [to]);
      // The same mail again, while the first is not answered, would be the same message.
      line.write(`Subject: ${i}\r\n\r\n`);
      await pour(line, SIZE_MAX - 3 * LINE.length);
      const reply = await line.ask('\r\n.');
      assert.equal(reply.code, 250, reply.text);
    });
    await Promise.all(senders);
    const arrived = () => sink.messages.filter((mail) => mail.to.includes(device.value)).length;
    await sink.until(() => arrived() === AT_ONCE);
  });
});

const COUNTED = {
  'email.limits.loopback': 'counted',
  'email.limits.ratePerPeerPerMinute': '100000',
};
const PER_PEER = 50;
const PEERS = 18;
const TRICKLE_MS = 200;

test('900 senders that trickle are told so, and the next ones to wait', TIMEOUT, async (t) => {
  const settings = {
    ...COUNTED,
    'email.limits.commandTimeoutMs': '3s',
    'email.limits.dataTimeoutMs': '3s',
  };
  const { open, connect, subscriber, during } = await startAttacked(t, { settings });
  const device = { channel: 'email', value: 'prey@prey.example' };
  const to = await subscriber({ name: 'prey', device });
  await during(`${PEERS * PER_PEER} connections that trickle`, async () => {
    const lines: SmtpLine[] = [];
    for (let peer = 0; peer < PEERS; peer += 1) {
      const from = `127.0.1.${peer + 1}`;
      const opening = Array.from({ length: PER_PEER }, () => open(from));
      lines.push(...(await Promise.all(opening)));
      assert.match((await connect(from).reply())?.text ?? '', /^421 4\.7\.0 /);
    }
    const halves = lines.map((line, i) => ({ line, sends: i % 2 === 0 }));
    const sending = halves.filter(({ sends }) => sends);
    await Promise.all(sending.map(({ line }) => line.begin('you@example.net', [to])));
    const trickle = setInterval(() => {
      for (const { line, sends } of halves) line.write(sends ? 'a\r\n' : 'N');
    }, TRICKLE_MS);
    try {
      const said = await Promise.all(lines.map((line) => line.reply()));
      assert.equal(said.filter((reply) => /^421 4\.4\.2 /.test(reply?.text ?? '')).length, 900);
      await Promise.all(lines.map((line) => line.closed));
    } finally {
      clearInterval(trickle);
    }
  });
});

test(
  '2,000 connections of one peer: 50 are served, the others told to wait',
  TIMEOUT,
  async (t) => {
    const { connect, during } = await startAttacked(t, { settings: COUNTED });
    await during('2,000 connections from one peer, 500 at once', async () => {
      for (let round = 0; round < 4; round += 1) {
        const lines = Array.from({ length: 500 }, () => connect());
        const codes = await Promise.all(lines.map((line) => line.code()));
        assert.equal(codes.filter((code) => code === 220).length, PER_PEER);
        assert.equal(codes.filter((code) => code === 421).length, 500 - PER_PEER);
        for (const line of lines) line.write('QUIT\r\n');
        await Promise.all(lines.map((line) => line.closed));
      }
    });
  },
);

test(
  'connections that are cut as soon as they are made leave nothing behind',
  TIMEOUT,
  async (t) => {
    const { connect, during } = await startAttacked(t, { settings: COUNTED });
    await during('2,000 connections, reset at once', async () => {
      for (let i = 0; i < 2_000; i += 1) {
        const line = connect();
        if (i % 2 === 0) await once(line.socket, 'connect');
        line.socket.resetAndDestroy();
        await line.closed;
      }
      const lines = Array.from({ length: PER_PEER }, () => connect());
      const codes = await Promise.all(lines.map((line) => line.code()));
      assert.deepEqual([...new Set(codes)], [220], 'every place was given back');
    });
  },
);
