/**
 * The simulation in CI: 200 seeds without a broken law, every kind of fault at work in many of
 * them, every place of a crash struck, and the same seed giving the same run.
 */

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { FAULT_KINDS, type FaultKind } from './faults.js';
import { type Simulation, simulate } from './simulate.js';

const SEEDS = 200;
/** Issue 3: each kind of fault struck in at least so many of them. */
const STRUCK_MIN = 50;
/** So many seeds of each kind are run once more without it, to see whose course it changed. */
const COMPARED_MAX = 8;

const CRASH_SITES = [
  'bus.hint:after',
  'bus.hint:before',
  'edge.answer:after',
  'edge.answer:before',
  'edge.deliver:after',
  'edge.deliver:before',
  'edge.receipt:before',
  'store.create:after',
  'store.create:before',
  'store.save:after',
  'store.save:before',
];

const runs: Simulation[] = [];

before(async () => {
  for (let seed = 1; seed <= SEEDS; seed += 1) runs.push(await simulate({ seed }));
});

/** Messages that went another way than in the run without the fault. */
function changedCourses(run: Simulation, other: Simulation): number {
  return [...run.courses].filter(([what, course]) => other.courses.get(what) !== course).length;
}

async function compareWithout(kind: FaultKind, struck: readonly Simulation[]) {
  let changed = 0;
  const compared = struck.slice(0, COMPARED_MAX);
  for (const run of compared) {
    const other = await simulate({ seed: run.seed, without: kind });
    assert.equal(other.strikes[kind], 0);
    changed += changedCourses(run, other);
  }
  return { compared: compared.length, changed };
}

test(`${SEEDS} seeds break no law`, () => {
  const broken = runs.flatMap(({ seed, violations }) =>
    violations.map(({ law, text }) => `seed ${seed}, ${law}: ${text}`),
  );
  assert.deepEqual(broken, []);
});

test('every message of every seed came to its end, and many went every way', () => {
  const sum = (of: (run: Simulation) => number) => runs.reduce((all, run) => all + of(run), 0);
  const confirmed = sum(({ balance }) => balance.confirmed);
  const failed = sum(({ balance }) => balance.failed);
  const accepted = sum(({ balance }) => balance.accepted);
  assert.ok(confirmed > SEEDS && failed > SEEDS, `${confirmed} confirmed, ${failed} failed`);
  // Reports and notices of the switch are messages too.
  assert.ok(confirmed + failed >= accepted, `${accepted} accepted`);
});

test('each kind of fault strikes in many seeds and changes the course of messages', async (t) => {
  for (const kind of FAULT_KINDS) {
    const struck = runs.filter(({ strikes }) => strikes[kind] > 0);
    const times = struck.reduce((all, { strikes }) => all + strikes[kind], 0);
    const { compared, changed } = await compareWithout(kind, struck);
    const where = `${struck.length} of ${SEEDS} seeds, ${times} times`;
    t.diagnostic(`${kind.padEnd(18)} ${where}; ${changed} courses changed in ${compared} seeds`);
    assert.ok(struck.length >= STRUCK_MIN, `${kind} struck in ${struck.length} seeds`);
    assert.ok(changed > 0, `${kind} changed no message's course`);
  }
});

test('crashes strike before and after each change of the store, hint and write at the edge', () => {
  const struck = new Map<string, number>();
  for (const { points } of runs) {
    for (const [site, point] of points) struck.set(site, (struck.get(site) ?? 0) + point.struck);
  }
  assert.deepEqual([...struck.keys()].sort(), CRASH_SITES);
  for (const [site, times] of struck) assert.ok(times > 0, `no crash at ${site}`);
});

test('one process and two on one store are both simulated', () => {
  const alone = runs.filter(({ processes }) => processes === 1).length;
  assert.ok(alone >= STRUCK_MIN && SEEDS - alone >= STRUCK_MIN, `${alone} of ${SEEDS} alone`);
});

test('the same seed gives the same run, another one another', async () => {
  for (const first of runs.slice(0, 5)) {
    const again = await simulate({ seed: first.seed });
    assert.equal(again.hash, first.hash);
  }
  assert.equal(new Set(runs.map(({ hash }) => hash)).size, SEEDS);
});
