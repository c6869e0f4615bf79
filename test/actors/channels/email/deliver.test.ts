/** The email delivery agent against a real server on loopback: connections, phases, outcomes. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SinkAction, SinkStage } from '../../../../actors/channels/email/peer.js';
import type { FormattedCopy, Outcome } from '../../../../schemas/delivery.js';
import { agent, agentTo, job, MAIL, startSink } from '../../../harness/delivering.js';

const SHORT = { connectMs: 2000, greetingMs: 150, commandMs: 150, dataMs: 150, answerMs: 150 };

/** Does `action` at a stage, as often as `times`. */
function at(stage: SinkStage, action: SinkAction, times = Number.POSITIVE_INFINITY) {
  let left = times;
  return (now: SinkStage): SinkAction => {
    if (now !== stage || left <= 0) return undefined;
    left -= 1;
    return action;
  };
}

const brief = ({ result, status, ...facts }: Outcome) => ({
  result,
  status,
  ambiguous: facts.ambiguous === true,
});

describe('a mail that needs no conversion', () => {
  it('arrives byte for byte below our trace lines, and names us for bounces', async (t) => {
    const sink = await startSink(t);
    let copy: FormattedCopy | undefined;
    const outcome = await agentTo(t, sink).deliver(
      job({
        bytesSent: (written) => {
          copy = written;
          return Promise.resolve(true);
        },
      }),
    );
    const [message] = sink.messages;
    assert.ok(message);
    const below = message.bytes.subarray(message.bytes.length - MAIL.length);
    assert.deepEqual(below, MAIL);
    const head = message.bytes.subarray(0, message.bytes.length - MAIL.length).toString();
    assert.match(head, /^Delivered-To: demo@example\.com\r\nReceived: .*\r\n$/s);
    assert.match(head, /id 0123456789abcdef/);
    assert.deepEqual(copy, { head });
    assert.match(message.from, /^bounce\+[0-9a-z.-]{1,48}@example\.com$/);
    assert.deepEqual(message.to, ['r@example.org']);
    assert.equal(outcome.result, 'accepted');
    assert.equal(outcome.status, '2.0.0');
    assert.equal(outcome.peerReference, 'S1.1');
    assert.equal(outcome.peer, '[127.0.0.1]');
    assert.deepEqual(Object.keys(outcome.stagesMs ?? {}).sort(), [
      'answer',
      'connect',
      'data',
      'mail',
      'record',
    ]);
  });

  it('arrives whole when it is larger than every buffer', async (t) => {
    const sink = await startSink(t);
    const raw = Buffer.concat([MAIL, Buffer.from('.0123456789abcde\r\n'.repeat(300_000))]);
    const outcome = await agentTo(t, sink).deliver(job({ raw }));
    assert.equal(outcome.result, 'accepted');
    const bytes = sink.messages[0]?.bytes ?? Buffer.alloc(0);
    assert.ok(bytes.subarray(bytes.length - raw.length).equals(raw));
  });

  it('keeps the null path of a report, and asks for none', async (t) => {
    const sink = await startSink(t);
    await agentTo(t, sink).deliver(
      job({ message: { sender: { verification: { verified: false, how: 'null path' } } } }),
    );
    assert.equal(sink.messages[0]?.from, '');
    assert.deepEqual(sink.messages[0]?.rcptParameters, ['NOTIFY=NEVER']);
  });
});

describe('law 5: the final dot', () => {
  it('leaves only after bytesSent; until then the peer has everything but the dot', async (t) => {
    const sink = await startSink(t);
    let asked = 0;
    const outcome = await agentTo(t, sink).deliver(
      job({
        bytesSent: async ({ head }) => {
          asked += 1;
          const whole = Buffer.concat([Buffer.from(head), MAIL]);
          const stuffed = Buffer.from(whole.toString().replace(/\r\n\./g, '\r\n..'));
          await sink.until(() => sink.partial()[0]?.length === stuffed.length);
          assert.deepEqual(sink.partial(), [stuffed]);
          assert.equal(sink.count, 0);
          return true;
        },
      }),
    );
    assert.equal(asked, 1);
    assert.equal(outcome.result, 'accepted');
    assert.equal(sink.count, 1);
  });

  it('never leaves if bytesSent says no', async (t) => {
    const sink = await startSink(t);
    const outcome = await agentTo(t, sink).deliver(job({ bytesSent: async () => false }));
    assert.equal(outcome.result, 'postponed');
    await sink.until(() => sink.openSessions === 0);
    assert.equal(sink.count, 0);
    assert.equal(sink.broken.length, 1);
  });

  it('never leaves if bytesSent cannot be stored; the place is free again', async (t) => {
    const sink = await startSink(t);
    const deliverer = agentTo(t, sink, { perDestination: 1 });
    const broken = () => Promise.reject(new Error('the disk is full'));
    await assert.rejects(deliverer.deliver(job({ bytesSent: broken })), /the disk is full/);
    assert.equal((await deliverer.deliver(job())).result, 'accepted');
    assert.equal(sink.count, 1);
  });

  it('is not asked for when the recipient is refused', async (t) => {
    const refuse = at('RCPT', { answer: '550 5.1.1 Nobody here' });
    const sink = await startSink(t, { script: refuse });
    const asked = () => Promise.reject(new Error('asked'));
    const outcome = await agentTo(t, sink).deliver(job({ bytesSent: asked }));
    assert.deepEqual(brief(outcome), { result: 'failed', status: '5.1.1', ambiguous: false });
    assert.equal(outcome.reason, '550 5.1.1 Nobody here');
  });
});

