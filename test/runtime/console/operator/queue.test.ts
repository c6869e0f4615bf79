/** The queue by what waits and why; one command for many, previewed first. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BULK_MAX } from '../../../../runtime/console/operator/queue.js';
import { causeOf } from '../../../../runtime/console/operator/scan.js';
import { anOperator, type Desk } from '../an-operator.js';

const HOUR_MS = 3_600_000;

async function held(desk: Desk, count: number): Promise<readonly string[]> {
  const { accounts } = desk.parts.running;
  const ann = (await accounts.find('ann')) ?? (await desk.subscriber('ann'));
  const until = desk.clock.now() + HOUR_MS;
  await accounts.setQuiet(ann.id, { until, exceptions: [] });
  const keys: string[] = [];
  for (let i = 0; i < count; i += 1) keys.push(await desk.send('ann', `Number ${i}`));
  return keys;
}

test('groups tell what waits, why, how many and how long', async (t) => {
  const desk = await anOperator(t);
  await held(desk, 3);
  await desk.subscriber('bob');
  desk.peer.script('bob-phone', 'offline');
  await desk.send('bob');
  desk.later();
  const { items, partial } = await desk.ask('queue.groups', {});
  assert.equal(partial, false);
  const [first, second] = items;
  assert.equal(first?.what, 'held');
  assert.equal(first?.total, 3);
  assert.match(first?.cause ?? '', /do not disturb/);
  assert.equal(second?.what, 'retry line');
  assert.equal(second?.cause, 'the device is offline');
  assert.ok((second?.oldestMs ?? 0) > 0);
});

test('the messages of a group come in pages, the oldest first', async (t) => {
  const desk = await anOperator(t);
  const keys = await held(desk, 60);
  const first = await desk.ask('queue.messages', { what: 'held' });
  assert.equal(first.items.length, 50);
  assert.ok(first.next);
  const second = await desk.ask('queue.messages', { what: 'held', before: first.next });
  const got = [...first.items, ...second.items].map(({ key }) => key);
  assert.deepEqual(got, [...keys].sort());
  const other = await desk.ask('queue.messages', { what: 'held', cause: 'something else' });
  assert.deepEqual(other.items, []);
});

test('a bulk command changes nothing until it is confirmed; then all, audited', async (t) => {
  const desk = await anOperator(t);
  const keys = await held(desk, 20);
  const wanted = { command: 'release', what: 'held' } as const;
  const preview = await desk.ask('queue.bulk', wanted);
  assert.equal(preview.matching, 20);
  assert.equal(preview.done, 0);
  assert.equal(preview.examples.length, 5);
  assert.match(preview.examples[0] ?? '', /"Number 0" to ann/);
  await desk.settle();
  assert.equal(desk.peer.of('ann-phone').length, 0);
  const done = await desk.ask('queue.bulk', { ...wanted, confirm: 20 });
  assert.equal(done.done, 20);
  await desk.until(keys[19] ?? '', 'confirmed');
  assert.equal(desk.peer.of('ann-phone').length, 20);
  const [entry] = (await desk.ask('audit', {})).items;
  assert.equal(entry?.by, 'olga');
  assert.equal(entry?.what, 'release of all that wait: held');
  assert.equal(entry?.of, '20 messages');
});

test('a bulk command is refused when more match than were previewed', async (t) => {
  const desk = await anOperator(t);
  await held(desk, 2);
  const wanted = { command: 'release', what: 'held' } as const;
  const { matching } = await desk.ask('queue.bulk', wanted);
  await held(desk, 1);
  const given = { ...wanted, confirm: matching };
  const words = await desk.refused('queue.bulk', given, 'MESSAGE_STATE');
  assert.match(words, /3 messages match now, 2 were shown/);
  assert.equal((await desk.ask('queue.bulk', wanted)).matching, 3);
});

test('a retry by cause takes only what waits for that cause', async (t) => {
  const desk = await anOperator(t);
  await held(desk, 1);
  await desk.subscriber('bob');
  desk.peer.script('bob-phone', 'offline');
  const key = await desk.send('bob');
  desk.peer.script('bob-phone', 'confirm');
  const wanted = { command: 'retry', what: 'retry line', cause: 'the device is offline' } as const;
  assert.equal((await desk.ask('queue.bulk', { ...wanted, confirm: 1 })).done, 1);
  await desk.until(key, 'confirmed', 0);
  assert.equal((await desk.ask('queue.bulk', { command: 'release', what: 'held' })).matching, 1);
});

test('one message is let go, a dead one edited, sent again and sent elsewhere', async (t) => {
  const desk = await anOperator(t);
  const [key = ''] = await held(desk, 1);
  await desk.ask('message.command', { key, command: 'release' });
  await desk.until(key, 'confirmed');
  await desk.subscriber('cid');
  desk.peer.script('cid-phone', 'permanent');
  const dead = await desk.send('cid', 'Lost');
  await desk.until(dead, 'failed.dead');
  const words = await desk.refused(
    'message.command',
    { key: dead, command: 'retry' },
    'MESSAGE_STATE',
  );
  assert.match(words, /RETRY/);
  desk.peer.script('cid-phone', 'confirm');
  await desk.ask('message.edit', { key: dead, subject: 'Found', text: 'Better now.' });
  await desk.ask('message.command', { key: dead, command: 'resend' });
  await desk.until(dead, 'confirmed');
  const [got] = desk.peer.of('cid-phone');
  assert.equal(got?.umf.subject, 'Found');
  desk.peer.script('cid-phone', 'permanent');
  const other = await desk.send('cid', 'Elsewhere');
  await desk.until(other, 'failed.dead');
  const nobody = { key: other, to: 'nobody at all' };
  await desk.refused('message.redirect', nobody, 'ADDRESS_SYNTAX');
  await desk.ask('message.redirect', { key: other, to: 'ann' });
  await desk.until(other, 'routed.held');
  await desk.ask('message.command', { key: other, command: 'release' });
  await desk.until(other, 'confirmed');
  assert.equal(desk.peer.of('ann-phone').length, 2);
  const told = (await desk.ask('audit', {})).items.map(({ what }) => what);
  assert.ok(told.includes('sent the message to ann'));
  assert.ok(!told.includes('sent the message to nobody at all'));
});

test('causes that differ only in what is particular are one group', () => {
  const first = causeOf('451 4.7.1 <ann@example.net>: greylisted, id 4XyZ12abc9, until 14:02:11');
  const second = causeOf('451 4.7.1 <bob@example.org>: greylisted, id 99aBc33xyz, until 14:07:59');
  assert.equal(first, second);
  assert.match(first, /^451 4\.7\.1 <…>: greylisted/);
  assert.match(causeOf('mx1.example.net [192.0.2.17]: no'), /^mx1\.example\.net \[192\.0\.2\.17\]/);
  assert.match(causeOf('connect ECONNREFUSED 127.0.0.1:35523'), /127\.0\.0\.1:35523$/);
  assert.equal(causeOf('do not disturb until 2026-11-23 18:58:12 UTC'), 'do not disturb until …');
  assert.notEqual(causeOf('451 4.7.1 no'), causeOf('452 4.2.2 no'));
  assert.ok(causeOf('x'.repeat(5_000)).length < 200);
});

test('a confirmed command takes a bounded number', () => {
  assert.ok(BULK_MAX <= 10_000);
});
