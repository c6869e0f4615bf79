/** The kernel's shortcut through XState agrees with its public API, over every short walk. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { initialTransition, transition } from 'xstate';
import { messageMachine } from '../../../actors/message-manager/machine.js';
import { begin, dotted, transit, undotted, walk } from '../../../runtime/kernel/logic.js';
import type { MessageEvent } from '../../../schemas/message.js';
import {
  makeInput,
  makePlan,
  OUTCOMES,
  outcome,
  sending,
  toDispatched,
} from '../../harness/messages.js';

const PLAN = makePlan([['a', 'b'], ['c']], { waitMs: 40 });
const KINDS = Object.keys(OUTCOMES) as (keyof typeof OUTCOMES)[];

const anyTime = fc.constantFrom(0, 10, 40, 1000, 100_000);
const anyAttempt = fc.constantFrom('0.1.x', '0.2.x', '1.1.x', '1.2.x', '2.1.x');
const anyEvent: fc.Arbitrary<MessageEvent> = fc.oneof(
  fc.tuple(anyAttempt, anyTime).map(([attempt, at]) => sending(attempt, at)),
  fc
    .tuple(anyAttempt, fc.constantFrom(...KINDS), anyTime)
    .map(([attempt, kind, at]) => outcome(attempt, kind, at)),
  anyTime.map((at) => ({ type: 'DUE', at }) as const),
  anyTime.map((at) => ({ type: 'RETRY', at, id: `r${at}`, by: 'p' }) as const),
  anyTime.map((at) => ({ type: 'RESEND', at, id: `s${at}`, by: 'p' }) as const),
);

test('the inert scope gives the same snapshots as the public transition()', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 12 }), (events) => {
      let ours = begin(makeInput());
      let [theirs] = initialTransition(messageMachine, makeInput());
      for (const event of [...toDispatched(PLAN), ...events]) {
        ours = transit(ours, event) ?? ours;
        [theirs] = transition(messageMachine, theirs, event);
        assert.equal(ours.state, dotted(theirs.value));
        assert.deepEqual(ours.context, theirs.context);
      }
    }),
  );
});

test('a walk in which one event is not taken comes to nothing', () => {
  const from = { standing: begin(makeInput()), savedAt: 0, worker: 'w' };
  assert.equal(
    walk(from, [
      { type: 'STORED', at: 1 },
      { type: 'DISPATCHED', at: 2 },
    ]),
    undefined,
  );
  const walked = walk(from, toDispatched(PLAN, 7));
  assert.deepEqual(
    walked?.entries.map(({ state, tookMs }) => [state, tookMs]),
    [
      ['stored', 7],
      ['routed.planned', 0],
      ['dispatched.waiting', 0],
    ],
  );
});

test('every state value has one dotted name, and back', () => {
  for (const state of ['received', 'routed.held', 'dispatched.partlyFailed', 'failed.returned']) {
    assert.equal(dotted(undotted(state)), state);
  }
});
