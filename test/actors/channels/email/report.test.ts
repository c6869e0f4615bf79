/** Delivery reports (RFC 3464), written and read, with the RFC's and postfix's samples. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseBounce, readMail, writeMail } from '../../../../actors/channels/email/codec.js';
import { originalOf } from '../../../../actors/channels/email/report.js';
import type { Part, Report, Umf } from '../../../../schemas/umf.js';
import { anyText } from '../../umf-arbitrary.js';

const OPTIONS = {
  from: { address: 'postmaster@patchboard.example' },
  messageId: '<r1@patchboard.example>',
  date: 0,
  hostname: 'patchboard.example',
};

const mail = (boundary: string, ...lines: string[]) =>
  Buffer.from(
    [
      'From: MAILER-DAEMON@example.org',
      'Subject: Undelivered Mail Returned to Sender',
      'MIME-Version: 1.0',
      `Content-Type: multipart/report; report-type=delivery-status;`,
      `\tboundary="${boundary}"`,
      '',
      ...lines,
      '',
    ].join('\r\n'),
  );

/** As Postfix writes it. */
const POSTFIX = mail(
  '4F1.1700/mail.example.org',
  'This is a MIME-encapsulated message.',
  '',
  '--4F1.1700/mail.example.org',
  'Content-Description: Notification',
  'Content-Type: text/plain; charset=us-ascii',
  '',
  'This is the mail system at host mail.example.org.',
  '',
  '--4F1.1700/mail.example.org',
  'Content-Description: Delivery report',
  'Content-Type: message/delivery-status',
  '',
  'Reporting-MTA: dns; mail.example.org',
  'X-Postfix-Queue-ID: 4F1',
  'X-Postfix-Sender: rfc822; bounce+t0k@patchboard.example',
  'Arrival-Date: Mon, 23 Nov 2026 10:00:00 +0000 (UTC)',
  '',
  'Final-Recipient: rfc822; nobody@example.net',
  'Original-Recipient: rfc822;Nobody@example.net',
  'Action: failed',
  'Status: 5.1.1',
  'Remote-MTA: dns; mx.example.net',
  'Diagnostic-Code: smtp; 550 5.1.1 <nobody@example.net>: Recipient address',
  '    rejected: User unknown',
  '',
  '--4F1.1700/mail.example.org',
  'Content-Description: Undelivered Message',
  'Content-Type: message/rfc822',
  '',
  'From: a@patchboard.example',
  'Message-ID: <orig@patchboard.example>',
  '',
  'Hello',
  '--4F1.1700/mail.example.org--',
);

test("Postfix's report is read: who, what, why, and of which mail", async () => {
  const umf = await readMail(POSTFIX, 'u');
  assert.deepEqual(umf.report, {
    of: '<orig@patchboard.example>',
    recipients: [
      {
        address: { channel: 'email', address: 'nobody@example.net' },
        originalRecipient: 'Nobody@example.net',
        action: 'failed',
        status: '5.1.1',
        diagnostic: '550 5.1.1 <nobody@example.net>: Recipient address    rejected: User unknown',
        remote: 'mx.example.net',
      },
    ],
  });
  assert.equal(parseBounce(umf)?.[0]?.finalRecipient, 'nobody@example.net');
});

/** RFC 3464, appendix E.1 to E.4: the status parts. */
const RFC3464: readonly (readonly [string, readonly string[], Report['recipients']])[] = [
  [
    'E.1, simple',
    [
      'Reporting-MTA: dns; cs.utk.edu',
      '',
      'Original-Recipient: rfc822;louisl@larry.slip.umd.edu',
      'Final-Recipient: rfc822;louisl@larry.slip.umd.edu',
      'Action: failed',
      'Status: 4.0.0',
      'Diagnostic-Code: smtp; 426 connection timed out',
      'Last-Attempt-Date: Thu, 7 Jul 1994 17:15:49 -0400',
    ],
    [
      {
        address: { channel: 'email', address: 'louisl@larry.slip.umd.edu' },
        originalRecipient: 'louisl@larry.slip.umd.edu',
        action: 'failed',
        status: '4.0.0',
        diagnostic: '426 connection timed out',
      },
    ],
  ],
  [
    'E.2, several recipients',
    [
      'Reporting-MTA: dns; cs.utk.edu',
      '',
      'Original-Recipient: rfc822;arathib@vnet.ibm.com',
      'Final-Recipient: rfc822;arathib@vnet.ibm.com',
      'Action: failed',
      'Status: 5.0.0 (permanent failure)',
      "Diagnostic-Code: smtp; 550 'arathib@vnet.IBM.COM' is not a",
      ' registered gateway user',
      'Remote-MTA: dns; vnet.ibm.com',
      '',
      'Original-Recipient: rfc822;johnh@hpnjld.njd.hp.com',
      'Final-Recipient: rfc822;johnh@hpnjld.njd.hp.com',
      'Action: delayed',
      'Status: 4.0.0 (hpnjld.njd.jp.com: host name lookup failure)',
    ],
    [
      {
        address: { channel: 'email', address: 'arathib@vnet.ibm.com' },
        originalRecipient: 'arathib@vnet.ibm.com',
        action: 'failed',
        status: '5.0.0',
        diagnostic: "550 'arathib@vnet.IBM.COM' is not a registered gateway user",
        remote: 'vnet.ibm.com',
      },
      {
        address: { channel: 'email', address: 'johnh@hpnjld.njd.hp.com' },
        originalRecipient: 'johnh@hpnjld.njd.hp.com',
        action: 'delayed',
        status: '4.0.0',
        diagnostic: '',
      },
    ],
  ],
  [
    'E.4, delayed',
    [
      'Reporting-MTA: dns; sun2.nsfnet-relay.ac.uk',
      '',
      'Final-Recipient: rfc822;thomas@de-montfort.ac.uk',
      'Status: 4.0.0 (unknown temporary failure)',
      'Action: delayed',
    ],
    [
      {
        address: { channel: 'email', address: 'thomas@de-montfort.ac.uk' },
        action: 'delayed',
        status: '4.0.0',
        diagnostic: '',
      },
    ],
  ],
];
for (const [what, lines, recipients] of RFC3464) {
  test(`the example of RFC 3464 ${what} is read`, async () => {
    const parts = [
      '--b',
      '',
      'words',
      '--b',
      'Content-Type: message/delivery-status',
      '',
      ...lines,
    ];
    const umf = await readMail(mail('b', ...parts, '--b--'), 'u');
    assert.deepEqual(umf.report, { of: '', recipients });
  });
}

