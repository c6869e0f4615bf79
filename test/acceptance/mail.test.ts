/** Table 3: how mail comes to the switch; real SMTP on every side. */

import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { SMTPServer } from 'smtp-server';
import type { Channel } from '../../actors/channel.js';
import { email } from '../../actors/channels/email/index.js';
import { inbox } from '../../actors/channels/inbox/index.js';
import type { Log } from '../../actors/machinery.js';
import { createMemoryBus } from '../../runtime/bus/memory.js';
import { systemClock } from '../../runtime/clock.js';
import { loadConfig } from '../../runtime/config.js';
import { createMemoryStore } from '../../runtime/store/memory.js';
import { startSwitch } from '../../runtime/switch.js';
import { messageKey } from '../../schemas/identifier.js';
import type { MessageDocument } from '../../schemas/message.js';
import { SmtpLine } from '../harness/smtp-line.js';
import { must } from './a-switch.js';
import { rowName, runTable } from './table.js';

const DOMAIN = 'mmserver.company.com';
const OWN = `username@${DOMAIN}`;
const SECOND = 'username@company.com';
const PASSWORD = 'long enough';
const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };
const MAIL = [
  'From: you@example.org',
  'To: username@company.com',
  'Subject: Hello',
  'Message-ID: <1@example.org>',
  'Errors-To: list-owner@company.com',
  '',
  'Anybody there?',
  '',
].join('\r\n');

interface Relayed {
  readonly to: readonly string[];
  readonly content: string;
}

type Answer = (mail: Relayed) => Promise<{ readonly code: number; readonly text: string }>;

/** The company's mail server: what it took, and how it answers. */
async function companyServer() {
  const taken: Relayed[] = [];
  const company: { answer: Answer } = {
    answer: () => Promise.resolve({ code: 250, text: 'ok' }),
  };
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    logger: false,
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', async () => {
        const to = session.envelope.rcptTo.map((recipient) => recipient.address);
        const mail = { to, content: Buffer.concat(chunks).toString() };
        taken.push(mail);
        const { code, text } = await company.answer(mail);
        if (code < 400) done();
        else done(Object.assign(new Error(text), { responseCode: code }));
      });
    },
  });
  const listening = server.listen(0, '127.0.0.1');
  await new Promise<void>((resolve) => listening.once('listening', () => resolve()));
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  const { port } = listening.address() as AddressInfo;
  return { company, taken, close, address: `127.0.0.1:${port}` };
}

async function setUp(t: TestContext) {
  const { company, taken, close, address: smartHost } = await companyServer();
  const channels: Channel<never>[] = [inbox, email];
  const flags = new Map([
    ['domain', DOMAIN],
    ['email.listen', '127.0.0.1:0'],
    ['email.hostname', DOMAIN],
    ['email.domains', DOMAIN],
    ['email.smartHost', smartHost],
  ]);
  const loaded = loadConfig({ channels, flags, environment: {}, directory: import.meta.dirname });
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.problems.join('\n'));
  const [clock, store, bus] = [systemClock(), createMemoryStore(), createMemoryBus()];
  let waiting: (() => Promise<void>)[] = [];
  const on = await startSwitch({
    config: loaded.config,
    ...{ clock, store, bus, channels, log: SILENT },
    stepped: () => {
      for (const look of waiting) look();
    },
  });
  t.after(async () => {
    await on.stop();
    await bus.close();
    await store.close();
    // After the switch, whose idle connections it would wait for.
    await close();
  });
  const account = must(await on.accounts.create({ name: 'username', password: PASSWORD }));
  must(await on.accounts.addAddress(account.id, { channel: 'email', value: SECOND }));

  /** The message once it has ended. */
  function ended(key: string): Promise<MessageDocument> {
    return new Promise((resolve, reject) => {
      const look = async () => {
        const document = await on.kernel.read(key);
        if (document?.closed !== true) return;
        waiting = waiting.filter((other) => other !== look);
        resolve(document);
      };
      waiting.push(() => look().catch(reject));
      look().catch(reject);
    });
  }

  async function connect(): Promise<SmtpLine> {
    const line = SmtpLine.connect(on.addresses['email'] ?? '');
    t.after(() => line.destroy());
    await line.hello();
    return line;
  }

  /** Sends the mail; its message's key once it is accepted. */
  async function send(to: string, line?: SmtpLine, from = 'you@example.org'): Promise<string> {
    const reply = await (line ?? (await connect())).mail(from, [to], MAIL);
    assert.equal(reply.code, 250, reply.text);
    return messageKey(reply.text.trim().slice(-16), 0);
  }

  async function rawOf(key: string): Promise<string> {
    return Buffer.from((await store.getContent(key)) ?? []).toString();
  }

  return { account, company, connect, ended, on, rawOf, send, store, taken };
}

