/** The email receiving agent, protocol by protocol, over real sockets. */

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import nodemailer from 'nodemailer';
import { receivedLine } from '../../../../actors/channels/email/trace.js';
import { account } from '../../../harness/receive-context.js';
import { MAIL, startReceiving, stopReceiving } from '../../../harness/receiving.js';

afterEach(stopReceiving);

describe('a mail to a subscriber', () => {
  it('is accepted byte for byte, answered with its identifier, and then goes on', async () => {
    const { context, open } = await startReceiving();
    const line = await open();
    const reply = await line.mail('you@example.net', ['anna@example.com'], MAIL);
    const [taken] = context.taken;
    assert.equal(reply.text, `250 2.0.0 Ok: queued as ${taken?.id}`);
    await context.until(() => taken?.answers.length === 1);
    assert.deepEqual(taken?.answers, [true]);
    const { submission } = taken ?? assert.fail('nothing was accepted');
    assert.equal(submission.content.kind, 'bytes');
    if (submission.content.kind !== 'bytes') return;
    assert.equal(Buffer.from(submission.content.bytes).toString(), MAIL);
    assert.deepEqual(submission.recipients, [
      {
        to: {
          kind: 'subscriber',
          account: 'anna',
          via: { channel: 'email', value: 'anna@example.com' },
        },
        report: { success: false, failure: true, delay: true },
      },
    ]);
    assert.deepEqual(submission.sender.address, { channel: 'email', value: 'you@example.net' });
    assert.equal(submission.sender.account, undefined);
    assert.deepEqual(submission.header, {
      priority: 'normal',
      size: MAIL.length,
      subject: 'Hello',
      reference: '<1@example.net>',
      conversation: '<1@example.net>',
    });
    assert.equal(submission.hops, 0);
    assert.equal(submission.unique?.lasts, 'untilAnswered');
  });

  it('is greeted at once and told every extension that can be used', async () => {
    const { connect } = await startReceiving({ submission: { plaintext: 'never' } });
    // The library's wait is a fixed one: if it were there, no greeting of many would be quicker.
    const tookMs: number[] = [];
    const line = connect();
    const hello = await line.hello();
    for (let i = 0; i < 20; i += 1) {
      const before = performance.now();
      await connect().hello();
      tookMs.push(performance.now() - before);
    }
    assert.ok(Math.min(...tookMs) < 100, `greeting and EHLO took ${tookMs} ms`);
    const offered = hello.text.split('\n').map((text) => text.slice(4));
    assert.deepEqual(offered.slice(1).sort(), [
      '8BITMIME',
      'DSN',
      'ENHANCEDSTATUSCODES',
      'PIPELINING',
      `SIZE ${50 * 1024 * 1024}`,
      'SMTPUTF8',
    ]);
    assert.equal((await line.ask('STARTTLS')).code, 500);
    assert.equal((await line.ask('AUTH PLAIN AGFubmEAc2VjcmV0')).code, 500);
  });

  it('may lack From, Date and Message-ID, and may be empty', async () => {
    const { context, open } = await startReceiving();
    const line = await open();
    for (const content of ['=Anybody there?\r\n', 'no header at all\r\n', '\r\n', '']) {
      assert.equal((await line.mail('', ['anna@example.com'], content)).code, 250);
    }
    const bytes = context.taken.map(({ submission: { content } }) =>
      content.kind === 'bytes' ? Buffer.from(content.bytes).toString() : content.kind,
    );
    assert.deepEqual(bytes, ['=Anybody there?\r\n', 'no header at all\r\n', '\r\n', '']);
  });

  it('keeps dots, NUL bytes and 8-bit text, however the bytes are cut', async () => {
    const { context, open } = await startReceiving();
    const line = await open();
    line.socket.setNoDelay(true);
    await line.begin('you@example.net', ['anna@example.com']);
    const sent = Buffer.from(
      'Subject: d\r\n\r\n..\r\n..two\r\n\0\xff\xfe gr\xfc\xdfe\r\n',
      'latin1',
    );
    for (const byte of sent) {
      await new Promise<void>((resolve) => line.socket.write(Buffer.from([byte]), () => resolve()));
    }
    assert.equal((await line.ask('.')).code, 250);
    const content = context.taken[0]?.submission.content;
    assert.equal(
      content?.kind === 'bytes' && Buffer.from(content.bytes).toString('latin1'),
      'Subject: d\r\n\r\n.\r\n.two\r\n\0\xff\xfe gr\xfc\xdfe\r\n',
    );
  });

  it('that is larger than 64 KiB goes to a blob while it comes in, whole', async () => {
    const { context, open } = await startReceiving();
    const line = await open();
    const body = `${'x'.repeat(998)}\r\n`.repeat(3000);
    const reply = await line.mail(
      'you@example.net',
      ['anna@example.com'],
      `Subject: big\r\n\r\n${body}`,
    );
    assert.equal(reply.code, 250);
    const { submission } = context.taken[0] ?? assert.fail('nothing was accepted');
    assert.equal(submission.content.kind, 'blob');
    if (submission.content.kind !== 'blob') return;
    assert.equal(
      context.blobs.get(submission.content.key)?.toString(),
      `Subject: big\r\n\r\n${body}`,
    );
    assert.equal(submission.header.subject, 'big');
    assert.equal(submission.header.size, body.length + 16);
  });

  it('sent again unanswered has the same key, changed or to others another', async () => {
    const { context, open } = await startReceiving();
    const line = await open();
    await line.mail('you@example.net', ['anna@example.com'], MAIL);
    await line.mail('you@example.net', ['anna@example.com'], MAIL);
    await line.mail('you@example.net', ['anna@example.com'], `${MAIL}more\r\n`);
    await line.mail('you@example.net', ['ben@example.com'], MAIL);
    const keys = context.taken.map(({ submission }) => submission.unique?.hash);
    assert.equal(keys[0], keys[1]);
    assert.equal(new Set(keys).size, 3);
  });

  it('in one pipelined burst with QUIT is taken and answered in order', async () => {
    const { context, connect } = await startReceiving();
    const line = connect();
    const burst = [
      'EHLO c.example.net',
      'MAIL FROM:<you@example.net>',
      'RCPT TO:<anna@example.com>',
    ];
    line.write(`${[...burst, 'DATA'].join('\r\n')}\r\n${MAIL}.\r\nQUIT\r\n`);
    const codes: (number | undefined)[] = [];
    for (let i = 0; i < 7; i += 1) codes.push(await line.code());
    assert.deepEqual(codes, [220, 250, 250, 250, 354, 250, 221]);
    await context.until(() => context.taken[0]?.answers.length === 1);
    assert.deepEqual(context.taken[0]?.answers, [true]);
  });

  it('carries what a Received line needs', async () => {
    const { context, open } = await startReceiving();
    await (await open()).mail('you@example.net', ['anna@example.com'], MAIL);
    const { submission, id } = context.taken[0] ?? assert.fail('nothing was accepted');
    const text = receivedLine({
      origin: { ...submission.origin, startedAt: Date.UTC(2026, 10, 23, 12, 19, 5) },
      id,
      hostname: 'mx.example.com',
      forAddress: 'anna@example.com',
    });
    assert.equal(
      text,
      'Received: from client.example.net ([127.0.0.1])\r\n' +
        `\tby mx.example.com with ESMTP id ${id}\r\n` +
        '\tfor <anna@example.com>;\r\n\tMon, 23 Nov 2026 12:19:05 +0000\r\n',
    );
    assert.equal(submission.origin.peer, '127.0.0.1');
  });
});

