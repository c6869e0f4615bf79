/** Real parts come from the environment first, and what is missing is said in full. */

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { need } from '../../scripts/services.js';

/** Sets variables for one test; undefined removes one. */
function environment(t: TestContext, changes: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(changes)) {
    const before = process.env[name];
    t.after(() => set(name, before));
    set(name, value);
  }
}

function set(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}

test('a program given in the environment goes before the one on the PATH', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'patchboard-services-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const name of ['swaks', 'mine']) {
    writeFileSync(join(folder, name), '#!/bin/sh\n');
    chmodSync(join(folder, name), 0o755);
  }
  environment(t, { PATH: folder, PATCHBOARD_TEST_SWAKS: undefined });
  const found = await need('swaks');
  assert.deepEqual('programs' in found && found.programs, { swaks: join(folder, 'swaks') });
  environment(t, { PATCHBOARD_TEST_SWAKS: join(folder, 'mine') });
  const given = await need('swaks');
  assert.deepEqual('programs' in given && given.programs, { swaks: join(folder, 'mine') });
  assert.match('how' in given ? given.how : '', /PATCHBOARD_TEST_SWAKS/);
});

test('a missing program is not installed outside CI; the words say how to get it', async (t) => {
  environment(t, { CI: undefined, PATCHBOARD_TEST_SMTP_SINK: '/nowhere/smtp-sink' });
  const postfix = await need('postfix');
  assert.match('missing' in postfix ? postfix.missing : '', /no .*smtp-sink.*npm run services/);
});
