/** The live feed: who hears of what, what a page missed, and what a slow page costs. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BACKLOG_MAX_BYTES,
  BOARD_FLUSH_MS,
  FLUSH_MS,
  KEPT_MS,
  RING_MAX,
} from '../../../runtime/console/feed.js';
import { aConsole, type Page, type TestConsole } from './a-console.js';

/** What the page would say on its next connection. */
function seen(page: Page): { readonly epoch: string; readonly seq: number } {
  const [hello] = page.frames;
  assert.equal(hello?.topic, 'hello');
  const seqs = page.frames.flatMap((frame) => ('seq' in frame ? frame.seq : []));
  return { epoch: hello?.topic === 'hello' ? hello.epoch : '', seq: Math.max(...seqs) };
}

const flushed = (on: TestConsole) => on.later(FLUSH_MS);

test('a page is greeted, says what it saw, and hears of its own messages alone', async (t) => {
  const on = await aConsole(t);
  const [ann, bob, cid] = [await on.person('ann'), await on.person('bob'), await on.person('cid')];
  const pages = [ann, bob, cid].map((person) => on.page(person));
  for (const page of pages) {
    assert.deepEqual(
      page.frames.map(({ topic }) => topic),
      ['hello'],
    );
    page.say({ topic: 'since' });
    assert.equal(page.taken('reset').length, 1);
  }
  const key = await on.send({ from: ann, to: bob });
  await flushed(on);
  const [sent, got, none] = pages.map((page) => page.taken('message'));
  assert.deepEqual(
    [sent, got].map((frames) => frames?.map(({ message }) => [message.key, message.direction])),
    [[[key, 'out']], [[key, 'in']]],
  );
  assert.deepEqual(none, []);
  assert.deepEqual(sent?.[0]?.message.outs, []);
  await on.ask(bob, 'message.read', { key });
  await flushed(on);
  assert.equal(pages[0]?.taken('message')[0]?.message.word, 'read');
  assert.equal(pages[1]?.taken('message')[0]?.message.unread, false);
});

test('many steps of one message within a moment are one frame, the last one', async (t) => {
  const on = await aConsole(t);
  const bob = await on.person('bob');
  const page = on.page(bob);
  page.say({ topic: 'since' });
  await on.send({ to: bob });
  assert.deepEqual(page.taken('message'), []);
  await flushed(on);
  const frames = page.taken('message');
  assert.equal(frames.length, 1);
  assert.equal(frames[0]?.message.word, 'delivered');
});

test('a message that is redirected away makes the pages that had it list anew', async (t) => {
  const on = await aConsole(t);
  const [bob, cid] = [await on.person('bob'), await on.person('cid')];
  const [old, fresh] = [on.page(bob), on.page(cid)];
  const key = await on.send({ to: bob });
  for (const page of [old, fresh]) page.say({ topic: 'since' });
  await flushed(on);
  for (const page of [old, fresh]) page.taken('reset');
  const [via] = cid.account.addresses;
  assert.ok(via);
  const to = { kind: 'subscriber', account: cid.account.id, via } as const;
  const event = { type: 'REDIRECT', at: on.clock.now(), id: 'away', by: 'op', to } as const;
  assert.ok((await on.running.kernel.observe(key, event)).ok);
  await flushed(on);
  assert.equal(old.taken('reset').length, 1);
  assert.equal(fresh.taken('message').at(-1)?.message.direction, 'in');
});

test('a page that connects again gets what it missed, in order, then the rest', async (t) => {
  const on = await aConsole(t);
  const bob = await on.person('bob');
  const first = on.page(bob);
  first.say({ topic: 'since' });
  await on.send({ to: bob, subject: 'Before' });
  await flushed(on);
  const was = seen(first);
  first.close();
  await on.send({ to: bob, subject: 'One' });
  await flushed(on);
  await on.send({ to: bob, subject: 'Two' });
  await flushed(on);
  const second = on.page(bob);
  second.say({ topic: 'since', ...was });
  assert.deepEqual(
    second.taken('message').map(({ message }) => message.subject),
    ['One', 'Two'],
  );
  assert.equal(second.taken('caughtUp').length, 1);
  await on.send({ to: bob, subject: 'Three' });
  await flushed(on);
  assert.equal(second.taken('message')[0]?.message.subject, 'Three');
  assert.equal(second.taken('reset').length, 0);
});

test('of another epoch, or too long ago, everything is loaded anew', async (t) => {
  const on = await aConsole(t);
  const bob = await on.person('bob');
  const first = on.page(bob);
  first.say({ topic: 'since' });
  const was = seen(first);
  const old = on.page(bob);
  old.say({ topic: 'since', epoch: 'another', seq: was.seq });
  assert.equal(old.taken('reset').length, 1);
  first.close();
  old.close();
  await on.later(KEPT_MS + 1);
  await on.send({ to: bob, subject: 'While nobody looked' });
  const late = on.page(bob);
  late.say({ topic: 'since', ...was });
  assert.equal(late.taken('reset').length, 1);
  assert.equal(late.taken('caughtUp').length, 0);
});

