/** Documents of a message: each with its own policy, what is saved never shown. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DoorAnswer } from '../../../../actors/machinery.js';
import { attachmentHeader, fileName } from '../../../../runtime/console/documents/file-name.js';
import { harmlessLine, harmlessName } from '../../../../runtime/console/harmless.js';
import { aConsole } from '../a-console.js';

const MAIL = [
  'From: "bank@bank.example" <you@example.org>',
  'Subject: Invoice',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b',
  'Content-Type: text/html',
  '',
  '<p onclick="x()">Pay <a href="https://ok.example">here</a></p>',
  '<img src="https://ok.example/pixel.png"><script>x()</script>',
  '--b',
  'Content-Type: image/svg+xml',
  'Content-Disposition: inline; filename="pay.svg"',
  '',
  '<svg xmlns="http://www.w3.org/2000/svg"><script>x()</script></svg>',
  '--b',
  'Content-Type: text/html',
  "Content-Disposition: attachment; filename*=UTF-8''in%E2%80%AEfdp.html",
  '',
  '<script>x()</script>',
  '--b--',
  '',
].join('\r\n');

const header = ({ headers = {} }: DoorAnswer, name: string): string => headers[name] ?? '';

test('a mail’s HTML has a policy under which nothing runs or is fetched', async (t) => {
  const on = await aConsole(t);
  const bob = await on.person('bob');
  const key = await on.send({ to: bob, mail: MAIL });
  const opened = await on.ask(bob, 'message.open', { key });
  assert.deepEqual([opened.html, opened.remote], [true, 1]);
  assert.match(opened.text, /^Pay here/);
  assert.deepEqual(
    opened.parts.map(({ index, name }) => [index, name]),
    [
      [1, 'pay.svg'],
      [2, 'infdp.html'],
    ],
  );
  const within = await on.document(bob, 'body', { key, remote: '0' });
  assert.equal(within.contentType, 'text/html; charset=utf-8');
  assert.deepEqual(header(within, 'Content-Security-Policy').split('; '), [
    'sandbox allow-popups allow-popups-to-escape-sandbox',
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
  ]);
  assert.equal(header(within, 'X-Content-Type-Options'), 'nosniff');
  assert.equal(header(within, 'Referrer-Policy'), 'no-referrer');
  assert.match(header(within, 'Cache-Control'), /no-store/);
  assert.doesNotMatch(`${within.body}`, /pixel|x\(\)|<script/);
  const asked = await on.document(bob, 'body', { key, remote: '1' });
  assert.match(header(asked, 'Content-Security-Policy'), /img-src data: https: http:;/);
  assert.match(`${asked.body}`, /src="https:\/\/ok\.example\/pixel\.png"/);
});

test('a part and the original are only ever saved', async (t) => {
  const on = await aConsole(t);
  const bob = await on.person('bob');
  const key = await on.send({ to: bob, mail: MAIL });
  const part = await on.document(bob, 'part', { key, index: '2' });
  const raw = await on.document(bob, 'raw', { key });
  for (const saved of [part, raw]) {
    assert.equal(saved.contentType, 'application/octet-stream');
    assert.match(header(saved, 'Content-Security-Policy'), /^sandbox; default-src 'none'/);
    assert.equal(header(saved, 'X-Content-Type-Options'), 'nosniff');
    assert.match(header(saved, 'Content-Disposition'), /^attachment; /);
  }
  assert.match(header(part, 'Content-Disposition'), /filename="infdp\.html"/);
  assert.equal(Buffer.from(raw.body).toString(), MAIL);
  assert.match(header(raw, 'Content-Disposition'), /\.eml"/);
  for (const index of ['3', '-1', '1e1', 'x', '']) {
    assert.equal((await on.document(bob, 'part', { key, index })).status, 404);
  }
});

test('what was written in the switch has no HTML and no other original', async (t) => {
  const on = await aConsole(t);
  const [ann, bob] = [await on.person('ann'), await on.person('bob')];
  const key = await on.send({ from: ann, to: bob });
  assert.equal((await on.document(bob, 'body', { key })).status, 404);
  const raw = await on.document(bob, 'raw', { key });
  assert.equal(raw.status, 404);
  assert.match(`${raw.body}`, /written in the switch/);
  const { signedIn } = bob.caller;
  const none = await on.console.document('constructor', { key }, { signedIn, peer: '' });
  assert.equal(none, undefined);
});

test('file names are names of files, in headers too', () => {
  const named = (filename: string) => fileName({ mediaType: 'text/plain', filename }, 0);
  assert.equal(named('../../etc/passwd'), '_.._etc_passwd');
  assert.equal(named('C:\\boot.ini'), 'C__boot.ini');
  assert.equal(named('.bashrc'), 'bashrc');
  assert.equal(named('con.txt'), '_con.txt');
  assert.equal(named('a\r\nSet-Cookie: x'), 'a Set-Cookie_ x');
  assert.equal(named('...'), 'part-1');
  assert.equal(named(`${'x'.repeat(500)}.pdf`).length, 120);
  assert.match(named(`${'x'.repeat(500)}.pdf`), /x\.pdf$/);
  const encoded = 'Rechnung%20%22%C3%A4%22%20%281%29.pdf';
  assert.equal(
    attachmentHeader('Rechnung "ä" (1).pdf'),
    `attachment; filename="Rechnung ___ (1).pdf"; filename*=UTF-8''${encoded}`,
  );
});

test('what strangers wrote is one line that reorders nothing, and no name is an address', () => {
  assert.equal(harmlessLine('in\u202efdp.exe'), 'infdp.exe');
  assert.equal(harmlessLine('a\r\n\tb\u0000c\u2028d'), 'a b cd');
  assert.equal(harmlessLine('\u2066\u200f\u061cx\u2069'), 'x');
  assert.equal(harmlessLine('\ud800x'), '\ufffdx');
  assert.equal(harmlessLine('y'.repeat(2000)).length, 501);
  assert.equal(harmlessName('bank@bank.example', 'you@example.org'), undefined);
  assert.equal(harmlessName('You@example.org', 'you@example.org'), 'You@example.org');
  assert.equal(harmlessName('You', 'you@example.org'), 'You');
});

test('a list shows what strangers wrote harmless', async (t) => {
  const on = await aConsole(t);
  const bob = await on.person('bob');
  await on.send({ to: bob, subject: 'Pay\u202e now', name: 'bank@bank.example' });
  const [got] = (await on.ask(bob, 'messages.list', { box: 'inbox' })).items;
  assert.equal(got?.subject, 'Pay now');
  assert.equal(got?.from.name, undefined);
});
