/**
 * `npm run sim -- --seed N`, `npm run sim -- --seeds FROM-TO`: the whole switch in one process,
 * with simulated time, chance and faults; the same seed gives the same run.
 *
 * Says for each run what struck and how it ended, and every law that was broken, by its number;
 * exit 1 if one was. `--until-red` ends there; `--events` prints everything that happened;
 * `--without "hint dropped"` leaves one kind of fault out of an otherwise equal run.
 */

import { parseArgs } from 'node:util';
import { FAULT_KINDS } from '../test/sim/faults.js';
import { type Simulation, simulate } from '../test/sim/simulate.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string' },
    without: { type: 'string' },
    events: { type: 'boolean', default: false },
    'until-red': { type: 'boolean', default: false },
  },
});

function seedsWanted(): readonly number[] {
  const [from = '', to = from] = (values.seeds ?? values.seed).split('-');
  const [first, last] = [Number(from), Number(to)];
  if (from === '' || !Number.isSafeInteger(first) || !Number.isSafeInteger(last) || last < first) {
    throw new Error(`"${values.seeds ?? values.seed}" is no seed: write 7, or 1-200`);
  }
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

function tell(run: Simulation): void {
  const { seed, processes, strikes, balance, hash, violations, lines } = run;
  for (const line of lines) console.log(line);
  const struck = FAULT_KINDS.filter((kind) => strikes[kind] > 0);
  const faults = struck.map((kind) => `${strikes[kind]} × ${kind}`).join(', ') || 'no faults';
  const { accepted, confirmed, failed, copies } = balance;
  const ends = `${accepted} accepted, ${confirmed} confirmed, ${failed} failed, ${copies} copies`;
  console.log(`seed ${seed}: ${processes} process(es); ${faults}; ${ends}; ${hash.slice(0, 16)}`);
  for (const { law, text, at } of violations) console.log(`  ${law}: ${text} (at ${at} ms)`);
}

const without = FAULT_KINDS.find((kind) => kind === values.without);
let red = 0;
for (const seed of seedsWanted()) {
  const kind = without === undefined ? {} : { without };
  const run = await simulate({ seed, keepLines: values.events, ...kind });
  tell(run);
  if (run.violations.length > 0) red += 1;
  if (red > 0 && values['until-red']) break;
}
if (red > 0) {
  console.log(`${red} of the runs broke a law`);
  process.exitCode = 1;
}
