/**
 * Injection on the real process: line breaks through every field that a sender can write, in every
 * form in which it could be decoded. What leaves the switch (mail passed on, reports, notices) is
 * read line by line: no field stands there that the switch or the mail did not write.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SinkStage } from '../../actors/channels/email/peer.js';
import { type Attacked, DOMAIN, startAttacked } from './beside-a-canary.js';

const TIMEOUT = { timeout: 120_000 };
const EVIL = 'X-Injected: yes';
/** Ends of line as they are, and as encodings that somebody may decode too early. */
const BREAKS = ['=0D=0A', '=0A', '=0D', '=00', '=E2=80=A8', '=C2=85'];
const XTEXT = ['+0D+0A', '+0A', '+0D', '+00'];

/** What the fields of a head are called, and nothing folded into them. */
function fieldNames(head: string): readonly string[] {
  return head
    .split(/\r\n|\r|\n/)
    .filter((line) => !/^[ \t]/.test(line))
    .map((line) => /^([!-9;-~]+):/.exec(line)?.[1] ?? assert.fail(`no field: ${line}`));
}

function headOf(bytes: Buffer): string {
  const text = bytes.toString('latin1');
  return text.slice(0, text.indexOf('\r\n\r\n'));
}

/** No injected line anywhere, no head field twice, no line end but CRLF, no NUL. */
function assertClean(bytes: Buffer, what: string): void {
  const text = bytes.toString('latin1');
  // A line of quoted-printable goes on after "=".
  assert.doesNotMatch(text.replaceAll('=\r\n', ''), /^X-Injected/im, what);
  assert.doesNotMatch(text.replaceAll('\r\n', ''), /[\r\n\0]/, what);
  const names = fieldNames(headOf(bytes)).map((name) => name.toLowerCase());
  const once = ['from', 'to', 'subject', 'date', 'message-id', 'content-type'];
  for (const name of once) {
    assert.ok(names.filter((other) => other === name).length <= 1, `${what}: ${name} twice`);
  }
}

function refuse(stage: SinkStage, argument: string) {
  const isPrey = stage === 'RCPT' && argument.includes('prey@prey.example');
  return isPrey ? { answer: `550 5.1.1 no\t${EVIL}` } : undefined;
}

/** The operator's messages leave as mail too, so that dead notices can be looked at. */
async function operatorOutside({ on }: Attacked): Promise<void> {
  const account = 'operator';
  const addresses = [{ channel: 'email', value: 'op@op.example' }];
  await on.operate('device.add', { account, name: 'device', addresses });
  const steps = [{ endpoints: ['device'] }];
  const profile = { id: 'p', name: 'P', steps, confirms: 'any', lastResort: 'inbox' };
  await on.operate('profile.put', { account, profile });
  await on.operate('profile.use', { account, profile: 'p' });
}

test('what a sender writes breaks no line of a report or a dead notice', TIMEOUT, async (t) => {
  const attacked = await startAttacked(t, { script: refuse });
  const { sink, open, subscriber, during } = attacked;
  await operatorOutside(attacked);
  const device = { channel: 'email', value: 'prey@prey.example' };
  const to = await subscriber({ name: 'prey', device, lastResort: 'dead' });
  const sent = (address: string) => sink.messages.filter((one) => one.to.includes(address));
  await during('injection by subject, names, ids, ENVID, ORCPT', async () => {
    for (const [i, breaks] of BREAKS.entries()) {
      const xtext = XTEXT[i % 3] ?? '';
      const word = `=?utf-8?q?a${breaks}${EVIL.replaceAll(' ', '_')}?=`;
      const envid = `ENVID=id${'+20'}${EVIL.replace(': ', '+3A+20')}`;
      const line = await open();
      const refused = [
        `MAIL FROM:<you@example.net> ENVID=a${xtext}b`,
        `MAIL FROM:<you@example.net> ENVID=a\tb`,
      ];
      for (const command of refused) {
        const { code, text } = await line.ask(command);
        assert.equal(code, 501, `${command}: ${text}`);
      }
      assert.equal((await line.ask(`MAIL FROM:<you@example.net> RET=HDRS ${envid}`)).code, 250);
      const injected = await line.ask(`RCPT TO:<${to}> ORCPT=rfc822;a${xtext}b`);
      assert.equal(injected.code, 501, injected.text);
      const orcpt = `ORCPT=rfc822;${EVIL.replace(': ', '+3A+20')}`;
      const taken = await line.ask(`RCPT TO:<${to}> NOTIFY=FAILURE ${orcpt}`);
      assert.equal(taken.code, 250, taken.text);
      await line.ask('DATA');
      line.write(
        [
          `From: "${word}" <you@example.net>`,
          `Subject: ${word}`,
          `Message-ID: <${i}${breaks}${EVIL.replaceAll(' ', '')}@example.net>`,
          `References: <a${breaks}b@example.net> <x\tX-Injected:yes@y>`,
          '',
          'x',
          '',
        ].join('\r\n'),
      );
      assert.equal((await line.ask('.')).code, 250);
    }
    const all = () => sent('you@example.net').length + sent('op@op.example').length;
    await sink.until(() => all() === 2 * BREAKS.length);
  });
  for (const { bytes } of [...sent('you@example.net'), ...sent('op@op.example')]) {
    assertClean(bytes, bytes.toString('latin1'));
  }
  const [report] = sent('you@example.net');
  assert.equal(report?.from, '');
  assert.match(
    report?.bytes.toString('latin1') ?? '',
    /^Original-Envelope-Id: id X-Injected: yes\r$/m,
  );
});

