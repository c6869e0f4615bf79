/** UMF → MIME: what is written is read again, and no field smuggles another. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  headerFacts,
  readMail,
  type WriteOptions,
  writeMail,
} from '../../../../actors/channels/email/codec.js';
import { readHead } from '../../../../actors/channels/email/head.js';
import type { Part, Umf } from '../../../../schemas/umf.js';
import { anyText, anyUmf } from '../../umf-arbitrary.js';

const OPTIONS: WriteOptions = {
  from: { address: 'reply+t0ken@patchboard.example', name: 'Jürgen via Patchboard' },
  messageId: '<1@patchboard.example>',
  date: Date.UTC(2026, 10, 23, 10),
  hostname: 'patchboard.example',
};

const umfOf = (body: Part, rest: Partial<Umf> = {}): Umf => ({
  uid: 'u1',
  to: [{ channel: 'email', address: 'bob@example.net' }],
  body,
  priority: 'normal',
  securityLevel: 'normal',
  ...rest,
});
const write = (umf: Umf, options = OPTIONS) => writeMail(umf, options).then((b) => Buffer.from(b));

function assertLines(mail: Buffer): void {
  const text = mail.toString('latin1');
  assert.ok(!/[^\r]\n|\r(?!\n)|\0/.test(text), 'bare CR, bare LF or NUL');
  for (const line of text.split('\r\n')) assert.ok(line.length <= 998, 'line too long');
}

/** What a UMF's body is after a way through mail: media types without parts become bytes. */
const mailPart: fc.Arbitrary<Part> = fc.letrec<{ part: Part }>((tie) => {
  const word = fc.string({ unit: 'grapheme', maxLength: 60 }).map((t) => t.replace(/\p{Cc}/gu, ''));
  const text = fc.array(word, { maxLength: 6 }).map((lines) => lines.join('\n'));
  const filename = fc.constantFrom(
    'a.txt',
    'ä ö.pdf',
    '"q"\\.x',
    '日本語.doc',
    `${'ü'.repeat(99)}.y`,
    "it's;x=y",
  );
  return {
    part: fc.oneof(
      { maxDepth: 3 },
      fc.record(
        { mediaType: fc.constantFrom('text/plain', 'text/html'), text },
        { noNullPrototype: true },
      ),
      fc.record(
        {
          mediaType: fc.constantFrom('image/png', 'application/pdf'),
          disposition: fc.constantFrom('attachment' as const, 'inline' as const),
          filename,
          contentId: fc.constantFrom('a@b', 'x'),
          bytes: fc.uint8Array({ maxLength: 200 }).map((b) => Buffer.from(b)),
        },
        { requiredKeys: ['mediaType', 'disposition', 'bytes'], noNullPrototype: true },
      ),
      fc.record(
        {
          mediaType: fc.constantFrom('multipart/mixed', 'multipart/related'),
          parts: fc.array(tie('part'), { minLength: 1, maxLength: 3 }),
        },
        { noNullPrototype: true },
      ),
    ),
  };
}).part;

