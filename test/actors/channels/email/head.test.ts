/** The quick scan of a mail head agrees with what the RFCs say, on any bytes. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { headerFacts, readDate } from '../../../../actors/channels/email/head.js';

const facts = (...lines: string[]) => headerFacts(Buffer.from([...lines, '', ''].join('\r\n')));

test('the facts of a head, in one look', () => {
  assert.deepEqual(
    facts(
      'Delivered-To: bounce+t@patchboard.example',
      'Received: from a by b; Mon, 23 Nov 2026 10:00:00 +0000',
      'Received: from c',
      '\tby d',
      'DKIM-Signature: v=1; b=x',
      'From: "Anna, A." <Anna@Example.org>',
      'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=',
      ' =?utf-8?q?_zwei?=',
      'Date: Mon, 23 Nov 2026 11:00:00 +0100 (CET)',
      'Message-Id: <m@example.org>',
      'References: <a@x> <b@x>',
      'Importance: High',
    ),
    {
      subject: 'Grüße zwei',
      messageId: '<m@example.org>',
      references: ['<a@x>', '<b@x>'],
      conversation: '<a@x>',
      priority: 'high',
      automatic: false,
      fromAddress: 'Anna@example.org',
      fromName: 'Anna, A.',
      fromCount: 1,
      date: Date.UTC(2026, 10, 23, 10),
      receivedCount: 2,
      hasDkimSignature: true,
      deliveredTo: ['bounce+t@patchboard.example'],
      has: { from: true, date: true, messageId: true },
    },
  );
});

test('an empty head has no facts, and the body is not looked at', () => {
  const none = headerFacts(Buffer.from('\r\nSubject: in the body\r\n'));
  assert.equal(none.subject, undefined);
  assert.deepEqual(none.has, { from: false, date: false, messageId: false });
  assert.equal(headerFacts(Buffer.from('A: b\n\nSubject: no\n')).subject, undefined);
});

const AUTOMATIC: readonly (readonly [string, boolean])[] = [
  ['Auto-Submitted: auto-replied', true],
  ['Auto-Submitted: auto-generated (rejected)', true],
  ['Auto-Submitted: no', false],
  ['Precedence: bulk', true],
  ['Precedence: List', true],
  ['Precedence: first-class', false],
  ['List-Id: <l.example.org>', true],
  ['Content-Type: multipart/report; report-type=delivery-status', true],
  ['Subject: Auto-Submitted: yes', false],
];
for (const [line, automatic] of AUTOMATIC) {
  test(`"${line}" is ${automatic ? 'a' : 'no'} program's mail`, () => {
    assert.equal(facts(line).automatic, automatic);
  });
}

const PRIORITIES: readonly (readonly [readonly string[], string])[] = [
  [['X-Priority: 1 (Highest)'], 'urgent'],
  [['X-Priority: 1 (Highest)', 'Importance: High'], 'high'],
  [['X-Priority: 2'], 'high'],
  [['X-Priority: 3'], 'normal'],
  [['X-Priority: 5 (Lowest)'], 'low'],
  [['Priority: urgent'], 'urgent'],
  [['Priority: non-urgent'], 'low'],
  [['Importance: low'], 'low'],
  [['X-Priority: 12345 odd'], 'urgent'],
  [['Importance: whatever'], 'normal'],
];
for (const [lines, priority] of PRIORITIES) {
  test(`${lines.join(' and ')} is ${priority}`, () => {
    assert.equal(facts(...lines).priority, priority);
  });
}

const DATES: readonly (readonly [string, number | undefined])[] = [
  ['Fri, 21 Nov 1997 09:55:06 -0600', Date.UTC(1997, 10, 21, 15, 55, 6)],
  ['21 Nov 97 09:55:06 GMT', Date.UTC(1997, 10, 21, 9, 55, 6)],
  ['Mon, 23 Nov 2026 10:00 EST', Date.UTC(2026, 10, 23, 15)],
  ['Mon, 23 Nov 2026 23:59:60 +0000', Date.UTC(2026, 10, 24)],
  ['2026-11-23T10:00:00Z', undefined],
  ['yesterday', undefined],
  ['1 Nof 2026 10:00:00 +0000', undefined],
  ['', undefined],
];
for (const [text, ms] of DATES) {
  test(`the date "${text}"`, () => assert.equal(readDate(text), ms));
}

test('whatever the bytes, a head has facts', () => {
  const line = fc.constantFrom('From', 'Date', 'Subject', 'References', 'X-Priority', ' ', '');
  const value = fc.string({ unit: 'binary' });
  const head = fc.array(fc.tuple(line, value), { maxLength: 10 });
  fc.assert(
    fc.property(
      fc.oneof(
        head.map((fs) => Buffer.from(fs.map((f) => f.join(': ')).join('\r\n'))),
        fc.uint8Array(),
      ),
      (bytes) => {
        const seen = headerFacts(bytes);
        assert.ok(seen.subject === undefined || !/\p{Cc}/u.test(seen.subject));
        assert.ok(!/\p{Cc}/u.test(seen.fromAddress ?? ''));
      },
    ),
    { numRuns: 1000 },
  );
});
