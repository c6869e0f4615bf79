/** The net holds: what breaks a law on purpose is noticed, by the number of the law. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Copy, misfit, readMutants } from '../../scripts/mutants.js';
import { findRoot } from '../../scripts/root.js';

const root = findRoot();
const mutants = readMutants(root);

/** Issue 3 names these. */
const REQUIRED = [
  'answer-before-flush',
  'dot-before-bytes-sent',
  'observation-lost',
  'open-without-due',
  'outbox-dropped',
  'save-without-compare',
];

describe('mutants', () => {
  let copy: Copy;
  before(() => {
    copy = new Copy(root);
  });
  after(() => copy.remove());

  it('are all there, and each patch fits the sources', () => {
    const names = mutants.map(({ name }) => name);
    assert.deepEqual(
      REQUIRED.filter((name) => !names.includes(name)),
      [],
    );
    assert.deepEqual(
      mutants.flatMap((mutant) => misfit(root, mutant) ?? []),
      [],
    );
  });

  for (const caughtBy of new Set(mutants.map((mutant) => mutant.caughtBy))) {
    it(`are none in the unpatched copy: ${caughtBy} is green`, () => {
      const { red, output } = copy.judge(caughtBy);
      assert.equal(red, false, output);
    });
  }

  for (const mutant of mutants) {
    it(`caught: ${mutant.how}`, (t) => {
      const { red, because, output } = copy.judgeMutant(mutant);
      assert.ok(red, `${mutant.name} lives`);
      assert.ok(because !== undefined, `nothing named ${mutant.breaks}:\n${output}`);
      t.diagnostic(`${mutant.name}: ${because}`);
    });
  }
});
