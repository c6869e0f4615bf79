/** What hostile or broken peers do to the receiving agent; beside each a canary is still served. */

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { MAIL, startReceiving, stopReceiving } from '../../../harness/receiving.js';

afterEach(stopReceiving);

/** Generous: a canary usually takes a few milliseconds. */
const CANARY_MS_MAX = 20_000;
const MIB = 1024 * 1024;

describe('smuggling (CVE-2023-51764 and its kin)', () => {
  const ends = ['\n.\n', '\n.\r\n', '\r.\r\n', '\r\n.\n', '\r\n.\r', '\r.\r', '\r.\n', '\n.\r'];
  const strays = ['\n\n.\r\n', '\r\r\n.\r\r\n', 'a\nb', 'a\rb', '\n', '\r', '\r\n\r', 'x\r\r\n'];
  const inner = 'MAIL FROM:<root@evil.example>\r\nRCPT TO:<ben@example.com>\r\nDATA\r\nhi';
  for (const end of [...ends, ...strays]) {
    it(`${JSON.stringify(end)} is refused as one mail, in one piece and byte by byte`, async () => {
      const { context, open, canary } = await startReceiving();
      const line = await open();
      const bytes = Buffer.from(`Subject: a\r\n\r\nx${end}${inner}\r\n.\r\n`);
      await line.begin('you@example.net', ['anna@example.com']);
      line.write(bytes);
      assert.match((await line.reply())?.text ?? '', /^554 5\.6\.0 /);
      // The bytes after the true end are commands again; nothing of them was one before.
      await line.begin('you@example.net', ['anna@example.com']);
      for (const byte of bytes) {
        await new Promise<void>((sent) => line.socket.write(Buffer.from([byte]), () => sent()));
      }
      assert.match((await line.reply())?.text ?? '', /^554 5\.6\.0 /);
      assert.equal((await line.ask('NOOP')).code, 250);
      assert.equal(context.taken.length, 0);
      await canary();
    });
  }

  it('deep in a large mail is found too, and nothing of it is kept as a submission', async () => {
    const { context, open } = await startReceiving();
    const line = await open();
    const lines = `${'z'.repeat(998)}\r\n`.repeat(300);
    const reply = await line.mail('you@example.net', ['anna@example.com'], `${lines}\n.\n${lines}`);
    assert.match(reply.text, /^554 5\.6\.0 /);
    assert.equal(context.taken.length, 0);
    assert.equal(context.blobs.size, 0);
  });
});

