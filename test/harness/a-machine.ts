/** A machine that no code of ours knows, with every kind of state and transition. */

import { createMachine, not, stateIn } from 'xstate';

export const aMachine = createMachine({
  id: 'player',
  initial: 'off',
  states: {
    off: { on: { POWER: { guard: 'hasPower', target: 'on' } } },
    on: {
      type: 'parallel',
      on: { POWER: { guard: not('isLocked'), target: 'off' }, DROP: 'broken' },
      states: {
        sound: {
          initial: 'loud',
          on: { '*': { guard: stateIn({ on: { tape: 'playing' } }), actions: 'beep' } },
          states: {
            loud: { on: { MUTE: 'mute' } },
            mute: { after: { 1000: 'loud' } },
          },
        },
        tape: {
          initial: 'stopped',
          states: {
            stopped: { on: { PLAY: 'playing' } },
            playing: {
              on: { TICK: { actions: 'wind' }, STOP: 'stopped' },
              always: { guard: 'isAtEnd', target: 'stopped' },
            },
          },
        },
        last: { type: 'history', history: 'deep' },
      },
    },
    broken: { type: 'final' },
  },
}).provide({
  guards: { hasPower: () => true, isLocked: () => false, isAtEnd: () => false },
  actions: { beep: () => {}, wind: () => {} },
});
