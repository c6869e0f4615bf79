/** Reports to senders and notices to operators: to whom, what they say, never a loop. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deadNotice } from '../../../actors/message-tracker/dead-messages.js';
import {
  LOOK_FIRST_MS,
  LOOK_MAX_MS,
  LOOKS_MAX,
  lookAfterMs,
  recover,
} from '../../../actors/message-tracker/recovery-agent.js';
import { reportSubmission } from '../../../actors/message-tracker/reports.js';
import type { Recipient } from '../../../schemas/address.js';
import { IDENTIFIER_PATTERN, timeOfIdentifier } from '../../../schemas/identifier.js';
import type { MessageDocument, MessageInput } from '../../../schemas/message.js';
import type { Submission } from '../../../schemas/submission.js';
import { aDelivery, aMessage, anEntry, KEY, START } from './a-message.js';

const OUTSIDE: Recipient = { kind: 'outside', via: { channel: 'pager', value: 'x@else.example' } };
const OPERATORS: readonly Recipient[] = [
  { kind: 'subscriber', account: 'op', via: { channel: 'pager', value: 'op' } },
];
const FAILED = aDelivery({
  phase: 'failed',
  trials: 5,
  last: { at: START + 60_000, status: '5.1.1', reason: '550 <0012345> unknown\r\nhere' },
});

function failed(
  given: { input?: Partial<MessageInput>; recipient?: Recipient; state?: string } = {},
): MessageDocument {
  const base = aMessage({});
  const recipient = given.recipient ?? base.context.recipient;
  return aMessage({
    state: given.state ?? 'failed.dead',
    input: { ...base.input, recipient, ...given.input },
    context: { deliveries: [FAILED], recipient, because: 'every way has failed' },
    history: [
      anEntry(
        {
          type: 'OUTCOME',
          at: START,
          id: 'o1',
          delivery: 0,
          attempt: '0.5',
          outcome: { result: 'failed', status: '5.1.1', reason: 'no', peer: 'mx.else.example' },
        },
        'failed.dead',
        1,
      ),
    ],
  });
}

function submissionOf(document: MessageDocument, action: 'failed' | 'delivered' = 'failed') {
  const made = reportSubmission(document, { action, id: `report.0.${action}` });
  assert.ok('submission' in made, 'told' in made ? made.told : '');
  return made.submission;
}

function toldOf(document: MessageDocument): string {
  const made = reportSubmission(document, { action: 'failed', id: 'report.0.failed' });
  return 'told' in made ? made.told : 'reported';
}

function textOf(submission: Submission): string {
  return submission.content.kind === 'umf' ? (submission.content.umf.body.text ?? '') : '';
}

function factsOf(submission: Submission) {
  assert.ok(submission.content.kind === 'umf');
  return submission.content.umf.report?.recipients[0];
}

describe('a report', () => {
  it('goes to the sender with a null path, marked automatic, asking for no report itself', () => {
    const submission = submissionOf(failed());
    const via = { channel: 'pager', value: 'ops@example.org' };
    const report = { success: false, failure: false, delay: false };
    assert.deepEqual(submission.recipients, [{ to: { kind: 'outside', via }, report }]);
    assert.equal(submission.sender.address, undefined);
    assert.equal(submission.header.automatic, true);
    assert.equal(submission.header.subject, 'Not delivered: Server room 31 °C');
  });

  it('has an identifier that follows from the message and the outbox entry', () => {
    const { id = '' } = submissionOf(failed());
    assert.match(id, IDENTIFIER_PATTERN);
    assert.equal(timeOfIdentifier(id), timeOfIdentifier(KEY.slice(4, 20)));
    assert.equal(submissionOf(failed()).id, id);
    const other = reportSubmission(failed(), { action: 'failed', id: 'report.1.failed' });
    assert.ok('submission' in other);
    assert.notEqual(other.submission.id, id);
  });

  it('tells the facts about somebody outside, with who said so', () => {
    assert.deepEqual(factsOf(submissionOf(failed({ recipient: OUTSIDE }))), {
      address: { channel: 'pager', address: 'x@else.example' },
      action: 'failed',
      status: '5.1.1',
      diagnostic: '550 <0012345> unknown here',
      remote: 'mx.else.example',
    });
  });

  it('never tells a subscriber’s own endpoints or next hops', () => {
    const submission = submissionOf(failed());
    const facts = factsOf(submission);
    assert.equal(facts?.address.address, 'demo');
    assert.equal(facts?.remote, undefined);
    assert.equal(facts?.diagnostic, '550 <(an address of the recipient)> unknown here');
    assert.doesNotMatch(JSON.stringify(submission), /0012345|mx\.else/);
  });

  it('says in plain words what happened to what, where and when', () => {
    const text = textOf(submissionOf(failed({ recipient: OUTSIDE })));
    assert.match(text, /^Your message to x@else\.example could not be delivered\./);
    assert.match(text, /Subject: {2}Server room 31 °C/);
    assert.match(
      text,
      /2023-11-14 22:14:20 UTC {2}pager, 0012345: failed after 5 tries: 5\.1\.1 550/,
    );
    assert.match(text, /Our id: {3}m3k9x7q2w4t8h5b1\.0/);
  });

  it('carries the sender’s envelope id, original recipient and conversation', () => {
    const report = { success: false, failure: true, delay: false };
    const submission = submissionOf(
      failed({
        input: {
          report: { ...report, envelopeId: 'QQ314159', originalRecipient: 'rfc822;d@e.example' },
          header: { priority: 'normal', size: 1, reference: '<1@example.org>' },
        },
      }),
    );
    assert.ok(submission.content.kind === 'umf');
    const { umf } = submission.content;
    assert.equal(umf.report?.originalEnvelopeId, 'QQ314159');
    assert.equal(umf.report?.recipients[0]?.originalRecipient, 'rfc822;d@e.example');
    assert.equal(umf.conversation?.inReplyTo, '<1@example.org>');
    assert.equal(submission.header.subject, 'Not delivered: (no subject)');
  });

  it('of an expired message says so, whatever the last try said', () => {
    assert.equal(factsOf(submissionOf(failed({ state: 'failed.expired' })))?.status, '4.4.7');
  });

  it('of success says kept where nothing but the archive has it', () => {
    const base = failed({ input: { report: { success: true, failure: true, delay: false } } });
    const delivered = (level: 'kept' | 'delivered') => {
      const deliveries = [aDelivery({ phase: 'confirmed', level, trials: 1 })];
      return textOf(
        submissionOf(
          { ...base, state: 'confirmed', context: { ...base.context, deliveries } },
          'delivered',
        ),
      );
    };
    assert.match(delivered('kept'), /^Your message to demo is kept for the recipient/);
    assert.match(delivered('delivered'), /^Your message to demo arrived\./);
  });

  it('lets no line of a subject or reason become a header of its own', () => {
    const header = { subject: 'a\r\nBcc: x@y.example', priority: 'normal', size: 1 } as const;
    const submission = submissionOf(failed({ input: { header } }));
    assert.equal(submission.header.subject, 'Not delivered: a Bcc: x@y.example');
    assert.doesNotMatch(factsOf(submission)?.diagnostic ?? '\n', /[\r\n]/);
  });
});

describe('a sender is not told, and why is said,', () => {
  const verification = { verified: false, how: 'SPF fail' };
  const address = { channel: 'pager', value: 'ops@example.org' };
  const header = { priority: 'normal', size: 1, automatic: true } as const;
  const report = { success: false, failure: false, delay: false };
  const cases = [
    { when: 'of a null path', input: { sender: { verification } }, why: /reverse path is null/ },
    { when: 'if not verified', input: { sender: { address, verification } }, why: /SPF fail/ },
    { when: 'if a program answered', input: { header }, why: /automatically \(RFC 3834\)/ },
    { when: 'if it asked not to be', input: { report }, why: /asked for no such report/ },
  ] as const;
  for (const { when, input, why } of cases) {
    it(when, () => assert.match(toldOf(failed({ input })), why));
  }

  it('which a report on a report never is', () => {
    const { sender, header: own, origin } = submissionOf(failed());
    const input = { sender, header: own, origin, report: { ...report, failure: true } };
    assert.match(toldOf(failed({ input })), /^not told/);
  });
});

describe('a dead message', () => {
  const notice = (document: MessageDocument, operators = OPERATORS) =>
    deadNotice(document, { id: 'dead.0', operators });

  it('is told to the operators: envelope, what was tried, what to do; never the body', () => {
    const made = notice(failed());
    assert.ok(made);
    assert.deepEqual(
      made.recipients.map(({ to }) => to),
      OPERATORS,
    );
    const text = textOf(made);
    assert.match(text, /From: {5}ops@example\.org \(DKIM ok\)/);
    assert.match(text, /pager 0012345 \(mobile\): failed, trials 5: .* 5\.1\.1/);
    assert.match(text, /patchboard dead show m3k9x7q2w4t8h5b1\.0/);
  });

  it('is one notice, however often it is made', () => {
    assert.equal(notice(failed())?.id, notice(failed())?.id);
  });

  it('that is a notice itself makes no other, but a dead report does', () => {
    const own = notice(failed());
    const report = submissionOf(failed());
    assert.ok(own);
    const died = ({ sender, header, origin }: Submission) =>
      notice(failed({ input: { sender, header, origin } }));
    assert.equal(died(own), undefined);
    assert.ok(died(report));
  });

  it('that only says it is a notice is told all the same', () => {
    const header = { ...notice(failed())?.header, priority: 'normal', size: 1 } as const;
    const verification = { verified: true, how: 'DKIM ok' };
    assert.ok(notice(failed({ input: { header, sender: { verification } } })));
  });

  it('makes no notice where there is no operator', () => {
    assert.equal(notice(failed(), []), undefined);
  });
});

describe('recovery', () => {
  it('looks after 60 s, then ever later up to an hour', () => {
    assert.equal(lookAfterMs(0), LOOK_FIRST_MS);
    assert.equal(lookAfterMs(1), 2 * LOOK_FIRST_MS);
    assert.equal(lookAfterMs(6), LOOK_MAX_MS);
    assert.equal(lookAfterMs(1e9), LOOK_MAX_MS);
    assert.deepEqual(recover({ looks: 2 }, START), {
      kind: 'lookAgain',
      lookAt: START + 4 * LOOK_FIRST_MS,
    });
  });

  it('gives up on what was looked at too often and never moved', () => {
    assert.equal(recover({ looks: LOOKS_MAX - 1 }, START).kind, 'lookAgain');
    assert.deepEqual(recover({ looks: LOOKS_MAX }, START), {
      kind: 'stuck',
      event: { type: 'STUCK', looks: LOOKS_MAX, at: START },
    });
  });

  it('does not take a place in a long queue for being stuck', () => {
    const [delivery] = failed().context.deliveries;
    assert.ok(delivery);
    const waits = { ...delivery, phase: 'ready', dueAt: START, expiresAt: START + 1 } as const;
    const message = { looks: LOOKS_MAX, context: { deliveries: [waits] } };
    assert.equal(recover(message, START).kind, 'lookAgain');
    assert.equal(recover(message, START + 1).kind, 'stuck');
  });
});
