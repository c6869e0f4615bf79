/** Odd and hostile envelopes: each gets one clear reply, and nothing gets through into a header. */

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { parseMailbox } from '../../../../actors/channels/email/address.js';
import { receivedLine } from '../../../../actors/channels/email/trace.js';
import { account } from '../../../harness/receive-context.js';
import { MAIL, startReceiving, stopReceiving } from '../../../harness/receiving.js';

afterEach(stopReceiving);

/** Generous: a canary usually takes a few milliseconds. */
const CANARY_MS_MAX = 20_000;

describe('injection through the envelope', () => {
  it('is refused in addresses and parameters', async () => {
    const { context, open } = await startReceiving({ limits: { errors: 1000 } });
    const line = await open();
    const commands = [
      'MAIL FROM:<a@b.example> ENVID=x+0D+0ABcc:+20y',
      'MAIL FROM:<a@b.example> XYZ=1',
      'MAIL FROM:<a@b.example> RET=ALL',
      'MAIL FROM:<a@b.example> BODY=BINARYMIME',
      'MAIL FROM:<a@b.example> SIZE=abc',
      'MAIL FROM:<a@b.example>SIZE=1',
      'MAIL FROM:<a@b.example> RET=HDRS RET=FULL',
      'MAIL FROM:<a\tb@c.example>',
      'MAIL FROM:<a\0@c.example>',
      'MAIL FROM:<"a\x0bb"@c.example>',
      'MAIL FROM:a@b.example',
      'MAIL FROM:<a@b.example',
      'MAIL FROM:<a@b.example> <c@d.example>',
      'MAIL FROM: <a@b.example>, <c@d.example>',
    ];
    for (const command of commands) {
      const reply = await line.ask(command);
      assert.ok(reply.code >= 500 && reply.code < 600, `${JSON.stringify(command)}: ${reply.text}`);
    }
    assert.equal((await line.ask('MAIL FROM:<a@b.example>')).code, 250);
    const orcpt = 'RCPT TO:<anna@example.com> ORCPT=rfc822;x+0Aevil@example.com';
    assert.equal((await line.ask(orcpt)).code, 501);
    assert.equal(context.taken.length, 0);
  });

  it('of a HELO name never shows in the Received line', async () => {
    const { context, connect } = await startReceiving();
    for (const name of [
      '(evil);by=x',
      '<script>',
      '[1.2.3.4]);id=1',
      `${'a'.repeat(290)}`,
      'ä.example',
    ]) {
      const line = connect();
      await line.code();
      assert.equal((await line.ask(`EHLO ${name}`)).code, 250);
      assert.equal((await line.mail('you@example.net', ['anna@example.com'], MAIL)).code, 250);
    }
    for (const { submission, id } of context.taken) {
      const text = receivedLine({ origin: submission.origin, id, hostname: 'mx.example.com' });
      assert.ok(text.startsWith('Received: from [127.0.0.1] ([127.0.0.1])\r\n\tby '), text);
    }
  });
});

describe('odd addresses', () => {
  const locals = [
    'a',
    'a.b',
    '.a',
    'a.',
    'a..b',
    'a+b',
    'a%b',
    'a!b',
    'a%b%c',
    '"a b"',
    '"a@b"',
    '"a\\"b"',
    '""',
    '"a',
    'a"b',
    'a b',
    'a\tb',
    'a,b',
    'a;b',
    'a:b',
    'a(c)b',
    'a[b]',
    'a\\b',
    '@a',
    'a@b',
    '-a',
    "o'h",
    '#',
    '{}',
    '$&*=?^`|~/',
    'x'.repeat(64),
    'x'.repeat(65),
    'é',
    '用户',
    '\u200b',
    'a\u202eb',
  ];
  const domains = [
    'c.example',
    '',
    'c',
    '.c.example',
    'c..example',
    'c.example.',
    '-c.example',
    'c-.example',
    'c_d.example',
    '[127.0.0.1]',
    '[1.2.3]',
    '[IPv6:::1]',
    '[IPv6:zz]',
    `${'d'.repeat(64)}.example`,
    'bücher.example',
    'xn--bcher-kva.example',
    'c.example\u0000',
    'c!d',
    `${'e.'.repeat(127)}example`,
  ];
  const odd = [
    ...locals.map((local) => `${local}@c.example`),
    ...domains.map((domain) => `a@${domain}`),
    ...locals.flatMap((local) => domains.slice(1, 5).map((domain) => `${local}@${domain}`)),
    '@relay.example:a@c.example',
    '@r1.example,@r2.example:a@c.example',
    'a@c.example,b@d.example',
    'a@c.example>',
    '<a@c.example',
    'postmaster',
    'POSTMASTER',
    'a',
    '@',
    '@c.example',
    ' a@c.example',
  ];

  it(`(${odd.length}) each get one clear reply, and only what the grammar allows`, async () => {
    assert.ok(odd.length >= 160);
    const { context, open, canary } = await startReceiving({ limits: { errors: 10_000 } });
    context.accounts.push({ ...account('olga', []), roles: ['operator'] });
    const line = await open();
    await line.ask(`AUTH PLAIN ${Buffer.from('\0anna\0secret').toString('base64')}`);
    const served = canary();
    await line.ask('MAIL FROM:<anna@example.com> SMTPUTF8');
    let taken = 0;
    for (const address of odd) {
      const reply = await line.ask(`RCPT TO:<${address}>`);
      assert.ok([250, 501, 550, 553].includes(reply.code), `${address}: ${reply.text}`);
      assert.equal(reply.text.includes('\n'), false);
      const route = address.replace(/^@[^:@]+(,@[^:@]+)*:/, '');
      if (reply.code === 250) {
        taken += 1;
        const isRight = parseMailbox(route).ok || /^postmaster$/i.test(route);
        assert.ok(isRight, `${address} was taken`);
      }
    }
    assert.ok((await served) < CANARY_MS_MAX);
    assert.ok(taken > 10);
    await line.ask('DATA');
    line.write(MAIL);
    assert.equal((await line.ask('.')).code, 250);
    for (const { to } of context.taken.at(-1)?.submission.recipients ?? []) {
      const parsed = parseMailbox(to.via.value);
      assert.ok(parsed.ok && parsed.value === to.via.value);
    }
  });

  it('as senders get one clear reply too', async () => {
    const { open } = await startReceiving({ limits: { errors: 10_000 } });
    const line = await open();
    for (const address of odd) {
      const reply = await line.ask(`MAIL FROM:<${address}>`);
      assert.ok([250, 501, 553].includes(reply.code), `${address}: ${reply.text}`);
      assert.equal((await line.ask('RSET')).code, 250);
    }
  });
});
