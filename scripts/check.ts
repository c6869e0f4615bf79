/**
 * `npm run check`: exactly what CI runs after a clean install. Types (the build before it), the
 * real parts that tests need, lint, tests. All of it runs even if an early part fails, so that one
 * run tells everything; the test runner's summary comes last.
 */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

interface Part {
  readonly name: string;
  readonly file: string;
}

const PARTS: readonly Part[] = [
  { name: 'services', file: 'services.js' },
  { name: 'lint', file: 'lint.js' },
  { name: 'tests', file: 'test.js' },
];

/** Services come ahead under CI only; elsewhere `npm run services` is a person's choice. */
function isWanted(part: Part): boolean {
  return part.name !== 'services' || (process.env['CI'] ?? '') !== '';
}

const failed = PARTS.filter(isWanted).filter(({ file }) => {
  const run = spawnSync(process.execPath, [join(import.meta.dirname, file)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return run.status !== 0;
});

if (failed.length > 0) {
  console.error(`check failed: ${failed.map(({ name }) => name).join(', ')}`);
  process.exitCode = 1;
}
