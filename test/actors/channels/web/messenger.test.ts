/** Messages written in the browser: what is accepted, how, and what is refused. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readMail } from '../../../../actors/channels/email/codec.js';
import { writeMail } from '../../../../actors/channels/email/mime-writer.js';
import { readWire } from '../../../../actors/channels/web/codec.js';
import type { Recipient } from '../../../../schemas/address.js';
import type { Submission } from '../../../../schemas/submission.js';
import {
  answerIn,
  composed,
  KEY,
  OTHER_KEY,
  type Surroundings,
  surroundings,
} from './surroundings.js';

const YOU: Recipient = { kind: 'outside', via: { channel: 'email', value: 'you@example.org' } };

function only({ memory }: Surroundings): Submission {
  assert.equal(memory.taken.length, 1);
  return memory.taken[0]?.submission ?? assert.fail();
}

function umfOf({ content }: Submission) {
  return content.kind === 'umf' ? content.umf : assert.fail(`content is ${content.kind}`);
}

describe('a message from the composer', () => {
  it('is accepted under the name of who is signed in, and set on its way', async (t) => {
    const here = await surroundings(t);
    const answer = await here.door.post('send', composed({ priority: 'high' }), here.anna);
    assert.equal(answer.status, 200, String(answer.body));
    const taken = here.memory.taken[0] ?? assert.fail();
    assert.deepEqual(answerIn(answer), { ok: true, value: { id: taken.id } });
    assert.deepEqual(taken.answers, [true]);
    const { sender, header, recipients, origin, unique } = taken.submission;
    assert.deepEqual(sender, {
      address: { channel: 'web', value: 'anna' },
      name: 'anna',
      account: 'anna',
      verification: { verified: true, how: 'signed in' },
    });
    assert.equal(header.subject, 'Hi');
    assert.equal(header.priority, 'high');
    assert.equal(header.conversation, header.reference);
    assert.match(header.reference ?? '', /^<[0-9a-f]{32}@patchboard\.localhost>$/);
    assert.equal(recipients[0]?.to.kind, 'subscriber');
    assert.deepEqual(recipients[0]?.report, { success: false, failure: true, delay: false });
    assert.equal(origin.peer, '192.0.2.7');
    assert.equal(unique?.lasts, 'always');
    assert.deepEqual(umfOf(taken.submission).body, { mediaType: 'text/plain', text: 'There?' });
  });

  it('sent twice has one key; of another person, or another message, another', async (t) => {
    const { door, memory, anna, ben } = await surroundings(t);
    await door.post('send', composed({}), anna);
    await door.post('send', composed({}), anna);
    await door.post('send', composed({ reference: 'r2' }), anna);
    await door.post('send', composed({}), ben);
    const keys = memory.taken.map(({ submission }) => submission.unique?.hash);
    assert.equal(keys[0], keys[1]);
    assert.equal(new Set(keys).size, 3);
  });

  it('takes several people, each once, and addresses outside', async (t) => {
    const here = await surroundings(t);
    here.people.set('you@example.org', YOU);
    const form = composed({});
    form.append('to', 'you@example.org');
    form.append('to', 'ben');
    await here.door.post('send', form, here.anna);
    const { recipients } = only(here);
    assert.deepEqual(
      recipients.map(({ to }) => to.via.value),
      ['ben', 'you@example.org'],
    );
  });

  it('carries attachments as parts, with names that are only names', async (t) => {
    const here = await surroundings(t);
    const form = composed({ text: 'two\r\nlines' });
    form.append('files', new File([Buffer.from([0, 255])], '../../etc/pass\u202ewd', { type: '' }));
    form.append('files', new File(['<b>'], 'a.html', { type: 'text/html;charset=utf-8' }));
    await here.door.post('send', form, here.anna);
    const submission = only(here);
    const { parts = [] } = umfOf(submission).body;
    assert.deepEqual(parts[0], { mediaType: 'text/plain', text: 'two\nlines' });
    assert.equal(parts[1]?.filename, 'passwd');
    assert.equal(parts[1]?.mediaType, 'application/octet-stream');
    assert.deepEqual(Buffer.from(parts[1]?.bytes ?? []), Buffer.from([0, 255]));
    assert.equal(parts[2]?.mediaType, 'text/html');
    assert.equal(submission.header.size, 9 + 2 + 3);
  });

  it('that is large is put away first, whole', async (t) => {
    const here = await surroundings(t);
    const big = Buffer.alloc(300_000, 'x');
    const form = composed({});
    form.append('files', new File([big], 'big.bin'));
    await here.door.post('send', form, here.anna);
    const { content } = only(here);
    assert.ok(content.kind === 'blob');
    assert.equal(content.channel, 'web');
    const umf = await readWire(here.memory.blobs.get(content.key) ?? assert.fail(), 'u');
    assert.equal(umf.body.parts?.[0]?.text, 'There?');
    assert.deepEqual(Buffer.from(umf.body.parts?.[1]?.bytes ?? []), big);
  });

  const refusals: readonly (readonly [string, Record<string, string>, number, RegExp])[] = [
    ['without a reference', { reference: '' }, 400, /no reference/],
    ['without a recipient', { to: ' ' }, 400, /to whom/],
    ['to nobody', { to: 'who' }, 400, /who.* is neither/],
    ['of an unknown priority', { priority: 'huge' }, 400, /priority/],
    ['with a subject that has no end', { subject: 'x'.repeat(600) }, 400, /subject/],
    ['with a text that has no end', { text: 'x'.repeat(200) }, 400, /100 characters/],
    ['that answers nothing', { inReplyTo: KEY }, 404, /no message of yours/],
    ['that answers no message', { inReplyTo: 'account/1' }, 400, /inReplyTo/],
  ];
  for (const [what, fields, status, words] of refusals) {
    it(`${what} is refused with words, and nothing is stored`, async (t) => {
      const here = await surroundings(t, { config: { limits: { textCharacters: 100 } } });
      const answer = await here.door.post('send', composed(fields), here.anna);
      assert.equal(answer.status, status);
      assert.match(String(answer.body), words);
      assert.equal(here.memory.taken.length, 0);
    });
  }

  it('needs somebody who is signed in, a form, and its size', async (t) => {
    const { door, anna, memory } = await surroundings(t, {
      config: { limits: { sizeBytes: 1024 } },
    });
    assert.equal((await door.post('send', composed({}))).status, 401);
    assert.equal((await door.post('send', '{}', anna)).status, 400);
    assert.equal((await door.post('send', composed({ text: 'x'.repeat(2000) }), anna)).status, 413);
    assert.equal((await door.get('elsewhere', anna)).status, 404);
    assert.equal(memory.taken.length, 0);
  });

  it('in our own trouble is refused for now, never for good', async (t) => {
    const { door, anna, memory } = await surroundings(t);
    memory.refusal = 'the disk is full';
    assert.equal((await door.post('send', composed({}), anna)).status, 503);
    memory.refusal = undefined;
    const trouble = { ok: false, code: 'STORE_UNAVAILABLE', message: 'no' } as const;
    memory.acceptWith = () => Promise.resolve(trouble);
    const answer = await door.post('send', composed({}), anna);
    assert.equal(answer.status, 503);
    assert.deepEqual(answerIn(answer), trouble);
    memory.acceptWith = () => Promise.reject(new Error('gone'));
    assert.equal((await door.post('send', composed({}), anna)).status, 503);
  });
});

describe('an answer', () => {
  it('goes home to who wrote, in the conversation, as mail that threads', async (t) => {
    const here = await surroundings(t);
    const recipient = { kind: 'subscriber', account: 'anna', via: YOU.via } as const;
    here.homes.set(KEY, {
      to: YOU,
      conversation: '<first@example.org>',
      of: { recipient, reference: '<second@example.org>' },
    });
    const form = composed({ inReplyTo: KEY, to: 'ben' });
    assert.equal((await here.door.post('send', form, here.anna)).status, 200);
    const submission = only(here);
    assert.deepEqual(
      submission.recipients.map(({ to }) => to),
      [YOU],
    );
    assert.equal(submission.header.conversation, '<first@example.org>');
    const mail = await writeMail(umfOf(submission), {
      from: { address: 'reply+t@example.com' },
      messageId: '<out@example.com>',
      date: 0,
      hostname: 'example.com',
    });
    const read = await readMail(mail, 'u');
    assert.equal(read.conversation?.inReplyTo, '<second@example.org>');
    const references = ['<first@example.org>', '<second@example.org>'];
    assert.deepEqual(read.conversation?.references, references);
  });

  it("to one's own message goes to who got it; nobody else may answer", async (t) => {
    const here = await surroundings(t);
    const recipient = { kind: 'subscriber', account: 'ben', via: YOU.via } as const;
    const to = { kind: 'subscriber', account: 'anna', via: YOU.via } as const;
    here.homes.set(OTHER_KEY, { to, of: { recipient, sender: 'anna' } });
    const form = () => composed({ inReplyTo: OTHER_KEY });
    assert.equal((await here.door.post('send', form(), here.anna)).status, 200);
    assert.deepEqual(only(here).recipients[0]?.to, recipient);
    const { memory } = here;
    memory.accounts.push({ ...here.anna, id: 'eve', name: 'eve' });
    const eve = memory.accounts.at(-1);
    assert.equal((await here.door.post('send', form(), eve)).status, 404);
    assert.equal((await here.door.post('send', form(), here.ben)).status, 200);
    assert.deepEqual(memory.taken[1]?.submission.recipients[0]?.to, to);
  });

  it('by mail to a message from the browser comes into its conversation', async (t) => {
    const here = await surroundings(t);
    here.people.set('you@example.org', YOU);
    await here.door.post('send', composed({ to: 'you@example.org' }), here.anna);
    const { header, ...submission } = only(here);
    const out = await writeMail(umfOf({ header, ...submission }), {
      from: { address: 'reply+t@example.com' },
      messageId: '<out@example.com>',
      date: 0,
      hostname: 'example.com',
    });
    const { conversation } = await readMail(out, 'u');
    const chain = [...(conversation?.references ?? []), '<out@example.com>'].join(' ');
    const back = `In-Reply-To: <out@example.com>\r\nReferences: ${chain}\r\n\r\nYes\r\n`;
    const read = await readMail(Buffer.from(back), 'u');
    assert.equal(read.conversation?.id, header.conversation);
  });
});
