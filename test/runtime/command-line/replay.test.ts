/** `patchboard replay` and `patchboard machines`, on the data of a switch that has stopped. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createMachine } from 'xstate';
import { messageMachine } from '../../../actors/message-manager/machine.js';
import { systemClock } from '../../../runtime/clock.js';
import { drawMachine } from '../../../runtime/console/history/drawing.js';
import { headOf } from '../../../runtime/kernel/document.js';
import { readMessage } from '../../../runtime/messages.js';
import { openEmbeddedStore } from '../../../runtime/store/embedded.js';
import { startSwitch } from '../../harness/switch-process.js';

const NO_LIMITS = { lowBytes: 0, lowerBytes: 0 };
const KEPT = { history: 1e9, archive: 1e9 };

/** Somebody edits what was recorded. */
async function changeState(directory: string, key: string, step: number, state: string) {
  const onFatal = (error: Error): void => assert.fail(error);
  const clock = systemClock();
  const store = openEmbeddedStore({ directory, clock, limits: NO_LIMITS, onFatal });
  const [stored, document] = [await store.get(key), await readMessage(store, key)];
  assert.ok(stored && document);
  const history = document.history.map((one, i) => (i === step - 1 ? { ...one, state } : one));
  const value = { ...document, history };
  const head = headOf(value, { now: clock.now(), retention: KEPT, laneOf: () => 'lane' });
  await store.save({ key, value, head, rev: stored.rev, token: 'by hand' });
  await store.close();
}

it('replay prints the first difference: the step, its event, the state then and now', async (t) => {
  const running = await startSwitch(t);
  const name = running.demo?.name ?? '';
  const sent = await running.command('send', name, '--subject', 'x', '--text', 'y', '--json');
  const { id } = JSON.parse(sent.stdout);
  await running.command('track', id, '--wait');
  const same = await running.command('replay', id);
  assert.equal(same.code, 0, same.stderr);
  assert.match(same.stdout, /same course: \d+ events, confirmed/);
  await running.stop();
  await changeState(running.data, `msg/${id}.0`, 2, 'routed.held');
  const other = await running.command('replay', id);
  assert.equal(other.code, 1);
  const words = /step 2 of \d+: ROUTED led from stored to routed\.held; today's machine goes to /;
  assert.match(other.stdout, words);
  assert.match(other.stdout, /routed\.planned$/m);
  const document = JSON.parse((await running.command('replay', id, '--json')).stdout);
  assert.equal(document.messages[0].event, 'ROUTED');
  assert.equal(document.messages[0].expected, 'routed.held');
  assert.equal(document.messages[0].got, 'routed.planned');
});

it('machines are listed, and exported so that XState makes the same of them', async (t) => {
  const running = await startSwitch(t);
  const list = JSON.parse((await running.command('machines', '--json')).stdout);
  assert.ok(list.machines.some((one: { name: string }) => one.name === 'message'));
  const exported = await running.command('machines', 'message');
  const again = createMachine(JSON.parse(exported.stdout));
  const draw = (machine: typeof again) => drawMachine({ name: 'message', machine });
  assert.deepEqual(draw(again), drawMachine({ name: 'message', machine: messageMachine }));
  const none = await running.command('machines', 'nothing');
  assert.equal(none.code, 1);
  assert.match(none.stderr, /There is no machine "nothing": there is message/);
});
