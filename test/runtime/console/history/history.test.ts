/** A message's history: who sees what of it, what each step says, and that it stays bounded. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstDocument, headOf } from '../../../../runtime/kernel/document.js';
import { begin, walk } from '../../../../runtime/kernel/logic.js';
import { readHistory, readMessage } from '../../../../runtime/messages.js';
import type { MessageEvent } from '../../../../schemas/message.js';
import { makeInput } from '../../../harness/messages.js';
import { aConsole, type TestConsole } from '../a-console.js';

const HOUR_MS = 3_600_000;

/** Anna writes to Bob, whose phone refuses: the next way is his inbox. */
async function failedOver(on: TestConsole) {
  const anna = await on.person('anna');
  const bob = await on.person('bob');
  const olga = await on.person('olga', ['subscriber', 'operator']);
  on.peer.script('bob-phone', 'permanent');
  const key = await on.send({ from: anna, to: bob, subject: 'Server room' });
  return { anna, bob, olga, key, id: key.slice('msg/'.length) };
}

test('the recipient and operators see every step, its context, ways and guards', async (t) => {
  const on = await aConsole(t);
  const { bob, olga, key, id } = await failedOver(on);
  const document = await readMessage(on.store, key);
  assert.ok(document);
  const recorded = await readHistory(on.store, document);
  for (const by of [bob, olga]) {
    const told = await on.ask(by, 'message.history', { id });
    assert.equal(told.shows, 'whole');
    const states = told.steps.map(({ entry }) => entry.state);
    assert.deepEqual(
      states,
      recorded.map(({ state }) => state),
    );
    assert.deepEqual(
      told.steps.map(({ number }) => number),
      [...states.keys()].map((i) => i + 1),
    );
    assert.ok(told.steps.every(({ context, taken, lines }) => context && taken[0] && lines[0]));
    assert.equal(told.differs, undefined);
    const { drawing } = await on.ask(by, 'machines.get', { name: told.machine });
    const known = new Set(drawing.edges.map((edge) => edge.id));
    for (const { taken, guards } of told.steps) {
      for (const edge of [...taken, ...guards.map((one) => one.edge)])
        assert.ok(known.has(edge), edge);
    }
  }
});

test('a step that fails over names the transitions at once, and the guards in order', async (t) => {
  const on = await aConsole(t);
  const { olga, id } = await failedOver(on);
  const { steps } = await on.ask(olga, 'message.history', { id });
  const { drawing } = await on.ask(olga, 'machines.get', { name: 'message' });
  const guardOf = (edge: string) => drawing.edges.find((one) => one.id === edge)?.guard;
  const failed = steps.find(({ guards }) =>
    guards.some(({ edge, held }) => held && guardOf(edge) === 'exhaustedButOneWay'),
  );
  assert.ok(failed);
  assert.equal(failed.entry.event.type, 'OUTCOME');
  const asked = failed.guards.map(({ edge, held }) => `${held ? '+' : '-'}${guardOf(edge)}`);
  const [first, , ...later] = asked;
  assert.equal(first, '+taken');
  assert.ok(later.includes('-satisfied') && later.includes('+exhaustedButOneWay'), asked.join(' '));
  const moved = failed.taken.map((id_) => drawing.edges.find(({ id: edge }) => edge === id_));
  assert.ok(moved.some((edge) => edge?.to === 'dispatched.partlyFailed'));
});

test('the sender alone sees the course of the states, and nothing of the ways', async (t) => {
  const on = await aConsole(t);
  const { anna, bob, key, id } = await failedOver(on);
  const told = await on.ask(anna, 'message.history', { id });
  assert.equal(told.shows, 'course');
  const states = told.steps.map(({ entry }) => entry.state);
  assert.deepEqual(states, ['stored', 'dispatched', 'confirmed']);
  const phone = bob.account.devices.find(({ name }) => name.includes('phone'));
  assert.ok(phone);
  const text = JSON.stringify(told);
  for (const secret of ['phone', 'refus', ...phone.endpoints.map((endpoint) => endpoint.id)]) {
    assert.ok(!text.includes(secret), `it names ${secret}: ${text}`);
  }
  assert.match(await on.refused(anna, 'message.asTest', { key }, 'NOT_ALLOWED'), /recipient/);
});

