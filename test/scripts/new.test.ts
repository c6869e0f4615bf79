/** `npm run new -- channel NAME` makes a channel that is registered, builds and works. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { newChannel } from '../../scripts/new.js';
import { findRoot } from '../../scripts/root.js';

const COPIED = ['schemas', 'actors', 'runtime', 'test', 'scripts'];
const FILES = ['package.json', 'tsconfig.json', 'patchboard.example.yaml'];

function aTree(t: TestContext): string {
  const root = findRoot();
  const folder = mkdtempSync(join(tmpdir(), 'patchboard-new-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const name of [...COPIED, ...FILES]) {
    cpSync(join(root, name), join(folder, name), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

function node(folder: string, ...args: readonly string[]) {
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
  return spawnSync(process.execPath, [...args], { cwd: folder, encoding: 'utf8', env });
}

test('a new channel builds, keeps its contract, and does what the template does', (t) => {
  const folder = aTree(t);
  const made = newChannel(folder, 'pager');
  assert.ok(made.ok, made.ok ? '' : made.message);
  assert.ok(made.files.every((file) => existsSync(join(folder, file))));
  assert.match(readFileSync(join(folder, 'actors/channels/index.ts'), 'utf8'), /createPager/);
  assert.match(readFileSync(join(folder, 'patchboard.example.yaml'), 'utf8'), /^pager:$/m);
  const built = node(folder, join(folder, 'node_modules/typescript/bin/tsc'));
  assert.equal(built.status, 0, built.stdout);
  const tests = ['actors/channels/pager/pager', 'conformance/channel', 'runtime/example'];
  const files = tests.map((name) => join(folder, 'dist/test', `${name}.test.js`));
  const ran = node(folder, '--test', '--test-reporter=tap', ...files);
  assert.equal(ran.status, 0, ran.stdout.slice(-4000));
  assert.match(ran.stdout, /pager/);
});

test('a name that cannot be had changes nothing', (t) => {
  const folder = aTree(t);
  const registry = () => readFileSync(join(folder, 'actors/channels/index.ts'), 'utf8');
  const before = registry();
  for (const name of ['', 'Pager', '../x', 'a-b', 'loopback', 'x'.repeat(40)]) {
    assert.equal(newChannel(folder, name).ok, false, name);
  }
  assert.equal(registry(), before);
});
