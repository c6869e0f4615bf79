/** The loopback channel: devices inside the process that do what their script says. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DeliveryJob } from '../../../../actors/channel.js';
import { writeWire } from '../../../../actors/channels/loopback/codec.js';
import {
  type Behaviour,
  createLoopback,
  type LoopbackChannel,
} from '../../../../actors/channels/loopback/index.js';

import type { Accepted, ReceiveContext } from '../../../../actors/machinery.js';
import { createTokens } from '../../../../runtime/tokens.js';
import type { Submission } from '../../../../schemas/submission.js';
import type { Umf } from '../../../../schemas/umf.js';
import { type ManualClock, manualClock } from '../../../harness/manual-clock.js';
import { makeInput, POLICY } from '../../../harness/messages.js';
import { account } from '../../../harness/receive-context.js';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const UMF: Umf = {
  uid: 'u',
  to: [],
  subject: 'Hello',
  body: { mediaType: 'text/plain', text: 'Anybody there?' },
  priority: 'normal',
  securityLevel: 'normal',
};
const config = { answerMs: 1000 };

function job(device: string, bytesSent = () => Promise.resolve(true)): DeliveryJob {
  const address = { channel: 'wap', value: device };
  return {
    message: makeInput(),
    delivery: {
      id: 0,
      step: 0,
      address,
      policy: POLICY,
      phase: 'ready',
      trials: 0,
      dueAt: 0,
      expiresAt: 1,
    },
    attempt: '0.1',
    possibleDuplicate: false,
    raw: () => Promise.resolve(undefined),
    umf: () => Promise.resolve(UMF),
    written: () => writeWire(UMF),
    bytesSent,
  };
}

const secret = (_name: string, bytes: number) => Promise.resolve(new Uint8Array(bytes));

function delivererOf(channel: LoopbackChannel, clock: ManualClock) {
  const tokens = createTokens(Buffer.from('secret'), clock);
  const deliverer = channel.deliver?.({ config, clock, log: quiet, tokens, secret });
  return deliverer ?? assert.fail('it delivers');
}

describe('a device', () => {
  const rows: readonly [Behaviour, string, number][] = [
    ['confirm', 'confirmed 2.0.0', 1],
    ['accept', 'accepted 2.0.0', 1],
    ['permanent', 'failed 5.0.0', 0],
    ['offline', 'retry 4.4.1', 0],
    [{ temporary: 1 }, 'retry 4.2.0', 0],
  ];
  for (const [behaviour, expected, received] of rows) {
    it(`told ${JSON.stringify(behaviour)} does it: ${expected}`, async () => {
      const channel = createLoopback('wap');
      channel.peer.script('pager', behaviour);
      const outcome = await delivererOf(channel, manualClock()).deliver(job('pager'));
      assert.equal(`${outcome.result} ${outcome.status}`, expected);
      assert.equal(channel.peer.of('pager').length, received);
    });
  }

  it('that is busy twice takes the third', async () => {
    const channel = createLoopback('wap');
    channel.peer.script('pager', { temporary: 2 });
    const deliverer = delivererOf(channel, manualClock());
    const results: string[] = [];
    for (let n = 0; n < 3; n += 1) results.push((await deliverer.deliver(job('pager'))).result);
    assert.deepEqual(results, ['retry', 'retry', 'confirmed']);
  });

  it('that is silent leaves the attempt ambiguous after its time', async () => {
    const clock = manualClock();
    const channel = createLoopback('wap');
    channel.peer.script('pager', 'silence');
    const running = delivererOf(channel, clock).deliver(job('pager'));
    await channel.peer.until(() => channel.peer.received.length === 1);
    await Promise.resolve();
    clock.advance(config.answerMs);
    const outcome = await running;
    assert.equal(outcome.result, 'retry');
    assert.equal(outcome.ambiguous, true);
  });

  it('gets nothing when bytesSent says no', async () => {
    const channel = createLoopback('wap');
    const no = () => Promise.resolve(false);
    const outcome = await delivererOf(channel, manualClock()).deliver(job('pager', no));
    assert.equal(outcome.result, 'postponed');
    assert.deepEqual(channel.peer.received, []);
  });

  it('gets the whole message, and its wire gives the same again', async () => {
    const channel = createLoopback('wap');
    await delivererOf(channel, manualClock()).deliver(job('pager'));
    const [received] = channel.peer.of('pager');
    assert.ok(received);
    assert.deepEqual(await channel.read(received.bytes, 'u'), UMF);
  });

  it('sends: a subscriber is found, the answer names the submission, twice is once', async () => {
    const channel = createLoopback('wap');
    const taken: Submission[] = [];
    const proceeded: boolean[] = [];
    const context = receiveContext(taken, proceeded);
    const receiver = await channel.receive?.(context);
    const { subject, body, priority, securityLevel } = UMF;
    const umf = { ...(subject !== undefined && { subject }), body, priority, securityLevel };
    const sending = { from: 'phone', to: ['anna'], umf, reference: 'r1' };
    assert.deepEqual(await channel.peer.send(sending), { ok: true, id: 'id', again: false });
    assert.deepEqual(proceeded, [true]);
    const [submission] = taken;
    assert.equal(submission?.recipients[0]?.to.kind, 'subscriber');
    assert.equal(submission?.header.subject, 'Hello');
    await channel.peer.send(sending);
    assert.equal(taken[1]?.unique?.hash, submission?.unique?.hash);
    const nobody = await channel.peer.send({ ...sending, to: ['nobody'] });
    assert.ok(!nobody.ok && !nobody.temporary);
    await receiver?.stop();
    const stopped = await channel.peer.send(sending);
    assert.ok(!stopped.ok && stopped.temporary);
  });
});

it('bytes that are no UMF are kept as they are', async () => {
  const bytes = Buffer.from('<nonsense');
  const umf = await createLoopback('wap').read(bytes, 'u');
  assert.deepEqual(umf.body, { mediaType: 'application/octet-stream', bytes });
});

function receiveContext(
  taken: Submission[],
  proceeded: boolean[],
): ReceiveContext<{ answerMs: number }> {
  const clock = manualClock();
  const never = () => Promise.reject(new Error('not asked'));
  return {
    config,
    clock,
    log: quiet,
    tokens: createTokens(Buffer.from('secret'), clock),
    authenticator: { signIn: never },
    operators: never,
    directory: {
      find: ({ value }) =>
        Promise.resolve(
          value === 'anna'
            ? { kind: 'subscriber', account: account('anna', []) }
            : { kind: 'nobody' },
        ),
      account: never,
    },
    accept(submission): Promise<Accepted> {
      taken.push(submission);
      const proceed = ({ answered }: { answered: boolean }) => {
        proceeded.push(answered);
      };
      return Promise.resolve({ ok: true, id: 'id', again: false, proceed });
    },
    putContent: never,
    observe: never,
    refusing: () => undefined,
    recipient: never,
    home: never,
    door: undefined,
    secret,
  };
}