test('more than the ring holds is one reset', async (t) => {
  const on = await aConsole(t);
  const bob = await on.person('bob');
  const page = on.page(bob);
  page.say({ topic: 'since' });
  const was = seen(page);
  page.taken('reset');
  for (let i = 0; i <= RING_MAX; i += 1) await on.send({ to: bob });
  await flushed(on);
  assert.equal(page.taken('message').length, 0);
  assert.equal(page.taken('reset').length, 1);
  const again = on.page(bob);
  again.say({ topic: 'since', ...was });
  assert.equal(again.taken('reset').length, 1);
});

test('a slow page gets nothing until it has taken what there is, then one reset', async (t) => {
  const on = await aConsole(t);
  const bob = await on.person('bob');
  const [slow, fast] = [on.page(bob), on.page(bob)];
  for (const page of [slow, fast]) {
    page.say({ topic: 'since' });
    page.taken('reset');
  }
  slow.backlog = BACKLOG_MAX_BYTES + 1;
  for (const subject of ['One', 'Two']) {
    await on.send({ to: bob, subject });
    await flushed(on);
  }
  await on.later(1_000);
  assert.deepEqual([slow.taken('message').length, slow.taken('reset').length], [0, 0]);
  assert.equal(fast.taken('message').length, 2);
  slow.backlog = 0;
  await on.later(1_000);
  assert.deepEqual([slow.taken('message').length, slow.taken('reset').length], [0, 1]);
  await on.send({ to: bob, subject: 'Three' });
  await flushed(on);
  assert.equal(slow.taken('message')[0]?.message.subject, 'Three');
});

test('the board is for operators who ask: moves by way in and out', async (t) => {
  const on = await aConsole(t);
  const [bob, olga] = [await on.person('bob'), await on.person('olga', ['operator'])];
  const [subscriber, board, quiet] = [on.page(bob), on.page(olga), on.page(olga)];
  subscriber.say({ topic: 'since', board: true });
  board.say({ topic: 'since', board: true });
  quiet.say({ topic: 'since' });
  for (let i = 0; i < 3; i += 1) await on.send({ to: bob, subject: `${i}` });
  on.peer.script('bob-phone', 'permanent');
  await on.send({ to: bob, subject: 'failing' });
  await on.later(BOARD_FLUSH_MS);
  const [frame, ...more] = board.taken('board');
  assert.equal(more.length, 0);
  assert.deepEqual(
    frame?.moves.map(({ in: way, out, count, failing }) => [way, out, count, failing]),
    [
      ['email', 'line', 4, 1],
      ['email', 'inbox', 1, 0],
    ],
  );
  assert.equal(frame?.moves[0]?.message.subject, 'failing');
  assert.equal(subscriber.taken('board').length, 0);
  assert.equal(quiet.taken('board').length, 0);
});

test('a full page loses moves of the board, and who loses the right hears none', async (t) => {
  const on = await aConsole(t);
  const [bob, olga] = [await on.person('bob'), await on.person('olga', ['operator'])];
  const page = on.page(olga);
  page.say({ topic: 'since', board: true });
  page.backlog = BACKLOG_MAX_BYTES + 1;
  await on.send({ to: bob });
  await on.later(BOARD_FLUSH_MS);
  page.backlog = 0;
  await on.later(1_000);
  assert.equal(page.taken('board').length, 0);
  await on.running.accounts.setRoles(olga.account.id, ['subscriber']);
  await on.settle();
  await on.send({ to: bob });
  await on.later(BOARD_FLUSH_MS);
  assert.equal(page.taken('board').length, 0);
});

test('a changed account is told to its pages; a removed one is signed out', async (t) => {
  const on = await aConsole(t);
  const bob = await on.person('bob');
  const page = on.page(bob);
  page.say({ topic: 'since' });
  await on.ask(bob, 'quiet.set', { until: on.clock.now() + 1000, exceptions: [] });
  await on.settle();
  const [frame] = page.taken('account');
  assert.equal(frame?.account.quiet?.until, on.clock.now() + 1000);
  await on.running.accounts.remove(bob.account.id);
  await on.settle();
  assert.equal(page.taken('signedOut').length, 1);
  assert.equal(page.isClosed, true);
});

test('an ended session closes its own pages alone', async (t) => {
  const on = await aConsole(t);
  const bob = await on.person('bob');
  const { session } = await on.sessions.open(bob.account.id, { peer: '', program: 'another' });
  const [own, other] = [
    on.page(bob),
    on.page({ ...bob, caller: { ...bob.caller, signedIn: { session, account: bob.account } } }),
  ];
  await on.ask(bob, 'sessions.revoke', { id: session.id });
  assert.equal(own.isClosed, false);
  assert.equal(other.taken('signedOut').length, 1);
  assert.equal(other.isClosed, true);
});
