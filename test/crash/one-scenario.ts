/**
 * A program: the crash matrix over its simplest scenario, for who breaks the switch on purpose.
 * Prints each problem behind the number of the law that it breaks; exit 1 if there is one.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAIL_LOAD } from './mail-scenarios.js';
import { runMatrix } from './matrix.js';

/** What the books call a breach. */
const LAWS: readonly (readonly [RegExp, string])[] = [
  [/DUPLICATE|duplicates of|lost more/, 'law 5'],
  [/WRONG PERSON/, 'law 7'],
  [/TWICE ACCEPTED|\d messages/, 'law 13'],
  [/NEVER ARRIVED/, 'law 6'],
  [/LOST|MISSING|did not arrive/, 'law 1'],
  [/OPEN/, 'law 9'],
];

const folder = mkdtempSync(join(tmpdir(), 'patchboard-matrix-'));
const load = { ...MAIL_LOAD, scenarios: MAIL_LOAD.scenarios.slice(0, 1) };
const { strikes, duplicates, problems } = await runMatrix(folder, load);
rmSync(folder, { recursive: true });
for (const problem of problems) {
  const [, law] = LAWS.find(([words]) => words.test(problem)) ?? [/./, 'broken'];
  console.log(`  ${law}: ${problem}`);
}
console.log(
  `${strikes.length} crash points, ${duplicates} duplicates, ${problems.length} problems`,
);
process.exit(problems.length > 0 ? 1 : 0);
