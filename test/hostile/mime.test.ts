/**
 * MIME bombs on the real process: kept byte for byte, and read all the same. The device of the
 * subscriber takes UMF only, and a return address has the report in the mail read, so that the
 * switch must take each of them apart twice.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { peer } from '../../actors/channels/loopback/peer.js';
import { atEnd } from '../harness/at-end.js';
import { peerWorld } from '../harness/peer-world.js';
import type { SmtpLine } from '../harness/smtp-line.js';
import { type Attacked, DOMAIN, startAttacked } from './beside-a-canary.js';

const TIMEOUT = { timeout: 240_000 };
const MIB = 1024 * 1024;

function mail(head: string, body: string): string {
  return `From: <you@example.net>\r\n${head}MIME-Version: 1.0\r\n${body}`;
}

function multipart(boundary: string): string {
  return `Content-Type: multipart/mixed; boundary=${boundary}\r\n\r\n`;
}

function nested(depth: number): string {
  let body = '';
  for (let i = 0; i < depth; i += 1) body += `${multipart(`b${i}`)}--b${i}\r\n`;
  return mail('', `${body}\r\nend\r\n`);
}

function letters(depth: number): string {
  const letter = 'Content-Type: message/rfc822\r\n\r\n';
  return mail('', `${letter.repeat(depth)}Subject: inside\r\n\r\nx\r\n`);
}

function parts(count: number): string {
  return mail('', `${multipart('b')}${'--b\r\n\r\nx\r\n'.repeat(count)}--b--\r\n`);
}

function like(boundary: string, count: number): string {
  return mail('', `${multipart(boundary)}${`--${boundary}x\r\n`.repeat(count)}`);
}

const PLAIN = 'Content-Type: text/plain; charset=utf-8\r\n';

const BASE64 = 'Content-Transfer-Encoding: base64\r\n';

/** Each stays below the 50 MiB that a mail may have. */
const BOMBS: Readonly<Record<string, () => string>> = {
  'multiparts within each other': () => nested(100_000),
  'messages within each other': () => letters(200_000),
  'a million parts': () => parts(1_000_000),
  'lines that are nearly boundaries': () => like('b'.repeat(60), 100_000),
  'a million fields': () => mail('X: y\r\n'.repeat(1_000_000), '\r\nx\r\n'),
  'one field of many lines': () => mail(`X:${' y\r\n'.repeat(1_000_000)}`, '\r\nx\r\n'),
  'one line without an end': () => mail(`Subject: ${'x'.repeat(20 * MIB)}\r\n`, '\r\nx\r\n'),
  'comments within each other': () => mail(`To: ${'('.repeat(500_000)}\r\n`, '\r\nx\r\n'),
  'many recipients in the head': () =>
    mail(`To: ${'a@b.example,'.repeat(500_000)}\r\n`, '\r\nx\r\n'),
  'many encoded words': () =>
    mail(`Subject: ${'=?utf-8?B?YQ==?= '.repeat(50_000)}\r\n`, '\r\nx\r\n'),
  'many references': () => mail(`References: ${'<a@b> '.repeat(500_000)}\r\n`, '\r\nx\r\n'),
  'many parameters': () =>
    mail('', `Content-Type: text/plain${'; a*1=b'.repeat(100_000)}\r\n\r\nx\r\n`),
  'a large base64 text': () =>
    mail('', `${PLAIN}${BASE64}\r\n${`${'YWFh'.repeat(19)}\r\n`.repeat(400_000)}`),
  'a large quoted-printable text': () =>
    mail(
      '',
      `${PLAIN}Content-Transfer-Encoding: quoted-printable\r\n\r\n${'=41=\r\n'.repeat(4_000_000)}`,
    ),
  'a text of spaces': () =>
    mail(
      '',
      `${PLAIN}Content-Transfer-Encoding: quoted-printable\r\n\r\n${' '.repeat(20 * MIB)}\r\n`,
    ),
};

/** Writes the content as fast as it is read; the reply to the dot. */
async function send(line: SmtpLine, from: string, to: string, content: string): Promise<string> {
  await line.begin(from, [to]);
  if (!line.write(content)) await once(line.socket, 'drain');
  const { code, text } = await line.ask('.');
  assert.equal(code, 250, text);
  return text;
}

/** An address at which the switch expects reports. */
async function returnAddress({ sink, open, subscriber }: Attacked): Promise<string> {
  const device = { channel: 'email', value: 'away@away.example' };
  const to = await subscriber({ name: 'away', device });
  await send(await open(), 'you@example.net', to, 'Subject: a\r\n\r\nx\r\n');
  const out = () => sink.messages.find((one) => one.to.includes(device.value));
  await sink.until(() => out() !== undefined);
  return out()?.from ?? '';
}

/** A subscriber with a phone on an open page: what goes there must be read and written anew. */
async function readingPrey(t: TestContext, { on, subscriber }: Attacked): Promise<string> {
  const phones = await peer.open(peerWorld(() => on, 'loopback'));
  atEnd(t, () => phones.close());
  const device = { channel: 'loopback', value: phones.deviceOf('prey') };
  const to = await subscriber({ name: 'prey', device });
  await phones.attach('prey');
  return to;
}

test('MIME bombs are kept, read and delivered; nobody else notices', TIMEOUT, async (t) => {
  const attacked = await startAttacked(t);
  const { on, open, during } = attacked;
  const to = await readingPrey(t, attacked);
  const home = await returnAddress(attacked);
  assert.match(home, new RegExp(`^bounce\\+.*@${DOMAIN}$`));
  for (const [name, make] of Object.entries(BOMBS)) {
    const bomb = make();
    await during(`${name} (${(bomb.length / MIB).toFixed(1)} MiB)`, async () => {
      const line = await open();
      const reply = await send(line, 'you@example.net', to, bomb);
      const tracked = await on.command('track', reply.slice(-16), '--wait', '--json');
      assert.equal(tracked.code, 0, `${name}: ${tracked.stdout}${tracked.stderr}`);
      await send(line, '', home, bomb);
    });
    const shown = await on.command('inbox', 'show', 'last');
    assert.ok(shown.stdout.length > 0);
  }
});

test('large mails to be read at once do not add up', TIMEOUT, async (t) => {
  const attacked = await startAttacked(t);
  const { on, open, during } = attacked;
  const to = await readingPrey(t, attacked);
  const content = mail('', `${PLAIN}\r\n${`${'x'.repeat(998)}\r\n`.repeat(40_000)}`);
  await during('10 mails of 38 MiB to one device, at once', async () => {
    const replies = Array.from({ length: 10 }, async (_, i) =>
      send(await open(), 'you@example.net', to, `Subject: ${i}\r\n${content}`),
    );
    for (const reply of await Promise.all(replies)) {
      const { code, stdout } = await on.command('track', reply.slice(-16), '--wait', '--json');
      assert.equal(code, 0, stdout);
    }
  });
});