describe('what the peer says becomes the outcome', () => {
  const rows: readonly [string, SinkStage, SinkAction, ReturnType<typeof brief>][] = [
    ['a busy greeting', 'connect', { answer: '421 4.3.2 Later' }, again('4.3.2')],
    ['a greeting of no service', 'connect', { answer: '554 No service' }, again('4.3.2')],
    ['a greeting that hangs up', 'connect', 'hangUp', again('4.4.1')],
    ['hanging up at EHLO', 'EHLO', 'hangUp', again('4.4.1')],
    ['a sender refused for now', 'MAIL', { answer: '451 4.7.1 Greylisted' }, again('4.7.1')],
    ['a sender refused for good', 'MAIL', { answer: '550 5.7.1 Go away' }, never('5.7.1')],
    ['a demand to sign in', 'MAIL', { answer: '530 5.7.0 Sign in' }, again('4.7.0')],
    ['a full mailbox', 'RCPT', { answer: '452 4.2.2 Full' }, again('4.2.2')],
    ['an answer without status', 'RCPT', { answer: '550 Unknown' }, never('5.1.1')],
    ['a status of another class', 'RCPT', { answer: '450 5.1.1 What?' }, again('4.2.0')],
    ['hanging up at RCPT', 'RCPT', 'hangUp', again('4.4.2')],
    ['DATA refused', 'DATA', { answer: '451 4.3.0 Not now' }, again('4.3.0')],
    ['421 at RCPT', 'RCPT', { answer: '421 4.3.2 Bye', afterwards: 'hangUp' }, again('4.3.2')],
    ['a refusal amid the content', 'content', { answer: '552 5.3.4 Too much' }, never('5.3.4')],
    ['success amid the content', 'content', { answer: '250 2.0.0 Ok' }, again('4.4.2')],
    ['hanging up amid the content', 'content', 'hangUp', again('4.4.2')],
    ['the content refused for good', 'dot', { answer: '554 5.6.0 Spam' }, never('5.6.0')],
    ['the content refused for now', 'dot', { answer: '451 4.3.0 Disk' }, again('4.3.0')],
    ['421 after the dot', 'dot', { answer: '421 4.3.2 Bye', afterwards: 'hangUp' }, again('4.3.2')],
    ['hanging up after the dot', 'dot', 'hangUp', { ...again('4.4.2'), ambiguous: true }],
    ['nonsense after the dot', 'dot', { answer: 'Yes!' }, { ...again('4.4.2'), ambiguous: true }],
  ];
  for (const [name, stage, action, expected] of rows) {
    it(`${name}: ${expected.result} ${expected.status}`, async (t) => {
      const sink = await startSink(t, { script: at(stage, action) });
      // What happens amid the content is over before the dot may leave.
      const never = { bytesSent: () => new Promise<boolean>(() => undefined) };
      const outcome = await agentTo(t, sink).deliver(job(stage === 'content' ? never : {}));
      assert.deepEqual(brief(outcome), expected, outcome.reason);
    });
  }

  it('a connection with half a content on it is not used again', async (t) => {
    const script = at('content', { answer: '552 5.3.4 Too much' }, 1);
    const sink = await startSink(t, { script });
    const deliverer = agentTo(t, sink);
    const never = () => new Promise<boolean>(() => undefined);
    assert.equal((await deliverer.deliver(job({ bytesSent: never }))).result, 'failed');
    assert.equal((await deliverer.deliver(job())).result, 'accepted');
    assert.equal(sink.connections, 2);
    assert.equal(sink.count, 1);
  });

  for (const stage of ['connect', 'EHLO', 'MAIL', 'RCPT', 'DATA', 'dot'] as const) {
    it(`silence at ${stage} ends by its time limit`, async (t) => {
      const sink = await startSink(t, { script: at(stage, 'stall') });
      const outcome = await agentTo(t, sink, { timeouts: SHORT }).deliver(job());
      assert.equal(outcome.result, 'retry');
      assert.equal(outcome.ambiguous === true, stage === 'dot');
      await sink.until(() => sink.openSessions === 0);
    });
  }

  it('a server that does not listen: again', async (t) => {
    const sink = await startSink(t);
    const { port } = sink;
    await sink.stop();
    const outcome = await agentTo(t, { port }).deliver(job());
    assert.deepEqual(brief(outcome), again('4.4.1'));
    assert.match(outcome.reason, /ECONNREFUSED/);
  });

  it('an announced limit smaller than the mail: for good, nothing is sent', async (t) => {
    const sink = await startSink(t, { extensions: ['SIZE 100'] });
    assert.deepEqual(brief(await agentTo(t, sink).deliver(job())), never('5.3.4'));
    assert.deepEqual(
      sink.commands.filter((line) => /MAIL|DATA/.test(line)),
      [],
    );
  });

  function again(status: string) {
    return { result: 'retry' as const, status, ambiguous: false };
  }
  function never(status: string) {
    return { result: 'failed' as const, status, ambiguous: false };
  }
});

