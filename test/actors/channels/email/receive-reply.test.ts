/** Mail to reply+TOKEN comes home to the person whose message it answers. */

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { MAIL, startReceiving, stopReceiving } from '../../../harness/receiving.js';

const HOME = 'reply+reply1@example.com';

describe('an answer by mail', { timeout: 30_000 }, () => {
  afterEach(stopReceiving);

  it('goes to who sent what it answers, as a message of its own', async () => {
    const { context, open } = await startReceiving();
    const reply = await (await open()).mail('you@example.net', [HOME], MAIL);
    assert.equal(reply.code, 250);
    const [recipient] = context.taken[0]?.submission.recipients ?? [];
    const via = { channel: 'email', value: 'anna@example.com' };
    assert.deepEqual(recipient?.to, { kind: 'subscriber', account: 'anna', via });
    assert.equal(context.taken[0]?.submission.recipients.length, 1);
  });

  it('finds home whatever the case of the local part, beside other recipients', async () => {
    const { context, open } = await startReceiving();
    const to = ['REPLY+Reply1@Example.COM', 'ben@example.com'];
    assert.equal((await (await open()).mail('you@example.net', to, MAIL)).code, 250);
    const accounts = context.taken[0]?.submission.recipients.map(({ to: who }) =>
      who.kind === 'subscriber' ? who.account : who.via.value,
    );
    assert.deepEqual(accounts, ['anna', 'ben']);
  });

  it('is refused for good with a forged token, or where nobody can be told', async () => {
    const { context, open } = await startReceiving();
    const line = await open();
    await line.ask('MAIL FROM:<you@example.net>');
    for (const token of ['forged', '', 'valid1']) {
      const { text } = await line.ask(`RCPT TO:<reply+${token}@example.com>`);
      assert.match(text, /^550 5\.1\.1 /, token);
    }
    context.homeWith = () => Promise.resolve(undefined);
    assert.match((await line.ask(`RCPT TO:<${HOME}>`)).text, /^550 5\.1\.1 /);
    const elsewhere = await line.ask('RCPT TO:<reply+reply1@elsewhere.example>');
    assert.match(elsewhere.text, /^550 5\.7\.1 /);
  });

  it('is refused for now while the store cannot be read', async () => {
    const { context, open } = await startReceiving();
    context.homeWith = () => Promise.reject(new Error('the disk is gone'));
    const line = await open();
    await line.ask('MAIL FROM:<you@example.net>');
    assert.match((await line.ask(`RCPT TO:<${HOME}>`)).text, /^451 4\.3\.0 /);
  });
});