test('what a sender says of itself breaks no trace line', TIMEOUT, async (t) => {
  const attacked = await startAttacked(t);
  const { sink, connect, subscriber, during } = attacked;
  const device = { channel: 'email', value: 'prey@prey.example' };
  const to = await subscriber({ name: 'prey', device });
  const names = [
    `a\t${EVIL}`,
    `a\r${EVIL}`,
    `a\0${EVIL}`,
    `a) by evil.example; (${EVIL}`,
    'x'.repeat(400),
    'a\u0085b',
    '[127.0.0.1',
    '(((((((',
    '\\',
  ];
  let taken = 0;
  const arrived = () => sink.messages.filter((one) => one.to.includes(device.value));
  await during('injection by EHLO', async () => {
    for (const name of names) {
      const line = connect();
      await line.reply();
      const hello = await line.ask(`EHLO ${name}`);
      assert.ok([250, 500, 501].includes(hello.code), hello.text);
      if (hello.code !== 250) continue;
      const reply = await line.mail('you@example.net', [to], 'Subject: a\r\n\r\nx\r\n');
      assert.equal(reply.code, 250, reply.text);
      taken += 1;
    }
    await sink.until(() => arrived().length === taken);
  });
  for (const { bytes } of arrived()) {
    assertClean(bytes, bytes.toString('latin1'));
    const names = fieldNames(headOf(bytes));
    assert.deepEqual(names, ['Delivered-To', 'Received', 'Subject'], bytes.toString('latin1'));
  }
});

test('forged return and reply addresses lead nowhere', TIMEOUT, async (t) => {
  const { open, during } = await startAttacked(t);
  const tokens = ['', 'x', '../../etc', 'a'.repeat(48), 'a'.repeat(500), '0.0.0', '%00', '\u00e4'];
  await during('forged tokens', async () => {
    const line = await open();
    await line.ask('MAIL FROM:<> SMTPUTF8');
    for (const purpose of ['bounce', 'reply', 'BOUNCE']) {
      for (const token of tokens) {
        const { code, text } = await line.ask(`RCPT TO:<${purpose}+${token}@${DOMAIN}>`);
        assert.ok([501, 550].includes(code), `${purpose}+${token}: ${text}`);
      }
    }
  });
});

test(
  'the control socket takes no subject of two lines, and no header by a name',
  TIMEOUT,
  async (t) => {
    const { on, sink } = await startAttacked(t);
    const to = ['email:prey@prey.example'];
    const send = (more: object) =>
      on.operate('send', { to, subject: 'a', text: 'x', by: 'test', ...more });
    for (const bad of [`a\r\n${EVIL}`, `a\n${EVIL}`, 'a\0b', 'a\u007f']) {
      await assert.rejects(send({ subject: bad }), /subject/, JSON.stringify(bad));
    }
    await assert.rejects(
      send({ to: [`email:prey@prey.example\r\n${EVIL}`] }),
      /neither an account/,
    );
    await assert.rejects(send({ from: `a\r\n${EVIL}@b.example` }), /neither an account/);
    await assert.rejects(send({ to: Array(1001).fill('email:a@b.example') }), /to /);
    await send({ subject: `a\u2028${EVIL}\u0085b`, text: `.\r\n${EVIL}\r\n.\r\n` });
    await sink.until(() => sink.messages.length === 1);
    const [mail] = sink.messages;
    const names = fieldNames(headOf(mail?.bytes ?? assert.fail('nothing arrived')));
    assert.equal(names.includes('X-Injected'), false);
  },
);
