/** Codes as they are made, kept and compared; what a wrong one costs. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpointOf, movingEndpoint } from '../../runtime/account-change.js';
import {
  CODE_LASTS_MS,
  CODE_TRIES,
  freshCode,
  givingCode,
  takingCode,
  verified,
  withoutCodes,
} from '../../runtime/device-code.js';
import type { Account } from '../../schemas/account.js';
import { anAccount } from '../actors/user-manager/an-account.js';
import { manualClock } from '../harness/manual-clock.js';

const WRONG = 'wrong';

function waiting() {
  const clock = manualClock();
  const { code, unverified } = freshCode(clock);
  const pager = { channel: 'pager', value: 'r@pager' };
  const endpoints = [{ id: 'pager', address: pager, unverified }];
  const account = anAccount({ devices: [{ id: 'pager', name: 'Pager', endpoints }] });
  const take = (given: Account, written: string): Account => {
    const taken = takingCode('pager', written, clock.now())(given);
    return taken.ok ? taken.account : assert.fail(taken.message);
  };
  const refused = (given: Account, written: string): string => {
    const taken = takingCode('pager', written, clock.now())(given);
    return taken.ok ? 'taken' : taken.code;
  };
  return { clock, code, unverified, account, take, refused };
}

test('the right code verifies, also written with a space; again it changes nothing', () => {
  const { code, account, take } = waiting();
  assert.match(code, /^\d{6}$/);
  const after = take(account, ` ${code.slice(0, 3)} ${code.slice(3)}`);
  assert.equal(endpointOf(after, 'pager')?.unverified, undefined);
  assert.equal(take(after, WRONG), after);
});

test('a wrong code costs a try; without tries not even the right one counts', () => {
  const { code, account, take, refused } = waiting();
  let now = account;
  for (let left = CODE_TRIES - 1; left >= 0; left -= 1) {
    now = take(now, WRONG);
    const told = verified(now, 'pager');
    assert.equal(told.ok ? 'ok' : told.code, left > 0 ? 'CODE_WRONG' : 'CODE_EXPIRED');
  }
  assert.equal(refused(now, code), 'CODE_EXPIRED');
});

test('a code counts for its time and not longer', () => {
  const { clock, code, account, take, refused } = waiting();
  clock.advance(CODE_LASTS_MS - 1);
  assert.equal(endpointOf(take(account, code), 'pager')?.unverified, undefined);
  clock.advance(1);
  assert.equal(refused(account, code), 'CODE_EXPIRED');
});

test('a new code takes the place of the old one; a verified endpoint needs none', () => {
  const { clock, code, account, take } = waiting();
  const next = freshCode(clock);
  const given = givingCode('pager', next.unverified)(account);
  assert.ok(given.ok);
  assert.notEqual(next.code, code);
  assert.equal(endpointOf(take(given.account, code), 'pager')?.unverified?.triesLeft, 4);
  const done = take(given.account, next.code);
  const late = givingCode('pager', next.unverified)(done);
  assert.equal(late.ok ? 'given' : late.code, 'ACCOUNT_INVALID');
});

test('only a salted hash is kept, and not even that is shown; an operator’s move verifies', () => {
  const { code, unverified, account } = waiting();
  assert.doesNotMatch(JSON.stringify(unverified), new RegExp(code));
  const shown = JSON.stringify(withoutCodes(account.devices));
  assert.match(shown, /"triesLeft":5/);
  assert.doesNotMatch(shown, /codeHash/);
  const moved = movingEndpoint('pager', { channel: 'pager', value: 'other' })(account);
  assert.ok(moved.ok);
  assert.equal(endpointOf(moved.account, 'pager')?.unverified, undefined);
});