test('that somebody is not to be disturbed is not seen by who writes', async (t) => {
  const on = await aConsole(t);
  const [anna, bob] = [await on.person('anna'), await on.person('bob')];
  await on.ask(bob, 'quiet.set', { until: on.clock.now() + HOUR_MS, exceptions: [] });
  const key = await on.send({ from: anna, to: bob });
  const id = key.slice('msg/'.length);
  const told = await on.ask(anna, 'message.history', { id });
  assert.deepEqual(
    told.steps.map(({ entry }) => entry.state),
    ['stored'],
  );
  assert.doesNotMatch(JSON.stringify(told), /held|disturb|quiet|ROUTED/);
  const own = await on.ask(bob, 'message.history', { id });
  assert.deepEqual(
    own.planned.map(({ command }) => command),
    ['release'],
  );
  assert.equal(own.planned[0]?.at, on.clock.now() + HOUR_MS);
});

test('strangers learn no more than of a message that does not exist', async (t) => {
  const on = await aConsole(t);
  const { key, id } = await failedOver(on);
  const stranger = await on.person('eve');
  const none = '0'.repeat(16);
  const said = await on.refused(stranger, 'message.history', { id }, 'MESSAGE_UNKNOWN');
  const ofNone = await on.refused(stranger, 'message.history', { id: none }, 'MESSAGE_UNKNOWN');
  assert.equal(said.replace(id, ''), ofNone.replace(none, ''));
  await on.refused(stranger, 'message.history', { id: id.slice(-6) }, 'MESSAGE_UNKNOWN');
  await on.refused(stranger, 'message.asTest', { key }, 'MESSAGE_UNKNOWN');
});

test('content that somebody wrote anew is told by its size alone', async (t) => {
  const on = await aConsole(t);
  const [bob, olga] = [await on.person('bob'), await on.person('olga', ['subscriber', 'operator'])];
  const [profile] = bob.account.profiles;
  assert.ok(profile);
  const dead = { ...profile, steps: profile.steps.slice(0, 1), lastResort: 'dead' as const };
  await on.ask(bob, 'profile.put', { profile: dead });
  on.peer.script('bob-phone', 'permanent');
  const key = await on.send({ to: bob });
  await on.ask(olga, 'message.edit', { key, text: 'a secret that was added' });
  const told = await on.ask(olga, 'message.history', { id: key.slice('msg/'.length) });
  const edited = told.steps.find(({ entry }) => entry.event.type === 'EDIT')?.entry.event;
  assert.ok(edited !== undefined && 'bytes' in edited && (edited.bytes ?? 0) > 0);
  assert.doesNotMatch(JSON.stringify(told), /secret/);
});

test('of a very long history a bounded part travels, and words say which', async (t) => {
  const on = await aConsole(t);
  const olga = await on.person('olga', ['subscriber', 'operator']);
  const at = on.clock.now();
  const input = makeInput({ createdAt: at, origin: { channel: 'line', peer: 'p', startedAt: at } });
  const to = input.recipient;
  const events: MessageEvent[] = [{ type: 'STORED', at }];
  for (let i = 0; i < 400; i += 1) events.push({ type: 'REDIRECT', at, id: `c${i}`, by: 'o', to });
  const walked = walk({ standing: begin(input), savedAt: at, worker: 'w' }, events);
  assert.ok(walked);
  const retention = { history: HOUR_MS, archive: HOUR_MS };
  const saving = { now: at, retention, laneOf: () => 'lane' };
  const value = firstDocument(input, walked, saving);
  await on.store.create({ key: input.key, value, head: headOf(value, saving), token: 't' });
  const told = await on.ask(olga, 'message.history', { id: input.key.slice('msg/'.length) });
  assert.equal(told.steps.length, 240);
  assert.equal(told.steps.at(-1)?.number, 401);
  assert.equal(told.omitted, 'Steps 41 to 201 of 401 are not shown.');
});

test('a history that was changed by hand says where it first differs', async (t) => {
  const on = await aConsole(t);
  const { olga, key, id } = await failedOver(on);
  const stored = await on.store.get(key);
  const document = await readMessage(on.store, key);
  assert.ok(stored && document);
  const history = document.history.map((entry, i) =>
    i === 2 ? { ...entry, state: 'confirmed' } : entry,
  );
  const changed = { ...document, history };
  const retention = { history: HOUR_MS, archive: HOUR_MS };
  const head = headOf(changed, { now: on.clock.now(), retention, laneOf: () => 'lane' });
  await on.store.save({ key, value: changed, head, rev: stored.rev, token: 'by hand' });
  const told = await on.ask(olga, 'message.history', { id });
  assert.match(
    told.differs ?? '',
    /^step 3 of \d+: DISPATCHED led from routed\.planned to confirmed; /,
  );
  assert.equal(told.steps[2]?.context, undefined);
  assert.deepEqual(told.steps[2]?.taken, []);
  assert.ok(told.steps[1]?.context);
});
