/** A subscriber's messages: listed, searched, held, read, opened; each as who looks may see it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aConsole, LINE } from '../a-console.js';

const HOUR_MS = 3_600_000;

test('a message is in its recipient’s inbox and in its sender’s sent ones', async (t) => {
  const on = await aConsole(t);
  const [ann, bob] = [await on.person('ann'), await on.person('bob')];
  const key = await on.send({ from: ann, to: bob, subject: 'Lunch?' });
  const [got] = (await on.ask(bob, 'messages.list', { box: 'inbox' })).items;
  assert.equal(got?.key, key);
  assert.equal(got?.direction, 'in');
  assert.equal(got?.unread, true);
  assert.equal(got?.from.address, 'ann@patchboard.localhost');
  assert.deepEqual(
    got?.outs.map(({ device, channel, phase }) => ({ device, channel, phase })),
    [{ device: "bob's phone", channel: LINE, phase: 'confirmed' }],
  );
  const [sent] = (await on.ask(ann, 'messages.list', { box: 'sent' })).items;
  assert.equal(sent?.key, key);
  assert.equal(sent?.direction, 'out');
  assert.equal(sent?.unread, false);
  assert.deepEqual(sent?.outs, []);
  assert.doesNotMatch(JSON.stringify(sent), /bob-phone|bob's phone/);
  assert.deepEqual((await on.ask(ann, 'messages.list', { box: 'inbox' })).items, []);
});

test('opening is reading: once, told to the sender, wherever it had got to', async (t) => {
  const on = await aConsole(t);
  const [ann, bob] = [await on.person('ann'), await on.person('bob')];
  const key = await on.send({ from: ann, to: bob });
  assert.deepEqual(await on.ask(bob, 'message.read', { key }), { done: 1 });
  assert.deepEqual(await on.ask(bob, 'message.read', { key }), { done: 0 });
  const [sent] = (await on.ask(ann, 'messages.list', { box: 'sent' })).items;
  assert.equal(sent?.word, 'read');
  const [got] = (await on.ask(bob, 'messages.list', { box: 'inbox' })).items;
  assert.equal(got?.unread, false);
  await on.refused(ann, 'message.read', { key }, 'NOT_ALLOWED');
});

test('what was only kept can be read', async (t) => {
  const on = await aConsole(t);
  const bob = await on.person('bob');
  on.peer.script('bob-phone', 'permanent');
  const key = await on.send({ to: bob });
  const before = await on.ask(bob, 'messages.list', { box: 'inbox' });
  assert.equal(before.items[0]?.word, 'kept in inbox');
  assert.equal(before.items[0]?.unread, true);
  await on.ask(bob, 'message.read', { key });
  const after = await on.ask(bob, 'messages.list', { box: 'inbox' });
  assert.equal(after.items[0]?.word, 'read');
});

test('held messages are in their own list until they are delivered now', async (t) => {
  const on = await aConsole(t);
  const bob = await on.person('bob');
  const until = on.clock.now() + HOUR_MS;
  await on.ask(bob, 'quiet.set', { until, exceptions: [] });
  const key = await on.send({ to: bob, subject: 'Later' });
  await on.send({ to: bob, subject: 'Later still' });
  const inbox = await on.ask(bob, 'messages.list', { box: 'inbox' });
  assert.deepEqual(
    { items: inbox.items, held: inbox.held, heldUntil: inbox.heldUntil },
    { items: [], held: 2, heldUntil: until },
  );
  const held = await on.ask(bob, 'messages.list', { box: 'held' });
  assert.deepEqual(
    held.items.map(({ subject, heldUntil }) => ({ subject, heldUntil })),
    [
      { subject: 'Later still', heldUntil: until },
      { subject: 'Later', heldUntil: until },
    ],
  );
  // Whatever else the switch holds: they are found by the account's own row.
  const row = `held/${bob.account.id}`;
  const all = { limit: 10, order: 'ascending' } as const;
  assert.equal((await on.store.list(row, all)).length, 2);
  const words = await on.refused(bob, 'message.read', { key }, 'MESSAGE_STATE');
  assert.match(words, /not been sent anywhere/);
  assert.deepEqual(await on.ask(bob, 'message.deliverNow', { key }), { done: 1 });
  assert.deepEqual(await on.ask(bob, 'message.deliverNow', {}), { done: 1 });
  await on.settle();
  const after = await on.ask(bob, 'messages.list', { box: 'inbox' });
  assert.equal(after.held, 0);
  assert.deepEqual(await on.store.list(row, all), []);
  assert.equal(after.items.length, 2);
});

test('a quiet time that ends lets what it held go', async (t) => {
  const on = await aConsole(t);
  const bob = await on.person('bob');
  await on.ask(bob, 'quiet.set', { until: on.clock.now() + HOUR_MS, exceptions: [] });
  await on.send({ to: bob });
  const account = await on.ask(bob, 'quiet.clear', {});
  assert.equal(account.quiet, undefined);
  await on.settle();
  assert.equal((await on.ask(bob, 'messages.list', { box: 'inbox' })).items.length, 1);
});

test('a sender is not told that somebody is not to be disturbed', async (t) => {
  const on = await aConsole(t);
  const [ann, bob] = [await on.person('ann'), await on.person('bob')];
  await on.ask(bob, 'quiet.set', { until: on.clock.now() + HOUR_MS, exceptions: [] });
  const key = await on.send({ from: ann, to: bob });
  const [sent] = (await on.ask(ann, 'messages.list', { box: 'sent' })).items;
  assert.equal(sent?.word, 'on its way');
  assert.doesNotMatch(JSON.stringify(sent), /held|disturb|quiet/i);
  const opened = await on.ask(ann, 'message.open', { key });
  assert.doesNotMatch(JSON.stringify(opened), /held|disturb|quiet|phone/i);
});

test('lists come in pages, and a search goes on where it stopped', async (t) => {
  const on = await aConsole(t);
  const bob = await on.person('bob');
  for (let i = 0; i < 60; i += 1) {
    on.clock.advance(1);
    await on.send({ to: bob, subject: i % 30 === 0 ? `Invoice ${i}` : `Note ${i}` });
  }
  const first = await on.ask(bob, 'messages.list', { box: 'inbox' });
  assert.equal(first.items.length, 50);
  assert.equal(first.items[0]?.subject, 'Note 59');
  const second = await on.ask(bob, 'messages.list', { box: 'inbox', before: first.next ?? '' });
  assert.equal(second.items.at(-1)?.subject, 'Invoice 0');
  assert.equal(second.items.length, 10);
  assert.equal(second.next, undefined);
  const found = await on.ask(bob, 'messages.list', { box: 'inbox', search: 'iNVoice' });
  assert.deepEqual(
    found.items.map(({ subject }) => subject),
    ['Invoice 30', 'Invoice 0'],
  );
  const people = await on.ask(bob, 'messages.list', { box: 'inbox', search: 'you@example' });
  assert.equal(people.items.length, 50);
});

test('a conversation holds both sides, the oldest first, and nobody else’s', async (t) => {
  const on = await aConsole(t);
  const [ann, bob] = [await on.person('ann'), await on.person('bob')];
  const cid = await on.person('cid');
  const conversation = '<1@example.org>';
  await on.send({ from: ann, to: bob, subject: 'One', header: { reference: conversation } });
  on.clock.advance(1);
  await on.send({ from: bob, to: ann, subject: 'Two', header: { conversation } });
  on.clock.advance(1);
  await on.send({ from: ann, to: cid, subject: 'Else', header: { conversation } });
  const { items } = await on.ask(bob, 'messages.conversation', { conversation });
  assert.deepEqual(
    items.map(({ subject, direction }) => `${direction} ${subject}`),
    ['in One', 'out Two'],
  );
});

test('an opened message says what it says, where an answer goes, and why it is here', async (t) => {
  const on = await aConsole(t);
  const [ann, bob] = [await on.person('ann'), await on.person('bob')];
  const key = await on.send({ to: bob, subject: 'Hi' });
  const opened = await on.ask(bob, 'message.open', { key });
  assert.equal(opened.text, 'Text of Hi');
  assert.equal(opened.html, false);
  assert.deepEqual(opened.reply, {
    to: 'you@example.org',
    how: 'as mail to you@example.org',
  });
  assert.match(opened.why.join('\n'), /goes by line, else inbox/);
  const inside = await on.send({ from: ann, to: bob });
  const { reply } = await on.ask(bob, 'message.open', { key: inside });
  assert.equal(reply?.to, 'ann@patchboard.localhost');
  assert.match(reply?.how ?? '', /their profile chooses the device/);
});

test('the sender goes on seeing what it wrote when an operator has edited it', async (t) => {
  const on = await aConsole(t);
  const [ann, olga] = [await on.person('ann'), await on.person('olga', ['operator'])];
  on.peer.script('away', 'permanent');
  const key = await on.send({ from: ann, to: 'away', subject: 'Plans' });
  await on.ask(olga, 'message.edit', { key, text: 'Something else' });
  assert.equal((await on.ask(ann, 'message.open', { key })).text, 'Text of Plans');
  assert.equal((await on.ask(olga, 'message.open', { key })).text, 'Something else');
});

test('an operator who opens what is not theirs is written down, with documents too', async (t) => {
  const on = await aConsole(t);
  const [bob, olga] = [await on.person('bob'), await on.person('olga', ['operator'])];
  const key = await on.send({ to: bob });
  await on.ask(bob, 'message.open', { key });
  assert.deepEqual((await on.ask(olga, 'audit', {})).items, []);
  await on.ask(olga, 'message.open', { key });
  on.clock.advance(1);
  await on.document(olga, 'raw', { key });
  const { items } = await on.ask(olga, 'audit', {});
  assert.deepEqual(
    items.map(({ by, what }) => `${by} ${what}`),
    ['olga took the original of the message', 'olga opened the message'],
  );
  assert.match(items[0]?.of ?? '', /to bob@patchboard.localhost$/);
});
