/** TLS, and whether a sender is who it says it is: a real DNS server of ours, real signatures. */

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { afterEach, describe, it } from 'node:test';
import { dkimSignature } from '../../../../actors/channels/email/dkim.js';
import { type DnsServer, type Records, startDns } from '../../../harness/dns.js';
import { MAIL, startReceiving, stopReceiving } from '../../../harness/receiving.js';

const servers: DnsServer[] = [];

afterEach(async () => {
  await stopReceiving();
  for (const server of servers.splice(0)) await server.close();
});

const fixture = (name: string): string => `test/fixtures/tls/${name}.pem`;
const TLS = { key: fixture('key'), cert: fixture('cert') };
const AUTH = `AUTH PLAIN ${Buffer.from('\0anna\0secret').toString('base64')}`;

describe('TLS', () => {
  it('by STARTTLS hides what was said before, and is noted', async () => {
    const { context, open } = await startReceiving({ tls: TLS });
    const line = await open();
    await line.ask('MAIL FROM:<you@example.net>');
    assert.equal((await line.ask('STARTTLS')).code, 220);
    await line.secure();
    assert.equal((await line.ask('RCPT TO:<anna@example.com>')).code, 503);
    assert.doesNotMatch((await line.ask('EHLO client.example.net')).text, /STARTTLS/);
    await line.mail('you@example.net', ['anna@example.com'], MAIL);
    const { origin } = context.taken[0]?.submission ?? assert.fail('nothing was accepted');
    assert.equal(origin.peer, '127.0.0.1, TLS 1.3');
    assert.equal(origin.trace?.['protocol'], 'ESMTPS');
    await context.until(() => context.taken[0]?.answers.length === 1);
    assert.deepEqual(context.taken[0]?.answers, [true]);
  });

  it('drops commands that were slipped in before the handshake', async () => {
    const { open } = await startReceiving({ tls: TLS });
    const line = await open();
    line.write('STARTTLS\r\nMAIL FROM:<evil@example.net>\r\n');
    assert.equal(await line.code(), 220);
    await line.secure();
    await line.ask('EHLO client.example.net');
    assert.equal((await line.ask('RCPT TO:<anna@example.com>')).code, 503);
  });

  it('is needed for AUTH, unless the peer is on this computer and that is allowed', async () => {
    const strict = await startReceiving({ tls: TLS, submission: { plaintext: 'never' } });
    const line = await strict.open();
    assert.equal((await line.ask(AUTH)).code, 500);
    await line.ask('STARTTLS');
    await line.secure();
    assert.match((await line.ask('EHLO client.example.net')).text, /AUTH PLAIN LOGIN/);
    assert.equal((await line.ask(AUTH)).code, 235);
    const reply = await line.mail('anna@example.com', ['x@elsewhere.example'], MAIL);
    assert.equal(reply.code, 250);
    assert.equal(strict.context.taken[0]?.submission.origin.trace?.['protocol'], 'ESMTPSA');
    const loose = await startReceiving({ tls: TLS });
    assert.equal((await (await loose.open()).ask(AUTH)).code, 235);
  });

  it('with half of its settings does not start', async () => {
    await assert.rejects(startReceiving({ tls: { key: TLS.key } }), /needs both key and cert/);
    await assert.rejects(startReceiving({ tls: { key: 'no', cert: 'no' } }), /no such file/);
  });
});

const HEAD =
  'From: You <you@example.net>\r\nTo: anna@example.com\r\nSubject: Hi\r\n' +
  'Date: Mon, 23 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@example.net>\r\n\r\n';

async function checked(records: Records, content: string | Buffer, from = 'you@example.net') {
  const dns = await startDns(records);
  servers.push(dns);
  const { context, open } = await startReceiving({
    dnsServers: [dns.address],
    verify: { local: 'check' },
  });
  const reply = await (await open()).mail(from, ['anna@example.com'], content);
  assert.equal(reply.code, 250);
  return context.taken[0]?.submission.sender.verification ?? assert.fail('nothing was accepted');
}

