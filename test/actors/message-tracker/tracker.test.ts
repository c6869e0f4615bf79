/** The tracker: exact text for given documents and histories. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeMessage, planText } from '../../../actors/message-tracker/tracker.js';
import { bytesText, honestWord, spanText } from '../../../actors/message-tracker/words.js';
import type { PlannedEndpoint } from '../../../schemas/decision.js';
import { aDelivery, aMessage, anEntry, START } from './a-message.js';

/** Times read as seconds since the start, so that tests do not depend on the zone. */
const time = {
  precise: (at: number) => `T+${((at - START) / 1000).toFixed(3)}`,
  short: (at: number) => `T+${Math.round((at - START) / 1000)}`,
};

function way(channel: string): PlannedEndpoint {
  return { endpoint: channel, address: { channel, value: 'x' }, policy: aDelivery({}).policy };
}

const STEPS = [{ endpoints: [way('pager')] }, { endpoints: [way('telex')] }];

const ROUTED = anEntry(
  {
    type: 'ROUTED',
    at: START + 9,
    decision: {
      kind: 'deliver',
      accountVersion: 41,
      profile: 'Meeting',
      reasons: [
        { rule: 'profile', effect: 'chose', text: 'set by hand until 15:00' },
        { rule: 'quiet', effect: 'noted', text: 'no quiet time' },
      ],
      plan: { confirms: 'any', steps: STEPS },
    },
  },
  'routed.planned',
  4,
);
const STORED = anEntry({ type: 'STORED', at: START + 5 }, 'stored', 5);
const DISPATCHED = anEntry({ type: 'DISPATCHED', at: START + 9 }, 'dispatched.waiting', 0);

function sending(at: number): ReturnType<typeof anEntry> {
  const attempt = { delivery: 0, attempt: '0.1.n', phase: 'bytesSent', worker: 'w1' } as const;
  return anEntry({ type: 'SENDING', at, ...attempt }, 'dispatched.waiting', 3);
}

describe('the tracker', () => {
  it('tells a waiting message step by step, with what comes next', () => {
    const history = [
      STORED,
      ROUTED,
      DISPATCHED,
      sending(START + 40),
      anEntry(
        {
          type: 'OUTCOME',
          id: 'o1',
          at: START + 110,
          delivery: 0,
          attempt: '0.1.n',
          tookMs: 70,
          outcome: {
            result: 'accepted',
            status: '2.0.0',
            reason: 'no receipt yet',
            peer: 'carrier',
          },
        },
        'dispatched.waiting',
        70,
      ),
    ];
    const document = aMessage({
      state: 'dispatched.waiting',
      dueAt: START + 300_000,
      history,
      context: {
        plan: { confirms: 'any', steps: STEPS },
        nextStepAt: START + 300_000,
        deliveries: [aDelivery({ phase: 'accepted', trials: 1, dueAt: START + 300_000 })],
      },
    });
    const lines = describeMessage({ document, history, now: START + 2000, time });
    assert.deepEqual(lines, [
      'm3k9x7q2w4t8h5b1  "Server room 31 °C"  ops@example.org (DKIM ok) → demo',
      'dispatched, waiting · on its way, waiting for pager receipt · next look T+300 (in 4 m 58 s)',
      'T+0.000                 received    pager, 192.0.2.7, TLS 1.3, 2.1 kB',
      'T+0.005        +5 ms    stored      flushed',
      'T+0.009        +4 ms    routed      profile Meeting, account v41: pager, else telex',
      '                                    profile: set by hand until 15:00',
      'T+0.009                 dispatched',
      'T+0.110        pager #1 … accepted  no receipt yet, by carrier, 70 ms',
      'T+300          telex    planned     if still unconfirmed',
      'why: patchboard explain h5b1    now: patchboard queue retry h5b1',
    ]);
  });

  it('shows a started attempt as long as nobody knows its outcome', () => {
    const history = [STORED, sending(START + 40)];
    const document = aMessage({
      state: 'dispatched.waiting',
      context: { deliveries: [aDelivery({ phase: 'sending', trials: 1 })] },
    });
    const lines = describeMessage({ document, history, now: START, time });
    assert.equal(lines[1], 'dispatched, waiting · on its way, pager is being sent');
    assert.equal(lines[4], 'T+0.040        pager #1 … sending   bytesSent by w1');
  });

  it('says what a held message waits for and how to release it', () => {
    const document = aMessage({
      state: 'routed.held',
      context: { heldUntil: START + 60_000, because: 'do not disturb' },
    });
    const lines = describeMessage({ document, history: [], now: START, time });
    assert.equal(lines[1], 'routed, held · held until T+60: do not disturb');
    assert.match(lines.at(-1) ?? '', /now: patchboard queue release h5b1$/);
  });

  it('says why a message failed and whether the sender was told', () => {
    const document = aMessage({
      state: 'failed.dead',
      closed: true,
      senderTold: 'not told: null path',
      context: { because: 'all ways have failed' },
    });
    const lines = describeMessage({ document, history: [], now: START, time });
    assert.equal(
      lines[1],
      'failed, dead · failed: all ways have failed · sender: not told: null path',
    );
    assert.match(lines.at(-1) ?? '', /again: patchboard dead resend h5b1$/);
  });

  it('never calls delivered what is only kept or handed on', () => {
    const ended = (level: 'accepted' | 'kept' | 'delivered' | 'read'): string =>
      honestWord(
        aMessage({
          state: 'confirmed',
          context: { deliveries: [aDelivery({ phase: 'confirmed', level })] },
        }),
      );
    assert.equal(ended('accepted'), 'unknown');
    assert.equal(ended('kept'), 'kept in inbox');
    assert.equal(ended('delivered'), 'delivered');
    assert.equal(ended('read'), 'read');
    assert.equal(honestWord(aMessage({ state: 'failed.expired' })), 'failed');
    assert.equal(honestWord(aMessage({ state: 'routed.held' })), 'on its way');
  });

  it('writes plans, spans and sizes as people say them', () => {
    const timed = [{ endpoints: [way('a'), way('b')], waitMs: 300_000 }, { endpoints: [way('c')] }];
    assert.equal(planText(timed), 'a and b; c after 5 m');
    assert.deepEqual([9, 4999, 298_000, 18_120_000, 172_800_000].map(spanText), [
      '9 ms',
      '4 s',
      '4 m 58 s',
      '5 h 02 m',
      '2 d',
    ]);
    assert.deepEqual([300, 2100, 14_000_000].map(bytesText), ['300 B', '2.1 kB', '14 MB']);
  });
});
