/** The message machine, event by event: what each state takes, and what it does with it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { begin, type Standing, transit } from '../../../runtime/kernel/logic.js';
import type { MessageEvent, MessageInput } from '../../../schemas/message.js';
import { makeInput, makePlan, outcome, sending, toDispatched } from '../../harness/messages.js';

function walked(events: readonly MessageEvent[], input: MessageInput = makeInput()): Standing {
  let standing = begin(input);
  for (const event of events) {
    const next = transit(standing, event);
    assert.ok(next, `${standing.state} does not take ${JSON.stringify(event)}`);
    standing = next;
  }
  return standing;
}

const phases = (standing: Standing) => standing.context.deliveries.map(({ phase }) => phase);

test('one delivery that the peer accepts confirms the message', () => {
  const end = walked([
    ...toDispatched(makePlan([['a']])),
    sending('0.1.x'),
    outcome('0.1.x', 'accepted'),
  ]);
  assert.equal(end.state, 'confirmed');
  assert.deepEqual(phases(end), ['confirmed']);
  assert.equal(end.context.dueAt, null);
});

test('temporary failures are tried again until the trials are used up, then the next step', () => {
  const plan = makePlan([['a'], ['b']]);
  const retrying = walked([...toDispatched(plan), sending('0.1.x'), outcome('0.1.x', 'retry', 5)]);
  assert.equal(retrying.state, 'dispatched.retrying');
  assert.equal(retrying.context.dueAt, 1005);
  const next = walked([
    ...toDispatched(plan),
    sending('0.1.x'),
    outcome('0.1.x', 'retry', 5),
    sending('0.2.x', 1005),
    outcome('0.2.x', 'retry', 1006),
  ]);
  assert.equal(next.state, 'dispatched.partlyFailed');
  assert.deepEqual(phases(next), ['failed', 'ready']);
});

test('when all ways have failed the message is dead, and the eleventh attempt is not taken', () => {
  const plan = makePlan([['a'], ['b']], { policy: { trials: 1 } });
  const dead = walked([
    ...toDispatched(plan),
    sending('0.1.x'),
    outcome('0.1.x', 'retry'),
    sending('1.1.x'),
    outcome('1.1.x', 'retry'),
  ]);
  assert.equal(dead.state, 'failed.dead');
  assert.equal(transit(dead, sending('1.2.x')), undefined);
});

test('a failure to somebody outside is returned to a sender who can be told', () => {
  const recipient = { kind: 'outside', via: { channel: 'loopback', value: 'o' } } as const;
  const plan = makePlan([['o']]);
  const events = [...toDispatched(plan), sending('0.1.x'), outcome('0.1.x', 'failed')];
  assert.equal(walked(events, makeInput({ recipient })).state, 'failed.returned');
  const verification = { verified: false, how: 'SPF fail' };
  const forged = makeInput({ recipient, sender: { ...makeInput().sender, verification } });
  assert.equal(walked(events, forged).state, 'failed.dead');
});

test('an attempt without an answer is a possible duplicate, tried again under the policy', () => {
  const lost: MessageEvent = {
    type: 'ATTEMPT_LOST',
    at: 9,
    id: 'l',
    delivery: 0,
    attempt: '0.1.x',
  };
  const again = walked([...toDispatched(makePlan([['a']])), sending('0.1.x'), lost]);
  assert.equal(again.state, 'dispatched.retrying');
  assert.equal(again.context.deliveries[0]?.possibleDuplicate, true);
  const hold = makePlan([['a']], { policy: { onAmbiguous: 'hold' } });
  const held = walked([...toDispatched(hold), sending('0.1.x'), lost]);
  assert.equal(held.state, 'failed.dead');
});

test('the outcome of another worker for an attempt that is not recorded changes nothing', () => {
  const during = walked([...toDispatched(makePlan([['a']])), sending('0.1.x')]);
  assert.equal(transit(during, outcome('0.1.y', 'retry')), undefined);
  assert.equal(transit(during, sending('0.1.y')), undefined);
});

test('a postponement costs no trial', () => {
  const at = walked([...toDispatched(makePlan([['a']])), outcome('0.1.x', 'postponed', 10)]);
  assert.equal(at.context.deliveries[0]?.trials, 0);
  assert.equal(at.context.dueAt, 510);
});

test('the next step starts after its waiting time although the first may still succeed', () => {
  const plan = makePlan([['a'], ['b']], { waitMs: 300, policy: { success: 'delivered' } });
  const waiting = walked([
    ...toDispatched(plan),
    sending('0.1.x'),
    outcome('0.1.x', 'accepted', 5),
  ]);
  assert.equal(waiting.context.dueAt, 300);
  assert.equal(transit(waiting, { type: 'DUE', at: 299 }), undefined);
  const both = transit(waiting, { type: 'DUE', at: 300 });
  assert.deepEqual(both && phases(both), ['accepted', 'ready']);
});

test('the next step is due no more once a twin has confirmed', () => {
  const plan = makePlan([['a', 'b'], ['c']], { waitMs: 300, policy: { success: 'delivered' } });
  const waiting = walked([
    ...toDispatched(plan),
    sending('0.1.x'),
    sending('1.1.x'),
    outcome('0.1.x', 'confirmed', 5),
    outcome('1.1.x', 'accepted', 5),
    { type: 'DUE', at: 300 },
  ]);
  assert.deepEqual(phases(waiting), ['confirmed', 'accepted']);
  assert.equal(waiting.context.dueAt, 5005);
  assert.equal(transit(waiting, { type: 'DUE', at: 301 }), undefined);
});

test('what is confirmed on one way does not expire while another is open', () => {
  const input = makeInput({ header: { priority: 'normal', size: 1, expiry: 100 } });
  const plan = makePlan([['a', 'b']], { confirms: 'all' });
  const events = [...toDispatched(plan), sending('0.1.x'), outcome('0.1.x', 'accepted', 5)];
  const waiting = walked([...events, sending('1.1.x', 5), outcome('1.1.x', 'retry', 5)], input);
  assert.equal(waiting.context.dueAt, 1005);
  assert.equal(transit(waiting, { type: 'DUE', at: 100 }), undefined);
});

test('a late failure confirms nothing, whatever an earlier round had confirmed', () => {
  const refused = walked([
    ...toDispatched(makePlan([['a']])),
    sending('0.1.x'),
    outcome('0.1.x', 'accepted'),
    { type: 'RESEND', at: 1, id: 'again', by: 'operator' },
    {
      type: 'ROUTED',
      at: 1,
      decision: { kind: 'refuse', status: '5.1.6', because: 'gone', reasons: [] },
    },
  ]);
  assert.equal(refused.state, 'failed.refused');
  assert.equal(transit(refused, outcome('0.1.x', 'failed', 2)), undefined);
});

test('a receipt that is due and missing is unconfirmed: another way', () => {
  const plan = makePlan([['a'], ['b']], { policy: { success: 'delivered' } });
  const waiting = walked([
    ...toDispatched(plan),
    sending('0.1.x'),
    outcome('0.1.x', 'accepted', 5),
  ]);
  const next = transit(waiting, { type: 'DUE', at: 5005 });
  assert.deepEqual(next && phases(next), ['failed', 'ready']);
  assert.match(next?.context.deliveries[0]?.last?.reason ?? '', /unconfirmed/);
});

test('two endpoints at once get a copy each, and a confirmed one is never routed again', () => {
  const start = [...toDispatched(makePlan([['a', 'b']]))];
  const one = walked([...start, sending('0.1.x'), outcome('0.1.x', 'confirmed')]);
  assert.equal(one.state, 'dispatched.waiting');
  const both = walked([
    ...start,
    sending('0.1.x'),
    outcome('0.1.x', 'confirmed'),
    sending('1.1.x'),
    outcome('1.1.x', 'failed'),
  ]);
  assert.equal(both.state, 'confirmed');
  assert.deepEqual(phases(both), ['confirmed', 'failed']);
});

test('a late bounce brings a confirmed message back to its next way', () => {
  const plan = makePlan([['a'], ['b']]);
  const end = walked([
    ...toDispatched(plan),
    sending('0.1.x'),
    outcome('0.1.x', 'accepted'),
    outcome('', 'failed', 50, 0),
  ]);
  assert.equal(end.state, 'dispatched.partlyFailed');
  assert.deepEqual(phases(end), ['failed', 'ready']);
});

test('what has been read stays so: a late bounce sends it nowhere again', () => {
  const read: MessageEvent = {
    type: 'OUTCOME',
    at: 40,
    id: 'read.ada',
    delivery: 0,
    attempt: '',
    outcome: { result: 'confirmed', level: 'read', status: '2.0.0', reason: 'read on the page' },
  };
  const sent = [...toDispatched(makePlan([['a'], ['b']])), sending('0.1.x')];
  const end = walked([...sent, outcome('0.1.x', 'accepted'), read]);
  assert.equal(end.state, 'confirmed');
  assert.equal(transit(end, outcome('', 'failed', 50, 0)), undefined);
  const early = walked([...sent, read]);
  assert.equal(early.state, 'confirmed');
  assert.equal(transit(early, outcome('0.1.x', 'failed', 50)), undefined);
});

test('a late receipt confirms a message that had failed; the same one twice is taken once', () => {
  const failed = walked([
    ...toDispatched(makePlan([['a']])),
    sending('0.1.x'),
    outcome('0.1.x', 'failed'),
  ]);
  const receipt = outcome('0.1.x', 'confirmed', 99);
  const confirmed = transit(failed, receipt);
  assert.equal(confirmed?.state, 'confirmed');
  assert.equal(confirmed && transit(confirmed, receipt), undefined);
});

test('a hold ends at its time, or when a person releases it, and is decided anew', () => {
  const hold: MessageEvent = {
    type: 'ROUTED',
    at: 0,
    decision: { kind: 'hold', until: 500, because: 'quiet', reasons: [] },
  };
  const held = walked([{ type: 'STORED', at: 0 }, hold]);
  assert.equal(held.state, 'routed.held');
  assert.equal(held.context.dueAt, 500);
  assert.equal(transit(held, { type: 'DUE', at: 499 }), undefined);
  assert.equal(transit(held, { type: 'DUE', at: 500 })?.state, 'stored');
  const released = transit(held, { type: 'RELEASE', at: 7, id: 'r', by: 'demo' });
  assert.equal(released?.state, 'stored');
  assert.equal(released?.context.releasedBy, 'demo');
});

test('what expires is not sent any more; the next trials are for the next way', () => {
  const plan = makePlan([['a'], ['b']], { policy: { trials: 9, expiryMs: 1500 } });
  const retrying = walked([...toDispatched(plan), sending('0.1.x'), outcome('0.1.x', 'retry', 5)]);
  const next = transit(retrying, { type: 'DUE', at: 1500 });
  assert.deepEqual(next && phases(next), ['failed', 'ready']);
  const expiry = makeInput({ header: { priority: 'normal', size: 1, expiry: 1000 } });
  const expired = transit(walked([...toDispatched(plan)], expiry), { type: 'DUE', at: 1000 });
  assert.equal(expired?.state, 'failed.expired');
});

test('an operator sends a dead message again or elsewhere; it is decided anew', () => {
  const dead = walked([
    ...toDispatched(makePlan([['a']])),
    sending('0.1.x'),
    outcome('0.1.x', 'failed'),
  ]);
  assert.equal(dead.state, 'failed.dead');
  const again = transit(dead, { type: 'RESEND', at: 9, id: 'c1', by: 'op' });
  assert.equal(again?.state, 'stored');
  const to = { kind: 'outside', via: { channel: 'loopback', value: 'z' } } as const;
  const elsewhere = transit(dead, { type: 'REDIRECT', at: 9, id: 'c2', by: 'op', to });
  assert.deepEqual(elsewhere?.context.recipient, to);
});