test('a body written as a mail and read again is the same body', async () => {
  const body = fc.array(mailPart, { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(body, async (parts) => {
      const given: Part = { mediaType: 'multipart/mixed', parts };
      const mail = await write(umfOf(given));
      assertLines(mail);
      assert.deepEqual((await readMail(mail, 'u1')).body, given);
    }),
    { numRuns: 400 },
  );
});

test('subject, names, priority and conversation come back', async () => {
  const umf = umfOf(
    { mediaType: 'text/plain', text: 'x\n' },
    {
      subject: 'Grüße =?utf-8?q?x?=  二',
      from: { channel: 'email', address: 'a@b.example' },
      to: [
        { channel: 'email', address: 'bob@example.net', name: 'Müller, "Bob"' },
        { channel: 'email', address: '"a b"@example.net', name: "O'Neil (x)" },
        { channel: 'sms', address: '+491234' },
      ],
      priority: 'urgent',
      conversation: {
        id: '<a@x>',
        message: '<z@x>',
        inReplyTo: '<b@x>',
        references: ['<a@x>', '<b@x>'],
      },
      sentAt: Date.UTC(2026, 0, 1),
    },
  );
  const mail = await write(umf);
  const read = await readMail(mail, 'u1');
  assert.equal(read.subject, umf.subject);
  assert.deepEqual(read.to, umf.to.slice(0, 2));
  assert.equal(read.from?.name, 'Jürgen via Patchboard');
  assert.equal(read.from?.address, 'reply+t0ken@patchboard.example');
  assert.equal(read.priority, 'urgent');
  assert.equal(read.sentAt, umf.sentAt);
  assert.deepEqual(read.conversation, {
    id: '<a@x>',
    message: '<1@patchboard.example>',
    inReplyTo: '<b@x>',
    references: ['<a@x>', '<b@x>'],
  });
  assert.deepEqual(await write(umf), mail, 'the same input gives the same bytes');
});

const NAMES = new Set(
  (
    'From To Reply-To Subject Date Message-ID In-Reply-To References Importance X-Priority ' +
    'Priority Auto-Submitted X-Extra MIME-Version Content-Type Content-Transfer-Encoding ' +
    'Content-Disposition Content-ID'
  ).split(' '),
);

test('no value of a UMF or an option can begin a line of its own', async () => {
  const evil = fc.oneof(
    anyText,
    fc.constantFrom(
      'x\r\nBcc: evil@example.org',
      'x\nEvil: 1\n\nbody',
      'a\rEvil: 1',
      '\u2028Evil: 1',
      `${'a'.repeat(5000)}`,
      'a\0\r\n.\r\n',
    ),
  );
  const extra = fc.record({ name: fc.oneof(evil, fc.constant('X-Extra')), value: evil });
  await fc.assert(
    fc.asyncProperty(anyUmf, evil, extra, async (umf, text, field) => {
      const mail = await write(
        { ...umf, subject: text },
        {
          ...OPTIONS,
          from: { address: 'a@b.example', name: text },
          to: [
            { address: text, name: text },
            { address: 'c@d.example', name: text },
          ],
          replyTo: { address: 'e@f.example', name: text },
          messageId: text,
          fields: [{ ...field, name: field.name === 'X-Extra' ? 'X-Extra' : `${field.name}\r\n` }],
        },
      );
      assertLines(mail);
      const head = readHead(mail);
      const names = head.fields.map((written) => written.name);
      assert.deepEqual(
        names.filter((name) => !NAMES.has(name)),
        [],
      );
      assert.equal(new Set(names).size, names.length, 'no field is there twice');
    }),
    { numRuns: 500 },
  );
});

test('fields about lists and programs are kept, those about the old way are not', async () => {
  const fields = [
    { name: 'Received', value: 'from x' },
    { name: 'DKIM-Signature', value: 'v=1' },
    { name: 'Bcc', value: 'secret@example.org' },
    { name: 'List-Id', value: '<list.example.org>' },
    { name: 'Auto-Submitted', value: 'auto-generated' },
  ];
  const body = { mediaType: 'text/plain', text: '' };
  const mail = await write(umfOf(body, { agent: { channel: 'email', fields } }));
  const names = readHead(mail).fields.map((field) => field.name);
  assert.deepEqual(
    names.filter((name) => fields.some((field) => field.name === name)),
    ['List-Id', 'Auto-Submitted'],
  );
  assert.equal(headerFacts(mail).automatic, true);
});

test('a nested message goes as it is, or as a file if it would break the line rules', async () => {
  const good = Buffer.from('Subject: x\r\n\r\ngr\u00fcn\r\n');
  const bad = Buffer.from('Subject: x\n\nbare\0');
  const parts = [good, bad].map((bytes) => ({ mediaType: 'message/rfc822', bytes }));
  const mail = await write(umfOf({ mediaType: 'multipart/mixed', parts }));
  assertLines(mail);
  const read = await readMail(mail, 'u');
  assert.deepEqual(read.body.parts, [
    { mediaType: 'message/rfc822', bytes: good },
    { mediaType: 'application/octet-stream', bytes: bad },
  ]);
});

test('text that names the boundary cannot end its part', async () => {
  const first = await write(umfOf({ mediaType: 'multipart/mixed', parts: [] }));
  const boundary = /boundary="([^"]+)"/.exec(first.toString())?.[1];
  assert.ok(boundary);
  const text = `a\n--${boundary}\nb\n--${boundary}--\nc`;
  const nested = Buffer.from(`\r\n--${boundary}--\r\n`);
  const parts = [
    { mediaType: 'text/plain', text },
    { mediaType: 'message/rfc822', bytes: nested },
  ];
  const read = await readMail(await write(umfOf({ mediaType: 'multipart/mixed', parts })), 'u');
  assert.deepEqual(read.body.parts, [
    { mediaType: 'text/plain', text },
    { mediaType: 'application/octet-stream', bytes: nested },
  ]);
});

test('a sender without a mail address is an empty group, and no field is empty', async () => {
  const from = { address: '+491234', name: 'Anna' };
  const mail = await write(umfOf({ mediaType: 'text/plain', text: 'x' }), {
    ...OPTIONS,
    from,
    replyTo: from,
    messageId: 'none',
  });
  const { fields } = readHead(mail);
  assert.equal(fields.find((field) => field.name === 'From')?.value, 'undisclosed-sender:;');
  assert.deepEqual(
    fields.filter((field) => field.value === ''),
    [],
  );
});
