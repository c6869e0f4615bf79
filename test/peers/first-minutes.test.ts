/**
 * The first minutes of a newcomer: `npm start` in an empty folder, the printed line in another
 * terminal exactly as printed, and `patchboard track last`.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { test } from 'node:test';
import { atEnd } from '../harness/at-end.js';
import { temporaryFolder } from '../harness/files.js';
import { run, untilExit } from '../harness/program.js';
import { serviceFor } from '../harness/services.js';
import { cleanEnvironment, MAIN } from '../harness/switch-process.js';

const TIMEOUT = { timeout: 60_000 };
/** The lines of a mail's way, in their order. */
const WAY = ['received', 'stored', 'routed', 'dispatched', '✓ kept'];

async function printedLine(output: Readable): Promise<string> {
  let said = '';
  for await (const line of createInterface(output)) {
    if (line.trim().startsWith('curl ')) return line.trim();
    said += `${line}\n`;
  }
  return assert.fail(`it prints no line that sends a first message:\n${said}`);
}

test('the printed line works as printed, track shows its way', TIMEOUT, async (t) => {
  const curl = await serviceFor(t, 'curl');
  if (curl === undefined) return;
  const folder = temporaryFolder(t);
  const environment = cleanEnvironment();
  const child = spawn(process.execPath, [MAIN, 'start'], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  atEnd(t, async () => {
    child.kill('SIGKILL');
    await untilExit(child);
  });
  const sent = await run('sh', ['-c', await printedLine(child.stdout)], { environment });
  assert.equal(sent.code, 0, sent.stderr);
  const words = [MAIN, 'track', 'last', '--wait'];
  const { code, stdout, stderr } = await run(process.execPath, words, { folder, environment });
  assert.equal(code, 0, stderr);
  const [, headline = '', state = '', ...way] = /^(.*)\n(.*)\n([\s\S]*)$/.exec(stdout) ?? [];
  assert.match(headline, / {2}"Hello" {2}you@example\.org .*→ demo@patchboard\.localhost$/);
  assert.equal(state, 'confirmed · kept in inbox');
  const places = WAY.map((word) => way.join('').search(new RegExp(`\\s${word}\\s`)));
  const inOrder = [...places].sort((a, b) => a - b);
  assert.ok(!places.includes(-1), stdout);
  assert.deepEqual(places, inOrder);
});