/** The mail to this address reaches the subscriber, byte for byte. */
async function reachesSubscriber(t: TestContext, rcpt: string): Promise<void> {
  const { account, ended, rawOf, send } = await setUp(t);
  const key = await send(rcpt);
  const document = await ended(key);
  assert.equal(document.state, 'confirmed');
  assert.deepEqual(document.input.recipient, {
    kind: 'subscriber',
    account: account.id,
    via: { channel: 'email', value: rcpt },
  });
  assert.ok((await rawOf(key)).endsWith(MAIL));
}

runTable('table-3.md', {
  [`published | ${OWN} | accepted`]: (t) => reachesSubscriber(t, OWN),

  [`company.com. MX 10 ${DOMAIN}. | ${SECOND} | same subscriber`]: (t) =>
    reachesSubscriber(t, SECOND),

  [`corporate alias forwards | ${OWN} | same subscriber; Errors-To kept`]: async (t) => {
    const { account, connect, ended, rawOf, send } = await setUp(t);
    const key = await send(OWN, await connect(), 'list-owner@company.com');
    const document = await ended(key);
    const { recipient } = document.input;
    assert.ok(recipient.kind === 'subscriber');
    assert.equal(recipient.account, account.id);
    assert.match(await rawOf(key), /^Errors-To: list-owner@company\.com\r$/m);
  },

  [rowName([
    'alias, and work channel is username@company.com +',
    'same',
    'own id recognised: that delivery fails 5.4.6, next route, else inbox; no loop',
  ])]: async (t) => {
    const { account, company, connect, ended, on, send, store, taken } = await setUp(t);
    const device = { name: 'work', addresses: [{ channel: 'email', value: SECOND }] };
    must(await on.accounts.addDevice(account.id, device));
    const steps = [{ endpoints: ['work'] }];
    const work = {
      id: 'work',
      name: 'Work',
      steps,
      confirms: 'any',
      lastResort: 'inbox',
    } as const;
    must(await on.accounts.putProfile(account.id, work));
    must(await on.accounts.setActive(account.id, { profile: 'work' }));
    // The company forwards to the switch, and gives its answer back.
    company.answer = async ({ content }) => {
      const line = await connect();
      const forwarded = content.replace(/^\./gm, '..');
      const { code, text } = await line.mail('list-owner@company.com', [OWN], forwarded);
      return { code, text: text.slice('554 '.length) };
    };
    const document = await ended(await send(OWN));
    assert.equal(document.state, 'confirmed');
    const [out, kept] = document.context.deliveries;
    assert.equal(out?.phase, 'failed');
    assert.equal(out?.last?.status, '5.4.6');
    assert.equal(kept?.level, 'kept');
    assert.equal(taken.length, 1);
    const keys = await store.list('keys/msg/', { limit: 10, order: 'ascending' });
    assert.equal(keys.length, 1);
  },

  [`unknown | nobody@${DOMAIN} | 550, nothing stored +`]: async (t) => {
    const { connect, store } = await setUp(t);
    const line = await connect();
    await line.ask('MAIL FROM:<you@example.org>');
    const reply = await line.ask(`RCPT TO:<nobody@${DOMAIN}>`);
    assert.equal(reply.code, 550);
    const keys = await store.list('keys/msg/', { limit: 10, order: 'ascending' });
    assert.deepEqual(keys, []);
  },

  [rowName([
    'authenticated subscriber +',
    'other@elsewhere.example',
    'accepted, tracked, no account made',
  ])]: async (t) => {
    const { connect, ended, on, send, taken } = await setUp(t);
    const line = await connect();
    const secret = Buffer.from(`\0username\0${PASSWORD}`).toString('base64');
    assert.equal((await line.ask(`AUTH PLAIN ${secret}`)).code, 235);
    const key = await send('other@elsewhere.example', line, OWN);
    const document = await ended(key);
    assert.equal(document.state, 'confirmed');
    assert.equal(document.input.recipient.kind, 'outside');
    assert.deepEqual(
      taken.map((mail) => mail.to),
      [['other@elsewhere.example']],
    );
    assert.ok((await on.kernel.history(key)).some((entry) => entry.event.type === 'OUTCOME'));
    assert.equal((await on.accounts.list()).length, 1);
  },
});
