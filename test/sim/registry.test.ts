/** Every channel of a registry is simulated, without a line for it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { channels } from '../../actors/channels/index.js';
import { createPager, pagerPage } from './a-page-channel.js';
import { CHANNELS, simulated } from './registry.js';
import { type Simulation, simulate } from './simulate.js';

const SEEDS = 12;

async function runWith(order?: 'shown first'): Promise<Simulation[]> {
  const added = simulated(() => createPager(order), pagerPage);
  const runs: Simulation[] = [];
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    runs.push(await simulate({ seed, channels: [...CHANNELS, added] }));
  }
  return runs;
}

test('each registered channel that receives or delivers is in the simulated switch', () => {
  const busy = channels.filter(({ receive, deliver }) => receive ?? deliver);
  const names = CHANNELS.map(({ name }) => name);
  for (const { name, facts } of busy) {
    const one = CHANNELS.find((simulatedOne) => simulatedOne.name === name);
    assert.deepEqual(one?.facts, facts, `${name} is not among ${names.join(', ')}`);
  }
});

test('a channel that speaks through the door only runs with its own agents', async () => {
  const runs = await runWith();
  const broken = runs.flatMap(({ seed, violations }) =>
    violations.map(({ law, text }) => `seed ${seed}, ${law}: ${text}`),
  );
  assert.deepEqual(broken, []);
  const uses = runs.map(({ traffic }) => traffic.get('pager'));
  const sum = (of: (use: { sent: number; confirmed: number; doubtful: number }) => number) =>
    uses.reduce((all, use) => all + (use === undefined ? 0 : of(use)), 0);
  const sent = sum((use) => use.sent);
  const confirmed = sum((use) => use.confirmed);
  const doubtful = sum((use) => use.doubtful);
  assert.ok(sent > SEEDS, `${sent} messages were sent by pages`);
  assert.ok(confirmed > 0, 'no page ever confirmed a message');
  assert.ok(doubtful > 0, 'no page ever stayed silent');
});

test('an agent that shows a page what is not recorded yet breaks law 5', async () => {
  const runs = await runWith('shown first');
  const laws = new Set(runs.flatMap(({ violations }) => violations.map(({ law }) => law)));
  assert.ok(laws.has('law 5'), [...laws].join(', '));
});
