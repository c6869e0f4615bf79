/** Practice devices: phones that pages show, of who is signed in there and nobody else. */

import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { DeliveryJob } from '../../../../actors/channel.js';
import { writeWire } from '../../../../actors/channels/loopback/codec.js';
import { createPractice } from '../../../../actors/channels/loopback/practice-channel.js';
import type { Home, ReceiveContext } from '../../../../actors/machinery.js';
import { createTokens } from '../../../../runtime/tokens.js';
import type { Account } from '../../../../schemas/account.js';
import type { Recipient } from '../../../../schemas/address.js';
import { TestDoor } from '../../../harness/door.js';
import { manualClock } from '../../../harness/manual-clock.js';
import { makeInput, POLICY } from '../../../harness/messages.js';
import { account, MemoryReceiveContext } from '../../../harness/receive-context.js';

const KEY = 'msg/0123456789abcdef.0';
const YOU: Recipient = { kind: 'outside', via: { channel: 'email', value: 'you@example.org' } };
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

function via(value: string) {
  return { channel: 'loopback', value };
}

/** anna has a pager besides her phone. */
function anna(): Account {
  const endpoints = [{ id: 'pager', address: via('annas-pager') }];
  return { ...account('anna', []), devices: [{ id: 'd', name: 'Pager', endpoints }] };
}

async function practice(t: TestContext) {
  const memory = new MemoryReceiveContext();
  memory.accounts.splice(0, 2, anna(), account('eve', []));
  const clock = manualClock();
  const door = new TestDoor();
  const tokens = createTokens(Buffer.from('secret'), clock);
  const secret = (_name: string, bytes: number) => Promise.resolve(new Uint8Array(bytes));
  const homes = new Map<string, Home>();
  const context: ReceiveContext<{ answerMs: number }> = {
    config: { answerMs: 1000 },
    clock,
    log: memory.log,
    directory: memory.directory,
    operators: () => memory.operators(),
    authenticator: memory.authenticator,
    tokens,
    accept: memory.accept,
    putContent: memory.putContent,
    observe: memory.observe,
    refusing: () => memory.refusal,
    recipient: (text) => Promise.resolve(text === 'you' ? YOU : undefined),
    home: (key) => Promise.resolve(homes.get(key)),
    door,
    secret,
  };
  const channel = createPractice();
  const receiver = await channel.receive?.(context);
  const config = { answerMs: 1000 };
  const deliverer = channel.deliver?.({ config, clock, log: quiet, tokens, secret });
  if (receiver === undefined || deliverer === undefined) throw new Error('it does both');
  t.after(() => receiver.stop());
  const page = (name: string) => door.open({ id: name, name });
  return { memory, clock, homes, deliverer, page };
}

function job(device: string, change: Partial<DeliveryJob> = {}): DeliveryJob {
  const body = { mediaType: 'text/plain', text: 'There?' };
  const from = { channel: 'email', address: 'you@example.org', name: 'You' };
  const umf = {
    uid: 'u',
    to: [],
    from,
    subject: 'Hi',
    body,
    priority: 'normal',
    securityLevel: 'normal',
  } as const;
  const recipient = { kind: 'subscriber', account: 'anna', via: via('x') } as const;
  return {
    message: makeInput({ key: KEY, recipient, createdAt: 5 }),
    delivery: {
      id: 0,
      step: 0,
      address: via(device),
      policy: POLICY,
      phase: 'ready',
      trials: 0,
      dueAt: 0,
      expiresAt: 1,
    },
    attempt: '0.1.n',
    possibleDuplicate: false,
    raw: () => Promise.resolve(undefined),
    umf: () => Promise.resolve(umf),
    written: () => writeWire(umf),
    bytesSent: () => Promise.resolve(true),
    ...change,
  };
}