test('a report without a recipient, or of another kind, is no report', async () => {
  const status = ['--b', 'Content-Type: message/delivery-status', ''];
  const none = await readMail(mail('b', ...status, 'Reporting-MTA: dns; x', '--b--'), 'u');
  assert.equal(none.report, undefined);
  assert.equal(parseBounce(none), undefined);
  const odd = await readMail(mail('b', ...status, 'A: b', '', 'Action: eaten', '--b--'), 'u');
  assert.equal(odd.report, undefined);
});

const reportUmf = (report: Report, body: Part): Umf => ({
  uid: 'u',
  to: [{ channel: 'email', address: 'anna@example.org' }],
  subject: 'Not delivered',
  body,
  priority: 'normal',
  securityLevel: 'normal',
  report,
});

test('a report of ours is a multipart/report that says the same when it is read', async () => {
  const original = Buffer.from('Message-ID: <o@example.org>\r\nSubject: x\r\n');
  const report: Report = {
    of: '<o@example.org>',
    originalEnvelopeId: 'QQ314159',
    recipients: [
      {
        address: { channel: 'email', address: 'bob@example.net' },
        originalRecipient: 'bob@example.net',
        action: 'failed',
        status: '5.1.1',
        diagnostic: `550 5.1.1 no such user ${'and why '.repeat(30)}`.trim(),
        remote: 'mx.example.net',
      },
    ],
  };
  const human: Part = { mediaType: 'text/plain', text: 'It did not arrive.' };
  const head: Part = { mediaType: 'text/rfc822-headers', bytes: original };
  const body: Part = { mediaType: 'multipart/mixed', parts: [human, head] };
  const written = await writeMail(reportUmf(report, body), OPTIONS);
  const read = await readMail(written, 'u');
  assert.deepEqual(read.report, report);
  assert.equal(read.body.mediaType, 'multipart/report');
  assert.deepEqual(read.body.parameters, { 'report-type': 'delivery-status' });
  assert.deepEqual(
    read.body.parts?.map((part) => part.mediaType),
    ['text/plain', 'message/delivery-status', 'text/rfc822-headers'],
  );
  assert.deepEqual(read.body.parts?.[0], human);
  assert.deepEqual(originalOf(read.body)?.bytes, original);
  assert.ok(Buffer.from(written).includes(original), 'the head of the original is not encoded');
  assert.equal(read.agent?.fields.find((f) => f.name === 'Auto-Submitted')?.value, 'auto-replied');
});

test('an original recipient with its type is not given a second one', async () => {
  const recipients = [
    {
      address: { channel: 'email', address: 'bob@example.net' },
      originalRecipient: 'rfc822;a+b@example.com',
      action: 'failed' as const,
      status: '5.1.1',
      diagnostic: 'no such user',
    },
  ];
  const umf = reportUmf({ of: '', recipients }, { mediaType: 'text/plain', text: 'x' });
  const written = Buffer.from(await writeMail(umf, OPTIONS));
  assert.match(written.toString(), /^Original-Recipient: rfc822; a\+b@example\.com\r$/m);
});

test('what a peer said cannot add a field or a recipient to a report', async () => {
  const evil = fc.oneof(
    anyText,
    fc.constant('x\r\n\r\nFinal-Recipient: rfc822;e@x\r\nAction: failed'),
  );
  await fc.assert(
    fc.asyncProperty(evil, evil, async (diagnostic, remote) => {
      const address = { channel: 'email', address: 'bob@example.net' };
      const recipients = [
        { address, action: 'failed' as const, status: '5.0.0', diagnostic, remote },
      ];
      const umf = reportUmf({ of: '', recipients }, { mediaType: 'text/plain', text: 'x' });
      const read = await readMail(await writeMail(umf, OPTIONS), 'u');
      assert.equal(read.report?.recipients.length, 1);
      assert.equal(read.report?.recipients[0]?.address.address, 'bob@example.net');
      assert.equal(read.report?.recipients[0]?.status, '5.0.0');
    }),
    { numRuns: 200 },
  );
});