describe('recipients', () => {
  it('are checked one by one: subscriber, nobody, not ours, store in trouble', async () => {
    const { context, open } = await startReceiving();
    const line = await open();
    await line.ask('MAIL FROM:<you@example.net>');
    assert.equal((await line.ask('RCPT TO:<ANNA@EXAMPLE.COM>')).code, 250);
    assert.match((await line.ask('RCPT TO:<carl@example.com>')).text, /^550 5\.1\.1 /);
    assert.match((await line.ask('RCPT TO:<x@elsewhere.example>')).text, /^550 5\.7\.1 /);
    context.findWith = async () => ({ kind: 'tryLater', reason: 'halves disagree' });
    assert.match((await line.ask('RCPT TO:<ben@example.com>')).text, /^451 4\.3\.0 /);
  });

  it('named postmaster are the operators, however it is written (RFC 5321 4.5.1)', async () => {
    const { context, open } = await startReceiving();
    const line = await open();
    await line.ask('MAIL FROM:<you@example.net>');
    const before = await line.ask('RCPT TO:<postmaster>');
    assert.match(before.text, /^451 4\.3\.0 /, 'there is no operator yet, never that nobody is');
    const [anna, ben] = context.accounts.splice(0);
    assert.ok(anna && ben);
    const roles = ['subscriber', 'operator'] as const;
    context.accounts.push({ ...anna, roles }, { ...ben, roles });
    for (const written of ['postmaster', 'POSTmaster', 'Postmaster@EXAMPLE.com']) {
      const reply = await line.ask(`RCPT TO:<${written}>`);
      assert.equal(reply.code, 250, `${written}: ${reply.text}`);
    }
    assert.match((await line.ask('RCPT TO:<postmaster@elsewhere.example>')).text, /^550 5\.7\.1 /);
    await line.ask('DATA');
    line.write(MAIL);
    await line.ask('.');
    const recipients = context.taken[0]?.submission.recipients.map(({ to }) => to);
    const via = { channel: 'email', value: 'postmaster@example.com' };
    assert.deepEqual(recipients, [
      { kind: 'subscriber', account: 'anna', via },
      { kind: 'subscriber', account: 'ben', via },
    ]);
  });

  it('named postmaster are whoever was given that address', async () => {
    const { context, open } = await startReceiving();
    context.accounts.push(account('carl', ['postmaster@example.com']));
    const line = await open();
    await line.mail('you@example.net', ['postmaster'], MAIL);
    const recipients = context.taken[0]?.submission.recipients.map(({ to }) => to);
    const via = { channel: 'email', value: 'postmaster@example.com' };
    assert.deepEqual(recipients, [{ kind: 'subscriber', account: 'carl', via }]);
  });

  it('come with what their sender wants to be told (DSN)', async () => {
    const { context, open } = await startReceiving();
    const line = await open();
    await line.ask('MAIL FROM:<you@example.net> RET=HDRS ENVID=QQ+2B1');
    await line.ask(
      'RCPT TO:<anna@example.com> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+2Bb@example.com',
    );
    await line.ask('RCPT TO:<ben@example.com> NOTIFY=NEVER');
    assert.equal((await line.ask('RCPT TO:<b@example.com> NOTIFY=NEVER,DELAY')).code, 501);
    await line.ask('DATA');
    line.write(MAIL);
    await line.ask('.');
    const envelope = { envelopeId: 'QQ+1', returnFull: false };
    assert.deepEqual(
      context.taken[0]?.submission.recipients.map(({ report }) => report),
      [
        {
          success: true,
          failure: false,
          delay: true,
          ...envelope,
          originalRecipient: 'rfc822;a+b@example.com',
        },
        { success: false, failure: false, delay: false, ...envelope },
      ],
    );
  });

  it('named twice get one copy; RSET forgets them', async () => {
    const { context, open } = await startReceiving();
    const line = await open();
    await line.ask('MAIL FROM:<you@example.net>');
    await line.ask('RCPT TO:<ben@example.com>');
    await line.ask('RSET');
    assert.equal((await line.ask('RCPT TO:<ben@example.com>')).code, 503);
    await line.mail('you@example.net', ['anna@example.com', 'Anna@example.com'], MAIL);
    assert.equal(context.taken[0]?.submission.recipients.length, 1);
  });

  it('with other letters need SMTPUTF8', async () => {
    const { context, open } = await startReceiving();
    context.accounts.push({
      ...(context.accounts[0] ?? assert.fail()),
      id: 'jörg',
      addresses: [{ channel: 'email', value: 'jörg@example.com' }],
    });
    const line = await open();
    await line.ask('MAIL FROM:<you@example.net>');
    assert.match((await line.ask('RCPT TO:<jörg@example.com>')).text, /^553 5\.6\.7 /);
    await line.ask('RSET');
    await line.ask('MAIL FROM:<ünal@example.net> SMTPUTF8 BODY=8BITMIME');
    assert.equal((await line.ask('RCPT TO:<jörg@example.com>')).code, 250);
  });
});

