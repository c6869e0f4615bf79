/** Hostile envelopes on the real process: odd addresses, too many recipients, smuggling. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { RawReply, SmtpLine } from '../harness/smtp-line.js';
import { DOMAIN, startAttacked } from './beside-a-canary.js';

const TIMEOUT = { timeout: 120_000 };

interface Row {
  readonly address: string;
  readonly normal?: string;
  readonly refused?: string;
}
const ADDRESSES: readonly Row[] = JSON.parse(
  readFileSync('test/actors/channels/email/addresses.json', 'utf8'),
);

/** Refused as addresses, but right as the path of a command: the null path, a source route. */
function isPath({ address }: Row): boolean {
  return address === '' || /^@.+:/.test(address);
}

/** The postmaster is always there; other addresses may be right, but nobody has them. */
function rcptCode(row: Row): number {
  if (/^postmaster$/i.test(row.address)) return 250;
  const isRight = row.normal !== undefined || (isPath(row) && row.address !== '');
  return isRight ? 550 : 501;
}

/** Everything the line says until it ends. */
async function until221(line: SmtpLine): Promise<readonly RawReply[]> {
  line.write('QUIT\r\n');
  const replies: RawReply[] = [];
  for (;;) {
    const reply = await line.reply();
    if (reply === undefined) return replies;
    replies.push(reply);
  }
}

test('odd addresses at MAIL and RCPT: each has its reply', TIMEOUT, async (t) => {
  const { open, during } = await startAttacked(t);
  const firstReply = async (before: string, command: string): Promise<RawReply> => {
    const line = await open();
    if (before !== '') await line.ask(before);
    line.write(`${command}\r\n`);
    const replies = await until221(line);
    assert.equal(replies.at(-1)?.code, 221, JSON.stringify(command));
    return replies[0] ?? assert.fail(JSON.stringify(command));
  };
  const codes = new Map<string, number>();
  const note = (stage: string, { code, text }: RawReply, row: Row): void => {
    codes.set(`${stage} ${code}`, (codes.get(`${stage} ${code}`) ?? 0) + 1);
    assert.match(text, /^\d{3} \d\.\d\.\d \S/, JSON.stringify(row.address));
  };
  await during(`${ADDRESSES.length} odd addresses`, async () => {
    for (const row of ADDRESSES) {
      const { address, normal, refused } = row;
      const mail = await firstReply('', `MAIL FROM:<${address}> SMTPUTF8`);
      note('MAIL', mail, row);
      const fits = normal !== undefined || isPath(row) || refused === 'relay';
      assert.equal(mail.code, fits ? 250 : 501, `MAIL ${JSON.stringify(address)}: ${mail.text}`);
      const begin = 'MAIL FROM:<you@example.net> SMTPUTF8';
      const rcpt = await firstReply(begin, `RCPT TO:<${address}>`);
      note('RCPT', rcpt, row);
      const code = rcptCode(row);
      assert.equal(rcpt.code, code, `RCPT ${JSON.stringify(address)}: ${rcpt.text}`);
    }
  });
  t.diagnostic([...codes].map(([what, count]) => `${what}: ${count}`).join(', '));
});

test('10,000 recipients: 1,000 get the mail, 9,000 are told to come later', TIMEOUT, async (t) => {
  const { on, sink, open, during } = await startAttacked(t);
  const { name, address, password } = on.demo ?? assert.fail('no demo account');
  const secret = Buffer.from(`\0${name}\0${password}`).toString('base64');
  await during('10,000 recipients', async () => {
    const line = await open('127.0.0.1');
    assert.equal((await line.ask(`AUTH PLAIN ${secret}`)).code, 235);
    await line.ask(`MAIL FROM:<${address}>`);
    let burst = '';
    for (let i = 0; i < 10_000; i += 1) burst += `RCPT TO:<list${i}@example.com>\r\n`;
    line.write(burst);
    const codes = new Map<number, number>();
    for (let i = 0; i < 10_000; i += 1) {
      const code = (await line.code()) ?? 0;
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    assert.deepEqual(Object.fromEntries(codes), { 250: 1000, 452: 9000 });
    await line.ask('DATA');
    line.write('Subject: to all\r\n\r\nHi\r\n');
    assert.equal((await line.ask('.')).code, 250);
    const got = () => new Set(sink.messages.flatMap(({ to }) => to.filter(isOnList)));
    await sink.until(() => got().size === 1000);
  });
});

function isOnList(address: string): boolean {
  return address.startsWith('list');
}

test('bare CR and LF, in commands and content, smuggle nothing', TIMEOUT, async (t) => {
  const { sink, open, subscriber, during } = await startAttacked(t);
  const device = { channel: 'email', value: 'prey@prey.example' };
  const prey = await subscriber({ name: 'prey', device });
  const ends = ['\n.\n', '\n.\r\n', '\r.\r\n', '\r\n.\n', '\r\n.\r', '\r.\r', '\n\n.\r\n', 'a\rb'];
  const inner = `MAIL FROM:<root@evil.example>\r\nRCPT TO:<${prey}>\r\nDATA\r\nSmuggled: yes`;
  await during('smuggling', async () => {
    for (const end of ends) {
      const line = await open();
      await line.begin('you@example.net', [prey]);
      line.write(`Subject: a\r\n\r\nx${end}${inner}\r\n.\r\n`);
      assert.match((await line.reply())?.text ?? '', /^554 5\.6\.0 /, JSON.stringify(end));
      assert.equal((await line.ask('NOOP')).code, 250);
      line.end();
    }
    for (const command of [
      'MAIL FROM:<a@example.net>\0',
      'RCPT\0 TO:<a@b.example>',
      '\0',
      'E\rHLO',
    ]) {
      const line = await open();
      const { code, text } = await line.ask(command);
      assert.ok(code >= 500 && code < 600, `${JSON.stringify(command)}: ${text}`);
      line.end();
    }
  });
  assert.equal(sink.messages.filter(({ to }) => to.includes(device.value)).length, 0);
});

test('NUL in the content is content: it arrives as it was sent', TIMEOUT, async (t) => {
  const { sink, open, subscriber } = await startAttacked(t);
  const to = await subscriber({ name: 'prey', device: { channel: 'email', value: 'p@p.example' } });
  const line = await open();
  const content = `Subject: a\0b\r\n\r\n\0\0\r\n`;
  assert.equal((await line.mail('you@example.net', [to], content)).code, 250);
  await sink.until(() => sink.messages.length === 1);
  const [mail] = sink.messages;
  assert.ok(mail?.bytes.toString('latin1').endsWith(content));
  assert.ok(mail?.bytes.toString('latin1').startsWith(`Delivered-To: prey@${DOMAIN}\r\n`));
});

test('mail to postmaster is kept in the inbox of the operator', TIMEOUT, async (t) => {
  const { on, open } = await startAttacked(t);
  const line = await open();
  for (const address of ['postmaster', `POSTMASTER@${DOMAIN}`]) {
    const reply = await line.mail(
      'you@example.net',
      [address],
      `Subject: ${address}\r\n\r\nHelp\r\n`,
    );
    assert.equal(reply.code, 250, reply.text);
    const id = reply.text.slice(-16);
    const waited = await on.command('track', id, '--wait');
    assert.equal(waited.code, 0, waited.stderr);
  }
  const { stdout } = await on.command('inbox', 'operator', '--json');
  const { messages } = JSON.parse(stdout);
  const subjects = messages.map(({ subject }: { subject: string }) => subject);
  assert.deepEqual(subjects.sort(), [`POSTMASTER@${DOMAIN}`, 'postmaster']);
});
