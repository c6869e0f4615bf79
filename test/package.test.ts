/** What is published: the program and its built page, and nothing of the workshop. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { findRoot } from '../scripts/root.js';

interface Packed {
  readonly files: readonly { readonly path: string }[];
}

test('the package holds the program and the page that `npm run prepare` built', () => {
  const flags = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const ran = spawnSync('npm', flags, { cwd: findRoot(), encoding: 'utf8' });
  assert.equal(ran.status, 0, ran.stderr);
  const [packed]: Packed[] = JSON.parse(ran.stdout);
  const paths = packed?.files.map(({ path }) => path) ?? [];
  const page = 'dist/runtime/console/web/';
  const wanted = [
    ...['dist/runtime/main.js', 'dist/actors/channels/index.js', 'schemas/umf.xsd', 'README.md'],
    ...[`${page}index.html`, `${page}sw.js`, `${page}manifest.webmanifest`],
  ];
  for (const path of wanted) assert.ok(paths.includes(path), `${path} is missing`);
  assert.ok(paths.some((path) => path.startsWith(`${page}assets/`) && path.endsWith('.js')));
  const strange = paths.filter((path) => /^(dist\/)?(test|scripts)\//.test(path));
  assert.deepEqual(strange, []);
});