describe('a practice device', () => {
  it('is there while a page of its owner shows it', async (t) => {
    const { page, deliverer } = await practice(t);
    const absent = () => deliverer.absent?.(via('annas-pager'), 'anna');
    assert.equal(absent(), 'no page shows the device annas-pager');
    const own = page('anna');
    own.say({ kind: 'show', device: 'annas-pager' });
    await own.frame('shown');
    assert.equal(absent(), undefined);
    const others = deliverer.absent?.(via('annas-pager'), 'eve');
    assert.equal(others, 'no page shows the device annas-pager', 'another account has no page');
    own.say({ kind: 'behave', offline: true });
    assert.equal(absent(), 'the device annas-pager is off the net');
    assert.equal((await deliverer.deliver(job('annas-pager'))).result, 'retry');
    own.say({ kind: 'behave', offline: false });
    assert.equal(absent(), undefined);
    own.close();
    assert.equal(absent(), 'no page shows the device annas-pager');
    const outcome = await deliverer.deliver(job('annas-pager'));
    assert.deepEqual([outcome.result, outcome.ambiguous], ['retry', undefined]);
  });

  it('shows what is delivered, and confirms it', async (t) => {
    const { page, deliverer } = await practice(t);
    const own = page('anna');
    own.say({ kind: 'show', device: 'anna-phone' });
    await own.frame('shown');
    const delivering = deliverer.deliver(job('anna-phone'));
    assert.deepEqual(await own.frame('message'), {
      kind: 'message',
      device: 'anna-phone',
      key: KEY,
      attempt: '0.1.n',
      possibleDuplicate: false,
      at: 5,
      from: 'You',
      subject: 'Hi',
      text: 'There?',
    });
    own.say({ kind: 'took', attempt: '0.1.n' });
    assert.equal((await delivering).result, 'confirmed');
  });

  it('is not waited for when the switch stops', async (t) => {
    const { page, deliverer } = await practice(t);
    const own = page('anna');
    own.say({ kind: 'show', device: 'anna-phone' });
    await own.frame('shown');
    const delivering = deliverer.deliver(job('anna-phone'));
    await own.frame('message');
    await deliverer.stop();
    const outcome = await delivering;
    assert.deepEqual([outcome.result, outcome.ambiguous], ['retry', true]);
  });

  it('of somebody else is not shown, and gets nothing of theirs', async (t) => {
    const { page, deliverer } = await practice(t);
    const eve = page('eve');
    for (const device of ['anna-phone', 'annas-pager', '', 'x']) {
      eve.got.length = 0;
      eve.say({ kind: 'show', device });
      await eve.frame('refused');
    }
    eve.say({ kind: 'show', device: 'eve-phone' });
    await eve.frame('shown');
    const outcome = await deliverer.deliver(job('eve-phone'));
    assert.equal(outcome.result, 'retry');
    assert.equal(
      eve.got.some(({ kind }) => kind === 'message'),
      false,
    );
  });

  it('that is closed or silent leaves the attempt ambiguous', async (t) => {
    const { page, deliverer, clock } = await practice(t);
    const own = page('anna');
    own.say({ kind: 'show', device: 'anna-phone' });
    await own.frame('shown');
    const no = () => Promise.resolve(false);
    const lost = await deliverer.deliver(job('anna-phone', { bytesSent: no }));
    assert.equal(lost.result, 'postponed');
    assert.equal(own.got.length, 1);
    const silent = deliverer.deliver(job('anna-phone'));
    await own.frame('message');
    clock.advance(1000);
    assert.equal((await silent).ambiguous, true);
    own.got.length = 0;
    const closed = deliverer.deliver(job('anna-phone'));
    await own.frame('message');
    own.close();
    assert.equal((await closed).ambiguous, true);
  });
});

describe('a practice device that writes', () => {
  it('answers the person who wrote, in the conversation', async (t) => {
    const { page, memory, homes } = await practice(t);
    const recipient = { kind: 'subscriber', account: 'anna', via: via('x') } as const;
    const of = { recipient, reference: '<2@example.org>' };
    homes.set(KEY, { to: YOU, conversation: '<1@example.org>', of });
    const own = page('anna');
    own.say({ kind: 'show', device: 'anna-phone' });
    await own.frame('shown');
    own.say({ kind: 'answer', to: KEY, text: 'Yes', reference: 'a1' });
    const sent = await own.frame('sent');
    const taken = memory.taken[0] ?? assert.fail();
    assert.deepEqual(sent, { kind: 'sent', id: taken.id, reference: 'a1' });
    assert.deepEqual(taken.answers, [true]);
    const { sender, recipients, content, header } = taken.submission;
    assert.equal(sender.account, 'anna');
    assert.deepEqual(sender.address, via('anna-phone'));
    assert.deepEqual(recipients[0]?.to, YOU);
    assert.equal(header.conversation, '<1@example.org>');
    assert.ok(content.kind === 'umf');
    assert.equal(content.umf.conversation?.inReplyTo, '<2@example.org>');
    assert.deepEqual(content.umf.conversation?.references, ['<1@example.org>', '<2@example.org>']);
  });

  it('is refused where the message is not its own or nobody is meant', async (t) => {
    const { page, memory, homes } = await practice(t);
    const recipient = { kind: 'subscriber', account: 'anna', via: via('x') } as const;
    homes.set(KEY, { to: YOU, of: { recipient } });
    const eve = page('eve');
    const told = async (frame: object) => {
      eve.got.length = 0;
      eve.say(frame);
      return String((await eve.frame('refused'))['message']);
    };
    assert.match(await told({ kind: 'answer', to: KEY, text: 'x' }), /No device/);
    eve.say({ kind: 'show', device: 'eve-phone' });
    await eve.frame('shown');
    assert.match(await told({ kind: 'answer', to: KEY, text: 'x' }), /no message of yours/);
    assert.match(await told({ kind: 'send', to: 'nobody', text: 'x' }), /nobody/);
    assert.match(await told({ kind: 'send', to: 'you', text: ' ' }), /characters/);
    const foreign = { kind: 'send', to: 'you', text: 'x', device: 'anna-phone' };
    assert.match(await told(foreign), /No device/);
    memory.refusal = 'the disk is full';
    assert.equal(await told({ kind: 'send', to: 'you', text: 'x' }), 'the disk is full');
    assert.equal(memory.taken.length, 0);
  });
});
