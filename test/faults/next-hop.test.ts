/**
 * A next hop that stalls, lies or hangs up, at every stage: the mail is tried again and arrives, a
 * copy too many is told of, and nobody takes a lie for a success.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MailSink, type SinkAction, type SinkStage } from '../../actors/channels/email/peer.js';
import { type Arrival, assertBalanced, readDocuments, tokenOf } from '../harness/ledger.js';
import { aSwitch, DOMAIN } from './a-switch.js';

interface Fault {
  readonly stage: SinkStage;
  readonly action: SinkAction;
  /** It has the mail although it did not say so. */
  readonly took?: true;
  /** It does not matter what is said here, the mail goes on. */
  readonly harmless?: true;
}

const STAGES: readonly SinkStage[] = ['connect', 'EHLO', 'MAIL', 'RCPT', 'DATA', 'content', 'dot'];
const LIES: readonly Fault[] = [
  { stage: 'connect', action: { answer: '250 2.0.0 Ok: queued as 0' } },
  { stage: 'connect', action: { answer: '554 5.7.1 Not you' } },
  { stage: 'EHLO', action: { answer: '354 Go on' }, harmless: true },
  { stage: 'EHLO', action: { answer: '502 5.5.1 What?' }, harmless: true },
  { stage: 'MAIL', action: { answer: '421 4.3.2 Closing', afterwards: 'hangUp' } },
  { stage: 'MAIL', action: { answer: 'hello?', afterwards: 'hangUp' } },
  { stage: 'RCPT', action: { answer: '999 What', afterwards: 'hangUp' } },
  { stage: 'DATA', action: { answer: '451 4.3.0 Not now' } },
  { stage: 'content', action: { answer: '250 2.0.0 Ok: queued as 0' } },
  { stage: 'dot', action: { answer: '451 4.3.0 Not now' } },
  { stage: 'dot', action: { answer: '199 Well' } },
  { stage: 'dot', action: { answer: 'thanks', afterwards: 'hangUp' } },
  { stage: 'dot', action: { answer: '25', afterwards: 'hangUp' }, took: true },
];
const FAULTS: readonly Fault[] = [
  ...STAGES.map((stage) => ({ stage, action: 'stall' }) as const),
  ...STAGES.map((stage) => ({ stage, action: 'hangUp' }) as const),
  ...LIES,
];
const WITHIN = '300ms';

function words({ stage, action }: Fault): string {
  return `${stage}: ${typeof action === 'object' ? action.answer : action}`;
}

test('a next hop may stall, lie or hang up: mail arrives, duplicates are told of', async (t) => {
  let fault: Fault | undefined;
  const script = (stage: SinkStage): SinkAction => {
    if (fault?.stage !== stage) return undefined;
    const { action } = fault;
    fault = undefined;
    return action;
  };
  const sink = await MailSink.start({ script });
  const on = await aSwitch(t, {
    settings: {
      'email.smartHost': `127.0.0.1:${sink.port}`,
      'email.deliver.messagesPerConnection': '1',
      'policy.email.retryMs': '5ms',
      'policy.email.trials': '9',
      ...Object.fromEntries(
        ['connect', 'greeting', 'command', 'data', 'answer'].map((what) => [
          `email.deliver.timeouts.${what}Ms`,
          WITHIN,
        ]),
      ),
    },
  });
  t.after(() => sink.stop());
  const phone = { channel: 'email', value: 'anna@phones.example' };
  await on.subscriber('anna', phone);
  const submitted = [];
  for (const [index, next] of FAULTS.entries()) {
    fault = next;
    const token = `${index}@faults`;
    const answer = await on.mail('anna', token);
    assert.match(answer, /^250 /, words(next));
    submitted.push({ token, recipients: [`anna@${DOMAIN}`], id: answer.trim().slice(-16) });
    const { state, context } = await on.ended(answer);
    const [delivery] = context.deliveries;
    assert.equal(fault, undefined, `${words(next)} was struck`);
    assert.equal(state, 'confirmed', words(next));
    assert.equal(delivery?.trials, next.harmless ? 1 : 2, words(next));
    // While content flows the fault and our dot may cross each other: both are right.
    const isDoubtful =
      next.stage === 'dot' && !/^[45]\d\d /.test(words(next).slice('dot: '.length));
    const isMarked = delivery?.possibleDuplicate === true;
    if (next.stage !== 'content') assert.equal(isMarked, isDoubtful, words(next));
    const copies = sink.messages.filter(({ bytes }) => tokenOf(bytes) === token).length;
    assert.equal(copies, next.took ? 2 : 1, words(next));
  }
  const arrivals: Arrival[] = sink.messages.flatMap(({ bytes, to }) =>
    to.map((address) => ({ token: tokenOf(bytes), address })),
  );
  const documents = await readDocuments(on.store);
  const balance = assertBalanced({ submitted, arrivals, documents, channel: 'email' });
  assert.equal(balance.confirmed, FAULTS.length);
  t.diagnostic(`${FAULTS.length} ways to misbehave, ${balance.duplicates} recorded duplicates`);
});
