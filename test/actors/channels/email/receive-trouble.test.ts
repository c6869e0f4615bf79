/** The receiving agent when something of ours fails, when bounces come home, and when it stops. */

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { MAIL, startReceiving, stopReceiving } from '../../../harness/receiving.js';

afterEach(stopReceiving);

describe('trouble of our own', () => {
  it('is a temporary error at MAIL when nothing may be accepted', async () => {
    const { context, open } = await startReceiving();
    context.refusal = 'the disk has reached the reserve';
    const line = await open();
    assert.match((await line.ask('MAIL FROM:<you@example.net>')).text, /^452 4\.3\.1 /);
    context.refusal = undefined;
    assert.equal((await line.ask('MAIL FROM:<you@example.net>')).code, 250);
  });

  it('is a temporary error at the dot when the store fails, full, or throws', async () => {
    const { context, open } = await startReceiving();
    const line = await open();
    const send = () => line.mail('you@example.net', ['anna@example.com'], MAIL);
    context.acceptWith = async () => ({ ok: false, code: 'STORE_UNAVAILABLE', message: 'down' });
    assert.match((await send()).text, /^451 4\.3\.0 /);
    context.acceptWith = async () => ({ ok: false, code: 'STORE_FULL', message: 'full' });
    assert.match((await send()).text, /^452 4\.3\.1 /);
    context.acceptWith = async () => {
      throw new Error('a bug');
    };
    assert.match((await send()).text, /^451 4\.3\.0 /);
    context.acceptWith = undefined;
    assert.equal((await send()).code, 250);
  });

  it('while streaming a large mail is a temporary error, and the line stays in step', async () => {
    const { context, open } = await startReceiving();
    const line = await open();
    context.putWith = async (chunks) => {
      for await (const _ of chunks) throw new Error('disk');
      return { key: '', size: 0 };
    };
    const big = `${'y'.repeat(998)}\r\n`.repeat(500);
    await line.begin('you@example.net', ['anna@example.com']);
    line.write(`${big}.\r\nNOOP\r\n`);
    assert.match((await line.reply())?.text ?? '', /^451 4\.3\.0 /);
    assert.equal(await line.code(), 250);
    context.putWith = undefined;
    assert.equal((await line.mail('you@example.net', ['anna@example.com'], MAIL)).code, 250);
    assert.equal(context.taken.length, 1);
  });

  it('never lets a lost peer count as answered', async () => {
    const { context, open } = await startReceiving();
    const line = await open();
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let asked = (): void => {};
    const accepting = new Promise<void>((resolve) => {
      asked = resolve;
    });
    context.acceptWith = async (submission) => {
      asked();
      await held;
      return context.keep(submission);
    };
    await line.begin('you@example.net', ['anna@example.com']);
    line.write(`${MAIL}.\r\n`);
    await accepting;
    line.socket.resetAndDestroy();
    // The reset has been seen when a connection made after it is served.
    await (await open()).ask('NOOP');
    release();
    await context.until(() => context.taken[0]?.answers.length === 1);
    assert.deepEqual(context.taken[0]?.answers, [false]);
  });
});

describe('bounces', () => {
  const report = (action: string, status: string): string =>
    [
      'From: MAILER-DAEMON@mx.example.net',
      'MIME-Version: 1.0',
      'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
      '',
      '--b',
      'Content-Type: text/plain',
      '',
      'Sorry.',
      '--b',
      'Content-Type: message/delivery-status',
      '',
      'Reporting-MTA: dns; mx.example.net',
      '',
      'Final-Recipient: rfc822; x@example.net',
      `Action: ${action}`,
      `Status: ${status}`,
      'Diagnostic-Code: smtp; 550 no such user',
      '',
      '--b--',
      '',
    ].join('\r\n');

  it('with a valid token become a late outcome, answered after it is stored', async () => {
    const { context, open } = await startReceiving();
    const line = await open();
    const reply = await line.mail('', ['bounce+valid1@example.com'], report('failed', '5.1.1'));
    assert.equal(reply.code, 250);
    assert.equal(context.taken.length, 0);
    const [fact] = context.facts;
    assert.equal(context.facts.length, 1);
    assert.equal(fact?.messageKey, 'msg/x.0');
    assert.equal(fact?.delivery, 1);
    assert.equal(fact?.outcome.result, 'failed');
    assert.equal(fact?.outcome.status, '5.1.1');
    assert.match(fact?.outcome.reason ?? '', /no such user/);
  });

  it('come to the bounce domain too, where that is another', async () => {
    const { context, open } = await startReceiving({ bounceDomain: 'Return.example.com' });
    const line = await open();
    const to = ['bounce+valid1@return.example.com'];
    assert.equal((await line.mail('', to, report('failed', '5.2.2'))).code, 250);
    assert.equal(context.facts.length, 1);
  });

  it('that only tell of a delay, or are no reports, decide nothing', async () => {
    const { context, open } = await startReceiving();
    const line = await open();
    const to = ['bounce+valid1@example.com'];
    assert.equal((await line.mail('', to, report('delayed', '4.4.1'))).code, 250);
    assert.equal((await line.mail('', to, 'Subject: I am on holiday\r\n\r\nBye\r\n')).code, 250);
    assert.deepEqual(context.facts, []);
  });

  it('with an invalid token are refused; one that cannot be stored comes again', async () => {
    const { context, open } = await startReceiving();
    const line = await open();
    await line.ask('MAIL FROM:<>');
    assert.match((await line.ask('RCPT TO:<bounce+forged@example.com>')).text, /^550 5\.1\.1 /);
    await line.ask('RSET');
    context.observeWith = async () => {
      throw new Error('store away');
    };
    const reply = await line.mail('', ['bounce+valid1@example.com'], report('failed', '5.1.1'));
    assert.match(reply.text, /^451 4\.3\.0 /);
  });
});

describe('stopping', () => {
  it('answers the mail that is being stored, then everybody 421, and closes', async () => {
    const { context, receiver, open, connect } = await startReceiving();
    const [busy, idle] = [await open(), await open()];
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let asked = (): void => {};
    const accepting = new Promise<void>((resolve) => {
      asked = resolve;
    });
    context.acceptWith = async (submission) => {
      asked();
      await held;
      return context.keep(submission);
    };
    await busy.begin('you@example.net', ['anna@example.com']);
    busy.write(`${MAIL}.\r\n`);
    await accepting;
    const stopped = receiver.stop();
    assert.equal(await idle.code(), 421);
    release();
    assert.equal(await busy.code(), 250);
    assert.equal(await busy.code(), 421);
    await stopped;
    await context.until(() => context.taken[0]?.answers.length === 1);
    assert.equal(await connect().reply(), undefined);
    assert.deepEqual(context.taken[0]?.answers, [true]);
  });
});
