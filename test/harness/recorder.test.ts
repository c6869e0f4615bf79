/** The recorder tells exactly what went over an SMTP line, however it was cut into pieces. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { SMTPServer } from 'smtp-server';
import { record } from './recorder.js';

interface Taken {
  readonly content: Buffer;
  readonly recipients: readonly string[];
}

/** A real server that refuses everybody called "nobody", and the recorder before it. */
async function layOut(t: TestContext, answers: 'taken' | 'nothing' = 'taken') {
  const taken: Taken[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    onRcptTo: ({ address }, _session, done) =>
      done(address.startsWith('nobody') ? new Error('not here') : null),
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const recipients = session.envelope.rcptTo.map(({ address }) => address);
        taken.push({ content: Buffer.concat(chunks), recipients });
        if (answers === 'taken') done();
      });
    },
  });
  const net = server.listen(0, '127.0.0.1');
  await once(net, 'listening');
  t.after(() => new Promise<void>((resolve) => void server.close(resolve)));
  const recorder = await record(`127.0.0.1:${(net.address() as AddressInfo).port}`);
  t.after(() => recorder.close());
  return { taken, recorder };
}

/** Says one line after the other, each when the line before it was answered. */
async function say(address: string, lines: readonly (string | Buffer)[]): Promise<Socket> {
  const socket = connect(Number(address.split(':')[1]), '127.0.0.1');
  await once(socket, 'data');
  for (const line of lines) {
    socket.write(line);
    await once(socket, 'data');
  }
  return socket;
}

const HELLO = ['EHLO client\r\n', 'MAIL FROM:<a@example.org> BODY=8BITMIME\r\n'];

test('content is recorded as the server took it: dots, bare line ends, any byte', async (t) => {
  const { taken, recorder } = await layOut(t);
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const parts = ['..one\r\n...\r\nx\n.y\r.z\r\n', bytes, '\r\n.\r\n'].map((part) =>
    Buffer.from(part),
  );
  const lines = [...HELLO, 'RCPT TO:<b@example.net>\r\n', 'DATA\r\n', Buffer.concat(parts)];
  (await say(recorder.address, lines)).end();
  const transaction = await recorder.find(() => true);
  assert.deepEqual(transaction.content, taken[0]?.content);
  assert.equal(transaction.from, 'a@example.org');
  assert.match(transaction.reply, /^250 /);
});

test('only accepted recipients count, and each mail of a connection is recorded', async (t) => {
  const { taken, recorder } = await layOut(t);
  const envelope = 'RCPT TO:<nobody@example.net>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n';
  const socket = await say(recorder.address, HELLO);
  let said = '';
  for (const mail of ['.\r\n', 'two\r\n.\r\n']) {
    socket.write(mail === '.\r\n' ? envelope : `MAIL FROM:<c@example.org>\r\n${envelope}`);
    for (said = ''; !said.includes('354 '); ) said += String((await once(socket, 'data'))[0]);
    for (const byte of mail) socket.write(byte);
    await once(socket, 'data');
  }
  socket.end();
  const recorded = await recorder.count(2);
  const seen = recorded.map(({ from, recipients, content }) => [from, recipients, String(content)]);
  assert.deepEqual(seen, [
    ['a@example.org', ['b@example.net'], ''],
    ['c@example.org', ['b@example.net'], 'two\r\n'],
  ]);
  assert.deepEqual(
    recorded.map(({ content, recipients }) => ({ content, recipients })),
    taken,
  );
});

test('a line that is cut after the dot is recorded without a reply', async (t) => {
  const { recorder } = await layOut(t, 'nothing');
  const socket = await say(recorder.address, [...HELLO, 'RCPT TO:<b@example.net>\r\n', 'DATA\r\n']);
  socket.write('gone\r\n.\r\n', () => socket.resetAndDestroy());
  const transaction = await recorder.find(() => true);
  assert.equal(String(transaction.content), 'gone\r\n');
  assert.equal(transaction.reply, '');
});