describe('too much', () => {
  it('of recipients: 1,000 are taken, 9,000 told to come later, the canary is served', async () => {
    const { context, open, canary } = await startReceiving();
    const known = context.accounts[0] ?? assert.fail();
    context.findWith = async () => ({ kind: 'subscriber', account: known });
    const line = await open();
    await line.ask('MAIL FROM:<you@example.net>');
    let burst = '';
    for (let i = 0; i < 10_000; i += 1) burst += `RCPT TO:<list${i}@example.com>\r\n`;
    line.write(burst);
    const served = canary();
    const codes = new Map<number, number>();
    for (let i = 0; i < 10_000; i += 1) {
      const code = (await line.code()) ?? 0;
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    assert.deepEqual(
      [...codes],
      [
        [250, 1000],
        [452, 9000],
      ],
    );
    const tookMs = await served;
    console.log(`canary beside 10,000 recipients: ${tookMs.toFixed(0)} ms`);
    assert.ok(tookMs < CANARY_MS_MAX);
    await line.ask('DATA');
    line.write(MAIL);
    assert.equal((await line.ask('.')).code, 250);
    assert.equal(context.taken.at(-1)?.submission.recipients.length, 1000);
  });

  it('of recipients in one piece: others are answered in between', async () => {
    const { open } = await startReceiving();
    const [flood, other] = [await open(), await open()];
    const recipients = Array.from({ length: 900 }, () => 'RCPT TO:<anna@example.com>');
    let answered = 0;
    flood.write(`${['MAIL FROM:<you@example.net>', ...recipients].join('\r\n')}\r\n`);
    assert.equal(await flood.code(), 250);
    const all = (async () => {
      for (const _ of recipients) if ((await flood.code()) === 250) answered += 1;
    })();
    assert.equal((await other.ask('NOOP')).code, 250);
    assert.ok(answered < recipients.length, 'every recipient had its turn before the other peer');
    await all;
    assert.equal(answered, recipients.length);
  });

  it('of bytes: announced or not, 552; what is read beyond the limit is not kept', async () => {
    const { context, open, canary } = await startReceiving({ limits: { sizeBytes: MIB } });
    const line = await open();
    assert.match(
      (await line.ask(`MAIL FROM:<a@example.net> SIZE=${2 * MIB}`)).text,
      /^552 5\.3\.4 /,
    );
    let kept = 0;
    context.putWith = async (chunks) => {
      for await (const chunk of chunks) kept += chunk.length;
      return { key: 'blob/0', size: kept };
    };
    await line.begin('you@example.net', ['anna@example.com']);
    const block = Buffer.from(`${'q'.repeat(998)}\r\n`.repeat(64));
    const served = canary();
    for (let sent = 0; sent < 20 * MIB; sent += block.length) {
      if (!line.write(block)) await new Promise((go) => line.socket.once('drain', go));
    }
    assert.match((await line.ask('.')).text, /^552 5\.3\.4 /);
    assert.ok(kept <= MIB, `kept ${kept} bytes`);
    assert.ok((await served) < CANARY_MS_MAX);
    assert.equal((await line.mail('you@example.net', ['anna@example.com'], MAIL)).code, 250);
  });

  it('of refused commands ends the connection', async () => {
    const { open, canary } = await startReceiving({ limits: { errors: 5 } });
    const line = await open();
    await line.ask('MAIL FROM:<you@example.net>');
    for (let i = 0; i < 6; i += 1)
      assert.equal((await line.ask('RCPT TO:<no@example.com>')).code, 550);
    assert.match((await line.reply())?.text ?? '', /^421 4\.7\.0 /);
    await line.closed;
    await canary();
  });

  it('of connections from one peer is 421, and given back when they end', async () => {
    const limits = { connectionsPerPeer: 2, loopback: 'counted' };
    const { connect, open, canary } = await startReceiving({ limits });
    const first = await open();
    await open();
    const third = connect();
    assert.match((await third.reply())?.text ?? '', /^421 4\.7\.0 /);
    await third.closed;
    first.write('QUIT\r\n');
    await first.closed;
    await canary();
  });

  it('of connections in all is 421', async () => {
    const { connect, open } = await startReceiving({ limits: { connections: 1 } });
    await open();
    assert.match((await connect().reply())?.text ?? '', /^421 4\.3\.2 /);
  });

  it('of mails a minute from one peer is 450, unless it signs in', async () => {
    const limits = { ratePerPeerPerMinute: 2, loopback: 'counted' };
    const { open } = await startReceiving({ limits });
    const line = await open();
    await line.mail('you@example.net', ['anna@example.com'], MAIL);
    await line.mail('you@example.net', ['anna@example.com'], MAIL);
    assert.match((await line.ask('MAIL FROM:<you@example.net>')).text, /^450 4\.7\.1 /);
    await line.ask(`AUTH PLAIN ${Buffer.from('\0anna\0secret').toString('base64')}`);
    assert.equal((await line.ask('MAIL FROM:<anna@example.com>')).code, 250);
  });

  it('of a command line ends the connection', async () => {
    const { open, canary } = await startReceiving();
    const line = await open();
    line.write('A'.repeat(100_000));
    assert.equal(await line.code(), 421);
    await line.closed;
    await canary();
  });

  it('of hops is a loop, as is our own mark', async () => {
    const { context, open } = await startReceiving({ limits: { hops: 3 } });
    const line = await open();
    const to = ['anna@example.com'];
    const hop = 'Received: from a by b; Mon, 23 Nov 2026 12:00:00 +0000\r\n';
    assert.equal((await line.mail('you@example.net', to, hop.repeat(3) + MAIL)).code, 250);
    assert.equal(context.taken[0]?.submission.hops, 3);
    const reply = await line.mail('you@example.net', to, hop.repeat(4) + MAIL);
    assert.match(reply.text, /^554 5\.4\.6 /);
    const mark = 'Delivered-To: anna@example.com\r\n';
    assert.match((await line.mail('', to, mark + MAIL)).text, /^554 5\.4\.6 /);
    assert.equal((await line.mail('', ['ben@example.com'], mark + MAIL)).code, 250);
  });
});

describe('too slow', () => {
  it('content that trickles for ever ends with 421, the canary is served meanwhile', async () => {
    const { context, open, canary } = await startReceiving({ limits: { dataTimeoutMs: 150 } });
    const line = await open();
    await line.begin('you@example.net', ['anna@example.com']);
    const trickle = setInterval(() => line.write('a\r\n'), 10);
    try {
      await canary();
      assert.match((await line.reply())?.text ?? '', /^421 4\.4\.2 /);
      await line.closed;
    } finally {
      clearInterval(trickle);
    }
    assert.equal(context.taken.length, 1);
  });

  it('a command that trickles for ever, and silence, end with 421', async () => {
    const { open, connect } = await startReceiving({ limits: { commandTimeoutMs: 150 } });
    const line = await open();
    const trickle = setInterval(() => line.write('N'), 10);
    try {
      assert.match((await line.reply())?.text ?? '', /^421 4\.4\.2 /);
    } finally {
      clearInterval(trickle);
    }
    const silent = connect();
    assert.equal(await silent.code(), 220);
    assert.equal(await silent.code(), 421);
  });

  it('an answer of ours is not the peer being slow', async () => {
    const { context, open } = await startReceiving({
      limits: { commandTimeoutMs: 50, dataTimeoutMs: 50 },
    });
    const line = await open();
    context.acceptWith = (submission) =>
      new Promise((resolve) => {
        context.clock.after(200, () => resolve(context.keep(submission)));
      });
    assert.equal((await line.mail('you@example.net', ['anna@example.com'], MAIL)).code, 250);
  });
});

describe('peers that leave', () => {
  it('in the middle of a mail, small or large, leave nothing behind', async () => {
    const { context, open, canary } = await startReceiving();
    for (const content of ['Subject: x\r\n', `${'w'.repeat(998)}\r\n`.repeat(200)]) {
      const line = await open();
      await line.begin('you@example.net', ['anna@example.com']);
      await new Promise<void>((sent) => line.socket.write(content, () => sent()));
      line.socket.resetAndDestroy();
    }
    await canary();
    assert.equal(context.taken.length, 1);
    assert.equal(context.blobs.size, 0);
  });

  it('with half of the connection closed after the dot keep their mail', async () => {
    const { context, open, canary } = await startReceiving();
    const line = await open();
    await line.begin('you@example.net', ['anna@example.com']);
    line.socket.end(`${MAIL}.\r\n`);
    await line.closed;
    await context.until(() => context.taken[0]?.answers.length === 1);
    assert.equal(context.taken.length, 1);
    await canary();
  });

  it('before the greeting do no harm', async () => {
    const { connect, canary } = await startReceiving();
    for (let i = 0; i < 20; i += 1) connect().socket.resetAndDestroy();
    await canary();
  });
});
