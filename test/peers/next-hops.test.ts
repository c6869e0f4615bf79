/**
 * Real servers as next hops: Debian's postfix, which relays on, and a second Patchboard, which
 * forwards. What was sent arrives unchanged below everybody's own lines, its signature verifies,
 * and every recipient's account balances.
 */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MailSource } from '../../actors/channels/email/peer.js';
import { openEmbeddedReader } from '../../runtime/store/embedded.js';
import { atEnd } from '../harness/at-end.js';
import { writeAttachments } from '../harness/attachments.js';
import { temporaryFolder } from '../harness/files.js';
import {
  arrivalsFrom,
  assertBalanced,
  readDocuments,
  submittedFrom,
  tokenOf,
} from '../harness/ledger.js';
import { assertUnchanged, layOutRoute, type MailRoute, PHONE } from '../harness/mail-route.js';
import { startPostfix, startSink } from '../harness/mail-servers.js';
import { type Recorded, type Recorder, record } from '../harness/recorder.js';
import { isRootFor, serviceFor } from '../harness/services.js';
import { sendSigned, verifySignature } from '../harness/signature.js';

const TIMEOUT = { timeout: 120_000 };

/** Mails with what is easily harmed: dots, blanks at line ends, long lines, 8 bits, odd heads. */
const CONTENTS: readonly string[] = [
  'Subject: plain\r\n\r\nHello\r\n',
  'Subject: dots\r\n\r\n.\r\n..\r\n.x\r\n\r\n.\r\n',
  'Subject: blanks \t\r\nX-Odd:a\r\n\tb \r\n\r\ntrailing  \r\n\t\r\n\r\n\r\n',
  `Subject: long\r\n\r\n${'x'.repeat(998)}\r\n`,
  'Subject: 8 bits\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nGrüße \u{1f600}\r\n',
  'Subject: from\r\n\r\nFrom here on\r\n>From there\r\n',
  'From: "A, B" <a@example.org>, c@example.org\r\nSubject: no body\r\n\r\n',
];

async function sendContents(route: MailRoute): Promise<void> {
  const source = await MailSource.connect({ port: Number(route.port) });
  for (const [index, content] of CONTENTS.entries()) {
    const bytes = Buffer.from(`Message-ID: <${index}@ledger.invalid>\r\n${content}`);
    const mail = { from: 'you@example.org', to: [route.demo.address], bytes };
    const result = await source.send({ ...mail, mailParameters: 'BODY=8BITMIME' });
    assert.ok(result.accepted, result.answer);
  }
  await source.quit();
}

/** Everything that was sent is at the end, unchanged; the signed mail still verifies. */
async function checkEnd(sent: readonly Recorded[], end: Recorder): Promise<void> {
  const signatures: string[] = [];
  for (const mail of sent) {
    const token = tokenOf(mail.content);
    const arrived = await end.find(({ content }) => tokenOf(content) === token);
    assert.deepEqual(arrived.recipients, [PHONE]);
    assertUnchanged(mail, arrived);
    if (!mail.content.includes('DKIM-Signature:')) continue;
    const text = arrived.content.toString('latin1').replace('Signed text', 'Changed');
    signatures.push(await verifySignature(arrived.content));
    signatures.push(await verifySignature(Buffer.from(text, 'latin1')));
  }
  assert.deepEqual(signatures, ['pass', 'neutral']);
  assert.equal(end.recorded.length, sent.length);
}

/** Stops the switch, so that every outcome is stored, and balances its books. */
async function checkBooks(t: TestContext, route: MailRoute): Promise<void> {
  assert.equal(await route.running.stop(), 0, route.running.output());
  const clock = { monotonic: () => performance.now() };
  const store = openEmbeddedReader({ directory: route.running.data, clock });
  atEnd(t, () => store.close());
  const balance = assertBalanced({
    submitted: submittedFrom(route.sent.recorded),
    arrivals: arrivalsFrom(route.arrived.recorded),
    documents: await readDocuments(store),
    channel: 'email',
  });
  const { accepted, confirmed, failed, inFlight } = balance;
  assert.equal(accepted, CONTENTS.length + 1);
  assert.deepEqual(
    { confirmed, failed, inFlight },
    { confirmed: accepted, failed: 0, inFlight: 0 },
  );
}

async function sendAll(t: TestContext, route: MailRoute): Promise<readonly Recorded[]> {
  await sendContents(route);
  const files = writeAttachments(temporaryFolder(t));
  await sendSigned({ port: Number(route.port), to: route.demo.address, files });
  return route.sent.count(CONTENTS.length + 1);
}

test('through postfix, mail arrives unchanged and every account balances', TIMEOUT, async (t) => {
  const postfix = await serviceFor(t, 'postfix');
  if (postfix === undefined || !isRootFor(t, 'starting a postfix')) return;
  const end = await record(await startSink(t, postfix));
  atEnd(t, () => end.close());
  const nextHop = await startPostfix(t, postfix, end.address);
  const route = await layOutRoute(t, { nextHop });
  await checkEnd(await sendAll(t, route), end);
  await checkBooks(t, route);
});

test('through a second Patchboard, mail arrives unchanged and both balance', TIMEOUT, async (t) => {
  const postfix = await serviceFor(t, 'postfix');
  if (postfix === undefined) return;
  const settings = { domain: 'second.localhost', 'email.domains': 'second.localhost' };
  const second = await layOutRoute(t, { nextHop: await startSink(t, postfix), settings });
  const first = await layOutRoute(t, { nextHop: second.entry, phone: second.demo.address });
  await checkEnd(await sendAll(t, first), second.arrived);
  await checkBooks(t, first);
  await checkBooks(t, second);
});