describe('signing in', () => {
  const plain = (name: string, password: string): string =>
    `AUTH PLAIN ${Buffer.from(`\0${name}\0${password}`).toString('base64')}`;

  it('ends with a new password or with the account, on open connections too', async () => {
    const { context, open } = await startReceiving();
    const line = await open();
    assert.equal((await line.ask(plain('anna', 'secret'))).code, 235);
    assert.equal((await line.mail('anna@example.com', ['x@elsewhere.example'], MAIL)).code, 250);
    const [anna] = context.accounts;
    assert.ok(anna?.id === 'anna');
    context.accounts[0] = { ...anna, password: 'another' };
    assert.match(
      (await line.ask('MAIL FROM:<anna@example.com>')).text,
      /^550 5\.7\.1 Your account/,
    );
    context.accounts.shift();
    assert.match(
      (await line.ask('MAIL FROM:<anna@example.com>')).text,
      /^550 5\.7\.1 Your account/,
    );
    assert.equal(context.taken.length, 1);
  });

  it('lets a subscriber send outside, with its own addresses only', async () => {
    const { context, open } = await startReceiving();
    const line = await open();
    assert.match((await line.ask(plain('anna', 'wrong'))).text, /^535 5\.7\.8 /);
    assert.equal((await line.ask(plain('anna', 'secret'))).code, 235);
    assert.match((await line.ask('MAIL FROM:<ben@example.com>')).text, /^550 5\.7\.1 /);
    const reply = await line.mail(
      'Anna@example.com',
      ['X@elsewhere.example', 'ben@example.com'],
      MAIL,
    );
    assert.equal(reply.code, 250);
    const { submission } = context.taken[0] ?? assert.fail('nothing was accepted');
    assert.equal(submission.sender.account, 'anna');
    assert.deepEqual(submission.sender.verification, { verified: true, how: 'password' });
    assert.deepEqual(
      submission.recipients.map(({ to }) => to),
      [
        { kind: 'outside', via: { channel: 'email', value: 'X@elsewhere.example' } },
        { kind: 'subscriber', account: 'ben', via: { channel: 'email', value: 'ben@example.com' } },
      ],
    );
  });

  it('by LOGIN works as a mail program does it', async () => {
    const { context, address } = await startReceiving();
    const [host, port] = address.split(':');
    const transport = nodemailer.createTransport({
      host: host ?? '',
      port: Number(port),
      authMethod: 'LOGIN',
      auth: { user: 'ben', pass: 'secret' },
    });
    const info = await transport.sendMail({
      from: 'b@example.com',
      to: 'anna@example.com',
      subject: 'grüße',
      text: 'hallo',
      attachments: [{ filename: 'a.bin', content: Buffer.alloc(1000, 7) }],
    });
    transport.close();
    assert.deepEqual(info.accepted, ['anna@example.com']);
    assert.equal(context.taken[0]?.submission.header.subject, 'grüße');
  });

  it('is not believed for a subscriber named in MAIL FROM alone', async () => {
    const { context, open } = await startReceiving();
    await (await open()).mail('ben@example.com', ['anna@example.com'], MAIL);
    const { sender } = context.taken[0]?.submission ?? assert.fail('nothing was accepted');
    assert.equal(sender.account, 'ben');
    assert.equal(sender.verification.verified, false);
  });
});
