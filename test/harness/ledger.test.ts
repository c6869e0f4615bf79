/** The ledger balances when all is well, and names each way in which it may not be. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Delivery } from '../../schemas/delivery.js';
import type { MessageDocument } from '../../schemas/message.js';
import { type Books, balance, submittedFrom, tokenOf } from './ledger.js';
import { makeInput, POLICY } from './messages.js';

const ID = '0123456789abcdef';

function delivery(change: Partial<Delivery> = {}): Delivery {
  return {
    id: 0,
    step: 0,
    address: { channel: 'wire', value: 'phone@example.net' },
    policy: POLICY,
    phase: 'confirmed',
    trials: 1,
    dueAt: 0,
    expiresAt: 0,
    ...change,
  };
}

function message(
  change: Partial<MessageDocument> = {},
  ...deliveries: Delivery[]
): MessageDocument {
  const via = { channel: 'wire', value: 'demo@example.org' };
  const input = makeInput({
    key: `msg/${ID}.0`,
    recipient: { kind: 'subscriber', account: 'demo', via },
    header: { priority: 'normal', size: 1, reference: '<one@ledger>' },
  });
  const { recipient, content } = input;
  const numbers = { stepsStarted: 1, round: 0 };
  const times = { nextStepAt: null, heldUntil: null, expiresAt: null, dueAt: null };
  return {
    key: input.key,
    machineVersion: 1,
    state: 'confirmed',
    input,
    context: { recipient, content, deliveries, ...numbers, ...times, seen: [] },
    outbox: [],
    history: [],
    historyMoved: 0,
    closed: true,
    dueAt: null,
    lookAt: null,
    looks: 0,
    purgeAt: 1,
    savedAt: 0,
    ...change,
  };
}

function books(change: Partial<Books> = {}): Books {
  return {
    channel: 'wire',
    submitted: [{ token: 'one@ledger', id: ID, recipients: ['demo@EXAMPLE.org'] }],
    arrivals: [{ token: 'one@ledger', address: 'phone@example.net' }],
    documents: [message({}, delivery())],
    ...change,
  };
}

function problemsOf(change: Partial<Books>): string {
  return balance(books(change)).problems.join('\n');
}

test('what was accepted, confirmed and arrived once balances', () => {
  assert.deepEqual(balance(books()), {
    accepted: 1,
    confirmed: 1,
    failed: 0,
    inFlight: 0,
    arrived: 1,
    duplicates: 0,
    problems: [],
  });
});

test('messages that are held, failed or still to be created are counted as such', () => {
  const report = { success: false, failure: true, delay: false };
  const via = { channel: 'wire', value: 'other@example.org' };
  const fanout = [{ to: { kind: 'outside', via } as const, report }];
  const held = balance(
    books({ arrivals: [], documents: [message({ state: 'routed.held', fanout })] }),
  );
  assert.deepEqual([held.inFlight, held.confirmed, held.failed], [2, 0, 0]);
  const dead = balance(books({ arrivals: [], documents: [message({ state: 'failed.dead' })] }));
  assert.deepEqual([dead.inFlight, dead.confirmed, dead.failed], [0, 0, 1]);
});

test('an acknowledged mail without a message is lost', () => {
  assert.match(problemsOf({ documents: [], arrivals: [] }), /^LOST: .*one@ledger/);
});

test('a mail that nobody was told of is not missed', () => {
  const submitted = [{ token: 'one@ledger', recipients: ['demo@example.org'] }];
  assert.equal(problemsOf({ submitted, documents: [], arrivals: [] }), '');
});

test('an arrival at an address which no delivery names went to a wrong person', () => {
  const arrivals = [...books().arrivals, { token: 'one@ledger', address: 'thief@example.net' }];
  assert.match(problemsOf({ arrivals }), /^WRONG PERSON: one@ledger arrived at thief/);
});

test('a confirmed delivery that never arrived is a lie', () => {
  assert.match(problemsOf({ arrivals: [] }), /^CONFIRMED, NEVER ARRIVED/);
});

test('a second copy needs an attempt whose end nobody knew, on record', () => {
  const arrivals = [...books().arrivals, ...books().arrivals];
  assert.match(problemsOf({ arrivals }), /^UNRECORDED DUPLICATE/);
  const recorded = message({}, delivery({ possibleDuplicate: true, trials: 2 }));
  const result = balance(books({ arrivals, documents: [recorded] }));
  assert.deepEqual([result.problems, result.duplicates], [[], 1]);
});

test('the identifier and the token of a mail are read from what was said', () => {
  const content = Buffer.from('Subject: x\r\nMessage-Id: <a@b>\r\n\r\nMessage-ID: <no@no>\r\n');
  assert.equal(tokenOf(content), 'a@b');
  assert.equal(tokenOf(Buffer.from('Subject: x\r\n\r\nMessage-ID: <no@no>\r\n')), '');
  const reply = `250 2.0.0 Ok: queued as ${ID}`;
  const said = { from: 'a@example.org', recipients: ['b@example.org'], content };
  assert.deepEqual(
    submittedFrom([
      { ...said, reply },
      { ...said, reply: '' },
    ]),
    [
      { token: 'a@b', recipients: ['b@example.org'], id: ID },
      { token: 'a@b', recipients: ['b@example.org'] },
    ],
  );
});
