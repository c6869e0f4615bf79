/** The queue at a glance: exact text for given documents. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { queueText, summarize } from '../../../actors/message-tracker/queue.js';
import type { MessageDocument } from '../../../schemas/message.js';
import { aDelivery, aMessage, START } from './a-message.js';

const NOW = START + 5 + 4_200_000;

function heldDocument(): MessageDocument {
  const context = { heldUntil: NOW + 1, because: 'do not disturb' };
  return aMessage({ state: 'routed.held', dueAt: NOW + 1, context });
}

function retrying(dueAt: number): MessageDocument {
  const last = { at: START, status: '4.7.1', reason: '451 greylisted' };
  const deliveries = [aDelivery({ trials: 1, last })];
  return aMessage({ state: 'dispatched.retrying', dueAt, context: { deliveries } });
}

describe('the queue', () => {
  it('counts by what messages wait for, with ages and causes, the dead last', () => {
    const dead = aMessage({ state: 'failed.dead', closed: true });
    const documents = [dead, heldDocument(), retrying(NOW + 5), heldDocument()];
    const summary = summarize(documents, { now: NOW, partial: false });
    assert.deepEqual(queueText(summary), [
      '             total   <5m  <1h  <6h  older   oldest    because',
      'held             2    ·    ·    2      ·   1 h 10 m   do not disturb 2',
      'retry pager      1    ·    ·    1      ·   1 h 10 m   451 greylisted 1',
      'dead             1    ·    ·    1      ·   1 h 10 m   patchboard dead list',
      '3 unfinished, none overdue',
    ]);
  });

  it('says what is overdue and when it did not look at everything', () => {
    const summary = summarize([retrying(START)], { now: NOW, partial: true });
    assert.equal(summary.overdue, 1);
    const last = queueText(summary).at(-1);
    assert.equal(last, '1 unfinished, 1 overdue among the first looked at; there are more');
  });

  it('says so when nothing waits', () => {
    const summary = summarize([], { now: NOW, partial: false });
    assert.deepEqual(queueText(summary), ['Nothing waits: 0 unfinished']);
  });
});
