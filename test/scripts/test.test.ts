/** The test runner finds every test, and is not fooled by a run that left tests out. */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { type TestContext, test } from 'node:test';
import { findTests, readSummary, whyNotGood } from '../../scripts/test.js';

function layOut(t: TestContext, paths: readonly string[]): string {
  const root = mkdtempSync(join(tmpdir(), 'patchboard-runner-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const path of paths) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), '');
  }
  return root;
}

test('tests are found at any depth, if their source is still there', (t) => {
  const root = layOut(t, [
    'test/a.test.ts',
    'test/deep/er/b.test.ts',
    'dist/test/a.test.js',
    'dist/test/deep/er/b.test.js',
    'dist/test/deep/harness.js',
    'dist/test/removed.test.js',
  ]);
  const find = (...patterns: string[]): string[] =>
    findTests(join(root, 'dist'), root, patterns).map((path) => relative(root, path));
  assert.deepEqual(find(), ['dist/test/a.test.js', 'dist/test/deep/er/b.test.js']);
  assert.deepEqual(find('er/b'), ['dist/test/deep/er/b.test.js']);
  assert.deepEqual(find('nothing'), []);
});

test('a run that left tests out, or ran none, is not good', () => {
  const summary = (pass: number, skipped: number, todo: number): string[] => [
    `# tests ${pass + skipped + todo}`,
    `# pass ${pass}`,
    '# fail 0',
    '# cancelled 0',
    `# skipped ${skipped}`,
    `# todo ${todo}`,
  ];
  assert.equal(whyNotGood(readSummary(summary(3, 0, 0))), undefined);
  assert.match(whyNotGood(readSummary(summary(3, 1, 0))) ?? '', /1 skipped/);
  assert.match(whyNotGood(readSummary(summary(3, 0, 2))) ?? '', /2 put off/);
  assert.equal(whyNotGood(readSummary(summary(0, 0, 0))), 'no test ran');
  assert.equal(whyNotGood(readSummary([])), 'no test ran');
});
