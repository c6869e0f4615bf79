/**
 * A conversation between a page and a mailbox, on a real switch: written in the browser it goes out
 * as mail, the answer by mail comes home, and the next one from the browser threads.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headerFacts } from '../../actors/channels/email/codec.js';
import { MailSink, type SinkMessage } from '../../actors/channels/email/peer.js';
import { peer } from '../../actors/channels/web/peer.js';
import { atEnd } from '../harness/at-end.js';
import { peerWorld, signIn } from '../harness/peer-world.js';
import { SmtpLine } from '../harness/smtp-line.js';
import { startSwitch } from '../harness/switch-process.js';

const YOU = 'you@elsewhere.example';
const FIRST = {
  from: 'anna',
  to: YOU,
  subject: 'Lunch?',
  text: 'At noon?',
  reference: 'first',
} as const;

function replyAddress({ bytes }: SinkMessage): string {
  return /<(reply\+[0-9a-z.-]+@[a-z.]+)>/.exec(String(bytes))?.[1] ?? assert.fail(String(bytes));
}

function answerTo({ bytes }: SinkMessage): string {
  const { messageId, references } = headerFacts(bytes);
  const thread = `In-Reply-To: ${messageId}\r\nReferences: ${[...references, messageId].join(' ')}`;
  const head = `From: <${YOU}>\r\nSubject: Re: Lunch?\r\nMessage-ID: <yes@elsewhere.example>`;
  return `${head}\r\n${thread}\r\n\r\nYes\r\n`;
}

test('page and mailbox answer each other in one conversation', { timeout: 60_000 }, async (t) => {
  const sink = await MailSink.start();
  atEnd(t, () => sink.stop());
  const settings = { 'email.smartHost': `127.0.0.1:${sink.port}` };
  const on = await startSwitch(t, { settings });
  await on.operate('account.create', { name: 'anna' });
  const pages = await peer.open(peerWorld(() => on, 'web'));
  atEnd(t, () => pages.close());
  await pages.attach('anna');

  assert.ok(await pages.send(FIRST));
  await sink.until(() => sink.messages.length === 1);
  const [out] = sink.messages;
  assert.ok(out);
  assert.deepEqual(out.to, [YOU]);
  const conversation = headerFacts(out.bytes).references[0];
  assert.match(conversation ?? '', /^<[0-9a-f]{32}@/);

  const line = SmtpLine.connect(on.addresses['email'] ?? '');
  atEnd(t, () => line.destroy());
  await line.hello();
  const taken = await line.mail(YOU, [replyAddress(out)], answerTo(out));
  assert.equal(taken.code, 250, taken.text);
  const id = taken.text.slice(-16);
  const tracked = await on.command('track', id, '--wait', '--json');
  assert.equal(tracked.code, 0, `${tracked.stdout}${tracked.stderr}`);
  assert.deepEqual(pages.arrivals(), [{ subject: 'Re: Lunch?', address: 'anna' }]);

  const origin = `http://${on.addresses['http']}`;
  const fields = { inReplyTo: `msg/${id}.0`, text: 'Good', reference: 'second' };
  const answer = await fetch(`${origin}/c/web/send`, {
    method: 'POST',
    headers: { origin, cookie: await signIn(on, 'anna') },
    body: new URLSearchParams({ ...fields, subject: 'Re: Lunch?' }),
  });
  assert.equal(answer.status, 200, await answer.text());
  await sink.until(() => sink.messages.length === 2);
  const threaded = sink.messages[1] ?? assert.fail();
  assert.deepEqual(threaded.to, [YOU]);
  const facts = headerFacts(threaded.bytes);
  assert.equal(facts.inReplyTo, '<yes@elsewhere.example>');
  assert.equal(facts.conversation, conversation);
});
