/** Any machine is drawn, and exported, from its definition alone. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { and, createMachine, not, stateIn } from 'xstate';
import { MESSAGE_MACHINE, machines } from '../../../../actors/machines.js';
import { followCourse } from '../../../../runtime/console/history/course.js';
import { drawMachine, exportMachine } from '../../../../runtime/console/history/drawing.js';
import { aMachine } from '../../../harness/a-machine.js';

test('nested, parallel, final and history states stand in it, with what begins where', () => {
  const { nodes, initial } = drawMachine({ name: 'player', machine: aMachine });
  const shown = nodes.map(
    ({ id, kind, parent, initial: begins }) => `${id} ${kind} in ${parent}${begins ? ' *' : ''}`,
  );
  assert.deepEqual(shown, [
    'off atomic in undefined *',
    'on parallel in undefined',
    'on.sound compound in on',
    'on.sound.loud atomic in on.sound *',
    'on.sound.mute atomic in on.sound',
    'on.tape compound in on',
    'on.tape.stopped atomic in on.tape *',
    'on.tape.playing atomic in on.tape',
    'on.last history in on',
    'broken final in undefined',
  ]);
  assert.equal(initial, 'off');
});

test('transitions stand in it: without target, at once, after a time, on any event', () => {
  const { edges } = drawMachine({ name: 'player', machine: aMachine });
  const shown = edges.map(({ from, event, guard, to }) => {
    const asked = guard === undefined ? '' : ` [${guard}]`;
    return `${from} ${event || 'at once'}${asked} ${to}`;
  });
  for (const wanted of [
    'off POWER [hasPower] on',
    'on.tape.playing TICK on.tape.playing',
    'on.tape.playing at once [isAtEnd] on.tape.stopped',
    'on.sound.mute after 1000 ms on.sound.loud',
    'on POWER [not(isLocked)] off',
    'on.sound any event [in {on:{tape:playing}}] on.sound',
    'on DROP broken',
  ]) {
    assert.ok(shown.includes(wanted), `${wanted} is not in\n${shown.join('\n')}`);
  }
  assert.equal(new Set(edges.map(({ id }) => id)).size, edges.length);
});

test('a machine that is all at once, or begins nothing, is a box itself', () => {
  const both = createMachine({ id: 'both', type: 'parallel', states: { a: {}, b: {} } });
  const drawn = drawMachine({ name: 'both', machine: both });
  assert.deepEqual(
    drawn.nodes.map(({ id, parent }) => [id, parent]),
    [
      ['', undefined],
      ['a', ''],
      ['b', ''],
    ],
  );
  const alone = drawMachine({ name: 'alone', machine: createMachine({ on: { GO: {} } }) });
  assert.deepEqual(
    alone.edges.map(({ from, to, event }) => [from, to, event]),
    [['', '', 'GO']],
  );
  assert.equal(alone.nodes.length, 1);
});

test('guards made of guards are named with what they are about', () => {
  const guard = and(['a', not('b'), stateIn('x')]);
  const machine = createMachine({ on: { GO: { guard } } });
  const [edge] = drawMachine({ name: 'm', machine }).edges;
  assert.equal(edge?.guard, 'and(a, not(b), in x)');
});

test('every machine of the registry is drawn, exported as JSON, and made again from that', () => {
  for (const { name, machine } of [...machines, { name: 'player', machine: aMachine }]) {
    const text = JSON.stringify(exportMachine(machine));
    const again = createMachine(JSON.parse(text));
    const [was, is] = [drawMachine({ name, machine }), drawMachine({ name, machine: again })];
    assert.deepEqual(is, was);
    assert.ok(was.nodes.length > 1);
    assert.doesNotMatch(text, /=>|function/);
  }
});

test('the course of events is followed to the first that is not taken', () => {
  const { edges } = drawMachine({ name: 'player', machine: aMachine });
  const events = ['POWER', 'PLAY', 'TICK', 'NOTHING', 'PLAY'].map((type) => ({ type }));
  const course = followCourse(aMachine, undefined, events);
  const shown = course.map(({ taken }) =>
    taken.map((id) => edges.find((edge) => edge.id === id)?.to).join(' '),
  );
  // Where everything is at once, several are taken at a step.
  const both = 'on.sound on.tape.playing';
  assert.deepEqual(shown, ['on', 'on.tape.playing', both, 'on.sound', 'on.sound']);
  const refused = followCourse(MESSAGE_MACHINE.machine, {}, [{ type: 'NOTHING' }]);
  assert.deepEqual(refused, []);
});
