/** MIME → UMF: charsets, nesting, attachments, hostile mail in bounded time. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readMail } from '../../../../actors/channels/email/codec.js';
import { HEAD_BYTES_MAX } from '../../../../actors/channels/email/head.js';
import { DEPTH_MAX, PARTS_MAX } from '../../../../actors/channels/email/mime-reader.js';
import { readUmf } from '../../../../actors/conversion/umf-reader.js';
import { writeUmf } from '../../../../actors/conversion/umf-writer.js';
import type { Part } from '../../../../schemas/umf.js';

const bytesOf = (...lines: string[]) => Buffer.from(lines.join('\r\n'), 'latin1');
const read = (...lines: string[]) => readMail(bytesOf(...lines), 'u1');
const HEAD = ['From: Anna <anna@example.org>', 'To: bob@example.net', 'MIME-Version: 1.0'];

function sizeOf(part: Part): number {
  const own = (part.text?.length ?? 0) + (part.bytes?.length ?? 0);
  return own + (part.parts ?? []).reduce((sum, inner) => sum + sizeOf(inner), 0);
}

function countOf(part: Part): number {
  return 1 + (part.parts ?? []).reduce((sum, inner) => sum + countOf(inner), 0);
}

test('a plain mail without any MIME is one text', async () => {
  const umf = await read(
    'From: anna@Example.ORG',
    'To: Team: bob@example.net, "C, D" <c@example.net>;',
    'Cc: carl@example.net',
    'Subject: 0012345',
    'Date: Mon, 23 Nov 2026 11:00:00 +0100',
    'Message-ID: <m3@example.org>',
    'In-Reply-To: <m2@example.net>',
    'References: <m1@example.org>',
    ' <m2@example.net>',
    '',
    'Hello',
    '',
    'Bob',
  );
  const { agent, ...rest } = umf;
  assert.deepEqual(rest, {
    uid: 'u1',
    from: { channel: 'email', address: 'anna@example.org' },
    to: [
      { channel: 'email', address: 'bob@example.net' },
      { channel: 'email', address: 'c@example.net', name: 'C, D' },
      { channel: 'email', address: 'carl@example.net' },
    ],
    subject: '0012345',
    body: { mediaType: 'text/plain', text: 'Hello\n\nBob' },
    priority: 'normal',
    securityLevel: 'normal',
    conversation: {
      id: '<m1@example.org>',
      message: '<m3@example.org>',
      inReplyTo: '<m2@example.net>',
      references: ['<m1@example.org>', '<m2@example.net>'],
    },
    sentAt: Date.UTC(2026, 10, 23, 10),
  });
  assert.deepEqual(
    agent?.fields.map((field) => field.name),
    ['From', 'To', 'Cc', 'Subject', 'Date', 'Message-ID', 'In-Reply-To', 'References'],
  );
  assert.equal(agent?.fields.at(-1)?.value, '<m1@example.org> <m2@example.net>');
});

test('the tree of parts, attachments and inline images are kept', async () => {
  const umf = await read(
    ...HEAD,
    'Content-Type: multipart/mixed; boundary="outer (1)"',
    '',
    'preamble',
    '--outer (1)',
    'Content-Type: multipart/related; boundary=inner; type="text/html"',
    '',
    '--inner',
    'Content-Type: text/html; charset=utf-8',
    '',
    '<img src="cid:pic@x">',
    '--inner  ',
    "Content-Type: image/png; name*=iso-8859-1''gr%FCn.png",
    'Content-ID: <pic@x>',
    'Content-Disposition: inline',
    'Content-Transfer-Encoding: BASE64',
    '',
    'AAEC',
    '/w==',
    '--inner--',
    '--outer (1)',
    'Content-Type: text/csv',
    'Content-Disposition: attachment; filename*0="a"; filename*1=".csv"',
    '',
    'a;b',
    '--outer (1)--',
    'epilogue',
  );
  assert.deepEqual(umf.body, {
    mediaType: 'multipart/mixed',
    parts: [
      {
        mediaType: 'multipart/related',
        parameters: { type: 'text/html' },
        parts: [
          { mediaType: 'text/html', text: '<img src="cid:pic@x">' },
          {
            mediaType: 'image/png',
            parameters: { name: 'grün.png' },
            disposition: 'inline',
            filename: 'grün.png',
            contentId: 'pic@x',
            bytes: Buffer.from([0, 1, 2, 255]),
          },
        ],
      },
      {
        mediaType: 'text/csv',
        disposition: 'attachment',
        filename: 'a.csv',
        bytes: Buffer.from('a;b'),
      },
    ],
  });
});

test('an attachment of every byte comes out as it went in, in every encoding', async () => {
  const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  const quoted = [...all].map((byte) => `=${byte.toString(16).padStart(2, '0')}`).join('');
  for (const [encoding, content] of [
    ['base64', all.toString('base64')],
    ['quoted-printable', quoted.replace(/.{72}/g, '$&=\r\n')],
    ['binary', all.toString('latin1')],
  ]) {
    const umf = await read(
      ...HEAD,
      'Content-Type: application/x-all',
      `Content-Transfer-Encoding: ${encoding}`,
      '',
      content ?? '',
    );
    assert.deepEqual(umf.body, { mediaType: 'application/x-all', bytes: all }, encoding);
  }
});

test('a nested message stays whole, byte for byte', async () => {
  const nested = bytesOf(
    'Subject: inner',
    'Content-Type: multipart/mixed; boundary=x',
    '',
    '--x--',
  );
  const umf = await read(
    ...HEAD,
    'Content-Type: multipart/digest; boundary=b',
    '',
    '--b',
    '',
    nested.toString('latin1'),
    '--b--',
  );
  assert.deepEqual(umf.body.parts, [{ mediaType: 'message/rfc822', bytes: nested }]);
});

const CHARSETS: readonly (readonly [string, readonly number[], string])[] = [
  ['iso-8859-1', [0x47, 0x72, 0xfc, 0xdf, 0x65], 'Grüße'],
  ['windows-1252', [0x80, 0x20, 0x93, 0x78, 0x94], '€ “x”'],
  ['koi8-r', [0xf0, 0xd2, 0xc9, 0xd7, 0xc5, 0xd4], 'Привет'],
  ['iso-2022-jp', [0x1b, 0x24, 0x42, 0x46, 0x7c, 0x4b, 0x5c, 0x1b, 0x28, 0x42], '日本'],
  ['Shift_JIS', [0x93, 0xfa, 0x96, 0x7b], '日本'],
  ['utf-8', [0x47, 0x72, 0xc3, 0xbc], 'Grü'],
  ['utf-8', [0x61, 0xff, 0x62, 0xc3], 'a\ufffdb\ufffd'],
  ['us-ascii', [0x47, 0x72, 0xc3, 0xbc], 'Grü'],
  ['us-ascii', [0x47, 0x72, 0xfc], 'Grü'],
  ['utf-16le', [0x61, 0x00, 0xfc, 0x00], 'aü'],
];
for (const [charset, bytes, text] of CHARSETS) {
  test(`text in ${charset} becomes Unicode: ${JSON.stringify(text)}`, async () => {
    const umf = await read(
      ...HEAD,
      `Content-Type: text/plain; charset="${charset}"; format=flowed`,
      'Content-Transfer-Encoding: base64',
      '',
      Buffer.from(bytes).toString('base64'),
    );
    assert.deepEqual(umf.body, {
      mediaType: 'text/plain',
      parameters: { format: 'flowed' },
      text,
    });
  });
}

test('text in a charset nobody knows keeps its bytes and says its charset', async () => {
  const umf = await read(...HEAD, 'Content-Type: text/plain; charset=x-klingon', '', 'nuqneH');
  assert.deepEqual(umf.body, {
    mediaType: 'text/plain',
    parameters: { charset: 'x-klingon' },
    bytes: Buffer.from('nuqneH'),
  });
});

test('subjects and names are decoded, in words or in raw UTF-8, and hold no controls', async () => {
  const koi = '=?koi8-r?B?8NLJ18XU?=';
  const umf = await readMail(
    Buffer.from(`From: ${koi} <a@b.example>\r\nSubject: =?utf-8?q?a=0D=0Ab?= gr\u00fcn\r\n\r\n`),
    'u',
  );
  assert.equal(umf.from?.name, 'Привет');
  assert.equal(umf.subject, 'a b grün');
  assert.equal((await read('Subject: =?windows-1252?q?5_=80?=', '', '')).subject, '5 €');
  assert.equal((await read(`Subject: gr\xfcn`, '', '')).subject, 'grün');
});

test('mail that breaks the rules still becomes something a person can read', async () => {
  const type = 'Content-Type: multipart/mixed';
  const noBoundary = await read(...HEAD, type, '', 'words');
  assert.deepEqual(noBoundary.body, { mediaType: 'text/plain', text: 'words' });
  const cut = await read(...HEAD, `${type}; boundary=b`, '', '--b', '', 'first', '--b', '', 'sec');
  assert.deepEqual(
    cut.body.parts?.map((part) => part.text),
    ['first', 'sec'],
  );
  const odd = await read(...HEAD, 'Content-Transfer-Encoding: x-uuencode', '', 'begin');
  assert.deepEqual(odd.body, {
    mediaType: 'application/octet-stream',
    bytes: Buffer.from('begin'),
  });
  const empty = await readMail(new Uint8Array(), 'u');
  assert.deepEqual(empty.body, { mediaType: 'text/plain', text: '' });
  const badType = await read('Content-Type: ;;;', '', 'x');
  assert.deepEqual(badType.body, {
    mediaType: 'application/octet-stream',
    bytes: Buffer.from('x'),
  });
});

const nest = (depth: number): string =>
  Array.from(
    { length: depth },
    (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`,
  ).join('');

const BOMBS: readonly (readonly [string, string])[] = [
  ['nested too deeply', nest(DEPTH_MAX + 2)],
  ['nested a hundred thousand times', nest(100_000)],
  [
    'too many parts',
    `Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n'.repeat(PARTS_MAX + 2)}`,
  ],
  [
    'a million empty parts',
    `Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n'.repeat(1e6)}`,
  ],
  ['a head without end', `X: ${'y'.repeat(HEAD_BYTES_MAX)}`],
  ['too many fields', 'A: b\r\n'.repeat(2000)],
];
for (const [what, mail] of BOMBS) {
  test(`kept raw, in bounded time: ${what}`, async () => {
    const raw = Buffer.from(mail);
    const before = process.cpuUsage();
    const umf = await readMail(raw, 'u');
    const { user } = process.cpuUsage(before);
    assert.deepEqual(umf.body, { mediaType: 'message/rfc822', bytes: raw });
    assert.ok(user < 2_000_000, `took ${user} microseconds`);
  });
}

const HEAVY: readonly (readonly [string, string])[] = [
  ['lines without a colon', `${'a\r\n'.repeat(80_000)}\r\nx`],
  ['a field of parentheses', `Content-Type: ${'('.repeat(200_000)}\r\n\r\nx`],
  ['parameters', `Content-Type: text/plain${';a=b'.repeat(50_000)}\r\n\r\nx`],
  [
    'continuations',
    `Content-Type: x/y${Array.from({ length: 9000 }, (_, i) => `;a*${i}*=%41`).join('')}\r\n\r\nx`,
  ],
  ['addresses', `To: ${'a@b.example,'.repeat(20_000)}\r\n\r\nx`],
  ['address quotes', `From: ${'"\\'.repeat(100_000)}\r\n\r\nx`],
  ['address comments', `From: ${'(<'.repeat(100_000)}\r\n\r\nx`],
  ['encoded words', `Subject: ${'=?utf-8?q?=41?= '.repeat(15_000)}\r\n\r\nx`],
  ['half encoded words', `Subject: ${'=?utf-8?q?'.repeat(20_000)}\r\n\r\nx`],
  ['identifiers', `References: ${'<a@b> '.repeat(40_000)}\r\n\r\nx`],
  ['open identifiers', `References: ${'<a'.repeat(100_000)}\r\n\r\nx`],
  [
    'almost boundaries',
    `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n${'--bx\r\n'.repeat(500_000)}`,
  ],
  ['equals signs', `Content-Transfer-Encoding: quoted-printable\r\n\r\n${'='.repeat(3_000_000)}`],
  ['blanks', `Content-Transfer-Encoding: quoted-printable\r\n\r\n${' '.repeat(3_000_000)}`],
  ['folded lines', `Subject: a\r\n${' \r\n'.repeat(60_000)}\r\nx`],
  [
    'nested multiparts of one boundary',
    `${'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n'.repeat(3000)}`,
  ],
];
for (const [what, mail] of HEAVY) {
  test(`read in bounded time and space: ${what}`, async () => {
    const raw = Buffer.from(mail);
    const before = process.cpuUsage();
    const umf = await readMail(raw, 'u');
    const { user } = process.cpuUsage(before);
    assert.ok(user < 2_000_000, `took ${user} microseconds`);
    assert.ok(sizeOf(umf.body) <= raw.length);
    assert.ok(countOf(umf.body) <= PARTS_MAX);
  });
}

test('whatever the bytes, reading gives a UMF, and XML holds it', async () => {
  const token = fc.constantFrom(
    '\r\n',
    '\n',
    '\r',
    ' ',
    ':',
    ';',
    '--',
    '--b',
    '--b--',
    'b',
    '"',
    '(',
    ')',
    '<',
    '>',
    '@',
    '=',
    '=?utf-8?b?',
    '?=',
    '\0',
    '\xff',
    'Content-Type: ',
    'multipart/mixed; boundary=b',
    'text/html',
    'multipart/report; boundary=b',
    'message/delivery-status',
    'From: ',
    'Subject: ',
    'Date: ',
    'Content-Transfer-Encoding: base64\r\n',
    'Content-Disposition: attachment; filename*0*=',
    'x',
  );
  const mail = fc.array(token, { maxLength: 60 }).map((t) => Buffer.from(t.join(''), 'latin1'));
  const any = fc.uint8Array({ maxLength: 300 });
  await fc.assert(
    fc.asyncProperty(fc.oneof(mail, any), async (bytes) => {
      const umf = await readMail(bytes, 'u');
      assert.ok(sizeOf(umf.body) <= bytes.length * 3);
      assert.ok(readUmf(writeUmf(umf)).ok);
    }),
    { numRuns: 1500 },
  );
});
