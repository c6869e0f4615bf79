/** Every one of the operator's calls takes an operator. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { operatorCalls } from '../../../../runtime/console/operator/calls.js';
import { anOperator, type OperatorCall } from '../an-operator.js';

const KEY = 'msg/0123456789abcdef.0';

/** A right argument of each call, so that nothing but the right refuses it. */
const ARGUMENTS: Readonly<Record<OperatorCall, unknown>> = {
  overview: {},
  rates: {},
  search: { text: 'hello' },
  audit: {},
  'queue.groups': {},
  'queue.messages': { what: 'held' },
  'queue.bulk': { command: 'release', what: 'held' },
  'message.command': { key: KEY, command: 'retry' },
  'message.redirect': { key: KEY, to: 'olga' },
  'message.edit': { key: KEY, text: 'New' },
  'accounts.list': {},
  'accounts.create': { name: 'new', operator: false },
  'accounts.password': { name: 'sam', password: 'correct horse' },
  'accounts.link': { name: 'sam' },
  'accounts.remove': { name: 'sam' },
};

test('a subscriber is refused every one of them, and an account opened by none', async (t) => {
  const desk = await anOperator(t);
  const sam = await desk.account('sam');
  for (const name of Object.keys(operatorCalls) as OperatorCall[]) {
    const words = await desk.refused(name, ARGUMENTS[name], 'NOT_ALLOWED', sam);
    assert.match(words, /takes the right/);
  }
  assert.equal(await desk.parts.running.accounts.find('new'), undefined);
  assert.deepEqual((await desk.ask('audit', {})).items, []);
});

test('an argument that does not follow the contract is refused', async (t) => {
  const desk = await anOperator(t);
  await desk.refused('message.command', { key: 'account/x', command: 'retry' }, 'CALL_INVALID');
  await desk.refused('queue.bulk', { command: 'drop', what: 'held' }, 'CALL_INVALID');
  await desk.refused('queue.bulk', { command: 'retry', what: 'x', confirm: 1e9 }, 'CALL_INVALID');
  await desk.refused('rates', { spanMs: 1e12 }, 'CALL_INVALID');
});