function signed(body: string): { content: Buffer; record: string } {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = { domain: 'example.net', selector: 's1', key: privateKey };
  const signature = dkimSignature(Buffer.from(HEAD + body), key, Date.now());
  const point = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  return {
    content: Buffer.from(`${signature}${HEAD}${body}`),
    record: `v=DKIM1; k=rsa; p=${point}`,
  };
}

describe('a sender', () => {
  it('whose domain names this peer (SPF) is verified; one whose does not is not', async () => {
    const pass = await checked({ 'TXT example.net': 'v=spf1 ip4:127.0.0.1 -all' }, `${HEAD}Hi\r\n`);
    assert.deepEqual(pass, { verified: true, how: 'SPF pass, DKIM none, DMARC none' });
    const fail = await checked({ 'TXT example.net': 'v=spf1 -all' }, `${HEAD}Hi\r\n`);
    assert.deepEqual(fail, { verified: false, how: 'SPF fail, DKIM none, DMARC none' });
  });

  it('who signed (DKIM) is verified, small and streamed; a changed mail is not', async () => {
    for (const body of ['Hi\r\n', `${'v'.repeat(900)}\r\n`.repeat(300)]) {
      const { content, record } = signed(body);
      const records = {
        'TXT s1._domainkey.example.net': record,
        'TXT _dmarc.example.net': 'v=DMARC1; p=reject',
      };
      const { verified, how } = await checked(records, content);
      assert.match(how, /DKIM pass \(example\.net\), DMARC pass/);
      assert.equal(verified, true);
      const changed = Buffer.concat([content, Buffer.from('added\r\n')]);
      const forged = await checked(records, changed);
      assert.match(forged.how, /DMARC fail/);
      assert.equal(forged.verified, false);
    }
  });

  it('of another domain than From says, against its DMARC, is not verified', async () => {
    const records = {
      'TXT evil.example': 'v=spf1 ip4:127.0.0.1 -all',
      'TXT _dmarc.example.net': 'v=DMARC1; p=reject',
    };
    const { verified, how } = await checked(records, `${HEAD}Hi\r\n`, 'x@evil.example');
    assert.equal(how, 'SPF pass, DKIM none, DMARC fail');
    assert.equal(verified, false);
  });

  it('that is a subscriber without its password is not verified, whatever DNS says', async () => {
    const records = { 'TXT example.com': 'v=spf1 ip4:127.0.0.1 -all' };
    const { verified, how } = await checked(records, 'Subject: x\r\n\r\n', 'ben@example.com');
    assert.equal(how, 'SPF pass, DKIM none, DMARC none, not signed in');
    assert.equal(verified, false);
  });

  it('about whom nobody answers is unknown after the time that was set, and accepted', async () => {
    const dns = await startDns({}, 'silent');
    servers.push(dns);
    const { context, open } = await startReceiving({
      dnsServers: [dns.address],
      verify: { local: 'check', timeoutMs: 100 },
    });
    const line = await open();
    const before = performance.now();
    const reply = await line.mail('you@example.net', ['anna@example.com'], `${HEAD}Hi\r\n`);
    assert.equal(reply.code, 250);
    assert.ok(performance.now() - before < 3000);
    const { verification } = context.taken[0]?.submission.sender ?? assert.fail();
    assert.equal(verification.verified, false);
    assert.ok(dns.asked.length > 0);
  });

  it('on this computer is trusted or doubted as set, and nobody is asked', async () => {
    for (const local of ['trust', 'doubt']) {
      const { context, open } = await startReceiving({ verify: { local } });
      await (await open()).mail('you@example.net', ['anna@example.com'], MAIL);
      const { verification } = context.taken[0]?.submission.sender ?? assert.fail();
      assert.deepEqual(verification, { verified: local === 'trust', how: 'local peer' });
    }
  });
});