describe('what the peer must be able to do', () => {
  const eightBit = Buffer.from('Subject: Hello\r\n\r\nGrüße\r\n');
  const utf8Head = Buffer.from('Subject: Grüße\r\n\r\nHello\r\n');

  it('8-bit content is announced, or fails with 5.6.3 where it cannot go', async (t) => {
    const able = await startSink(t);
    assert.equal((await agentTo(t, able).deliver(job({ raw: eightBit }))).result, 'accepted');
    assert.match(able.messages[0]?.mailParameters ?? '', /BODY=8BITMIME/);
    assert.doesNotMatch(able.messages[0]?.mailParameters ?? '', /SMTPUTF8/);
    const unable = await startSink(t, { extensions: ['PIPELINING'] });
    const outcome = await agentTo(t, unable).deliver(job({ raw: eightBit }));
    assert.equal(outcome.status, '5.6.3');
    assert.equal(outcome.result, 'failed');
  });

  it('fields in UTF-8 need SMTPUTF8, or fail with 5.6.7', async (t) => {
    const able = await startSink(t);
    const both = agentTo(t, able);
    assert.equal((await both.deliver(job({ raw: utf8Head }))).result, 'accepted');
    assert.equal((await both.deliver(job())).result, 'accepted');
    assert.match(able.messages[0]?.mailParameters ?? '', /SMTPUTF8/);
    assert.doesNotMatch(able.messages[1]?.mailParameters ?? '', /SMTPUTF8/);
    const unable = await startSink(t, { extensions: ['8BITMIME'] });
    const to = agentTo(t, unable);
    assert.equal((await to.deliver(job({ raw: utf8Head }))).status, '5.6.7');
    assert.equal((await to.deliver(job({ to: 'jürgen@example.org' }))).status, '5.6.7');
    assert.equal((await to.deliver(job())).result, 'accepted', 'the connection is still good');
  });

  it('DSN: reports are asked for where they are offered', async (t) => {
    const sink = await startSink(t);
    await agentTo(t, sink).deliver(job({ success: 'delivered', to: 'a+b@example.org' }));
    const [message] = sink.messages;
    assert.match(message?.mailParameters ?? '', /RET=HDRS ENVID=msg\/0123456789abcdef\.0/);
    assert.equal(
      message?.rcptParameters[0],
      'NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;a+2Bb@example.org',
    );
    const plain = await startSink(t, { extensions: [] });
    await agentTo(t, plain).deliver(job());
    assert.equal(plain.messages[0]?.mailParameters, '');
    assert.deepEqual(plain.messages[0]?.rcptParameters, ['']);
  });
});

describe('an address that is none', () => {
  for (const to of ['', 'a', 'a@', 'a@b\r\nRCPT TO:<c@d>', '<a@b>', 'a@b> NOTIFY=NEVER']) {
    it(`${JSON.stringify(to)} fails and no connection is made`, async (t) => {
      const sink = await startSink(t);
      const outcome = await agentTo(t, sink).deliver(job({ to }));
      assert.equal(outcome.result, 'failed');
      assert.equal(outcome.status, '5.1.3');
      assert.equal(sink.connections, 0);
    });
  }
});

describe('the agent as a whole', () => {
  it('does not send a mail to the very address that it came to', async (t) => {
    const sink = await startSink(t);
    const outcome = await agentTo(t, sink).deliver(job({ to: 'Demo@example.com' }));
    assert.deepEqual([outcome.result, outcome.status], ['failed', '5.4.6']);
    assert.equal(sink.connections, 0);
  });

  it('stops: idle connections are left politely', async (t) => {
    const sink = await startSink(t);
    const deliverer = agent(t, { smartHost: `127.0.0.1:${sink.port}` });
    await deliverer.deliver(job());
    assert.equal(sink.openSessions, 1);
    await deliverer.stop();
    await sink.until(() => sink.openSessions === 0);
    assert.ok(sink.commands.includes('1 QUIT'));
    assert.equal((await deliverer.deliver(job())).result, 'postponed');
  });
});
