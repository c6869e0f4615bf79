/** The linter catches a bad tree, one example for each thing that it holds. */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { lintTree } from '../../scripts/lint/rules.js';
import { readTree } from '../../scripts/lint/tree.js';

const TSCONFIG = {
  compilerOptions: { target: 'es2023', module: 'nodenext', types: [], noResolve: true },
  include: ['schemas', 'actors', 'runtime', 'scripts', 'test'],
};
const REGISTRY = `/** The registry. */
import { pager } from './pager/index.js';
export const CHANNELS = [pager];
`;
const GOOD: Readonly<Record<string, string>> = {
  'tsconfig.json': JSON.stringify(TSCONFIG),
  'package.json': JSON.stringify({ scripts: { test: 'node test.js' } }),
  'package-lock.json': JSON.stringify({ packages: {} }),
  'README.md': 'A house.\n',
  'schemas/message.ts': '/** Data. */\nexport interface Message {\n  readonly id: string;\n}\n',
  'actors/channels/index.ts': REGISTRY,
  'actors/channels/pager/index.ts': "/** A pager. */\nexport const pager = { name: 'pager' };\n",
  'runtime/clock.ts': '/** Time. */\nexport const now = (): number => Date.now();\n',
  'test/runtime/clock.test.ts': "/** Time passes. */\ntest('time passes', () => {});\n",
};

/** `rule path:line` of every finding in the good tree with `changes` laid over it. */
function lint(t: TestContext, changes: Readonly<Record<string, string>>): string[] {
  const root = mkdtempSync(join(tmpdir(), 'patchboard-lint-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries({ ...GOOD, ...changes })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return lintTree(readTree(root)).map(({ rule, path, line }) => `${rule} ${path}:${line}`);
}

/** A source of ours: a header, then the lines given, from line 2 on. */
function source(...lines: string[]): string {
  return ['/** Header. */', ...lines, ''].join('\n');
}

test('a good tree is left in peace', (t) => {
  assert.deepEqual(lint(t, {}), []);
});

test('an import against the order of the layers is found', (t) => {
  const found = lint(t, {
    'schemas/bad.ts': source("import { pager } from '../actors/pager.js';", 'export { pager };'),
    'actors/bad.ts': source("export type { Store } from '../runtime/store.js';"),
    'runtime/bad.ts': source("export const harness = import('../test/harness.js');"),
    'runtime/good.ts': source("import type { Message } from '../schemas/message.js';"),
  });
  assert.deepEqual(found, [
    'layers actors/bad.ts:2',
    'layers runtime/bad.ts:2',
    'layers schemas/bad.ts:2',
  ]);
});

test('core and other channels reach a channel through the registry only', (t) => {
  const take = "import { pager } from '../channels/pager/index.js';";
  const found = lint(t, {
    'actors/user-manager/bad.ts': source(take),
    'actors/channels/fax/bad.ts': source("import { pager } from '../pager/index.js';"),
    'runtime/bad.ts': source("import '../actors/instant-messaging/protocols/xmpp/stream.js';"),
    'runtime/good.ts': source("import { CHANNELS } from '../actors/channels/index.js';"),
    'test/good.ts': source("import { pager } from '../actors/channels/pager/index.js';"),
  });
  assert.deepEqual(found, [
    'layers actors/channels/fax/bad.ts:2',
    'layers actors/user-manager/bad.ts:2',
    'layers runtime/bad.ts:2',
  ]);
});

test('core that says the name of a registered channel is found', (t) => {
  const found = lint(t, {
    'schemas/bad.ts': source("export type Kind = 'pager' | 'other';", 'interface PagerKind {}'),
    'actors/bad.ts': source(
      'export const key = (id: string): string => `address/pager/$' + '{id}`;',
      "export const isIt = (name: string): boolean => name === 'pager';",
      'export const its = (config: { pager: number }): number => config.pager;',
      "export const sentence = 'Sent to the pager of the subscriber.';",
    ),
    'actors/channels/pager/codec.ts': source("export const own = 'pager';"),
    'test/good.ts': source("export const own = 'pager';"),
  });
  assert.deepEqual(found, [
    'names actors/bad.ts:2',
    'names actors/bad.ts:3',
    'names actors/bad.ts:4',
    'names actors/bad.ts:4',
    'names schemas/bad.ts:2',
    'names schemas/bad.ts:3',
  ]);
});

test('an import cycle is found, of types too', (t) => {
  const found = lint(t, {
    'schemas/a.ts': source("import type { B } from './b.js';", 'export type A = B;'),
    'schemas/b.ts': source("import type { C } from './c.js';", 'export type B = C;'),
    'schemas/c.ts': source("import type { A } from './a.js';", 'export type C = A;'),
  });
  assert.deepEqual(found, ['cycles schemas/c.ts:1']);
});

test('time and chance beside the clock are found, and sleeping in tests', (t) => {
  const found = lint(t, {
    'actors/bad.ts': source(
      'export const a = Date.now();',
      'export const b = new Date();',
      'export const c = setTimeout(() => {}, 1);',
      'export const d = Math.random();',
      'export const e = globalThis.setInterval(() => {}, 1);',
      'export const good = new Date(0);',
    ),
    'test/bad.test.ts': source(
      "import { setTimeout } from 'node:timers/promises';",
      'await new Promise((resolve) => setTimeout(resolve, 100));',
      'export const good = setTimeout(() => process.exit(1), 1000);',
    ),
  });
  assert.deepEqual(found, [
    ...[2, 3, 4, 5, 6].map((line) => `clock actors/bad.ts:${line}`),
    'clock test/bad.test.ts:2',
    'clock test/bad.test.ts:3',
  ]);
});

test('what is too large is found', (t) => {
  const statements = (count: number): string[] => Array(count).fill('  call();');
  const found = lint(t, {
    'schemas/long.ts': source(...Array(400).fill('// a line')),
    'schemas/just.ts': source(...Array(399).fill('// a line')),
    'schemas/wide.ts': source(`// ${'x'.repeat(98)}`, `// ${'é'.repeat(97)}`),
    'schemas/tall.ts': source('function tall() {', ...statements(69), '}'),
    'schemas/right.ts': source('function right() {', ...statements(68), '}'),
    'test/group.test.ts': source("describe('it', () => {", ...statements(100), '});'),
  });
  assert.deepEqual(found, [
    'tidy schemas/long.ts:1',
    'tidy schemas/tall.ts:2',
    'tidy schemas/wide.ts:2',
  ]);
});

test('names that say nothing, missing headers and foreign line ends are found', (t) => {
  const found = lint(t, {
    'schemas/types.ts': source('export type A = string;'),
    'actors/common/thing.ts': source('export type A = string;'),
    'schemas/headless.ts': 'export type A = string;\n',
    'docs/operate.md': 'one\r\ntwo\r\n',
  });
  assert.deepEqual(found, [
    'tidy actors/common/thing.ts:1',
    'tidy docs/operate.md:1',
    'tidy schemas/types.ts:1',
    'tidy schemas/headless.ts:1',
  ]);
});

test('work put off and silenced checkers are found', (t) => {
  const found = lint(t, {
    'schemas/later.ts': source(
      `// ${'TO'}${'DO'}: later`,
      `// ${'FIX'}${'ME'}: later`,
      `// ${'@ts-'}${'ignore'}`,
      `// ${'biome-'}${'ignore'} lint: no`,
    ),
  });
  assert.deepEqual(
    found,
    [2, 3, 4, 5].map((line) => `tidy schemas/later.ts:${line}`),
  );
});

test('a test that is left out is found', (t) => {
  const found = lint(t, {
    'test/bad.test.ts': source(
      "test.skip('one', () => {});",
      "describe.only('two', () => {});",
      "test('three', { skip: true }, () => {});",
      "test('four', { todo: 'soon' }, (t) => t.skip());",
      "test('five', { timeout: 10 }, () => {});",
    ),
  });
  assert.deepEqual(
    found,
    [2, 3, 4, 5, 5].map((line) => `tests test/bad.test.ts:${line}`),
  );
});

test('a lock file without the builds of other platforms is found', (t) => {
  const fast = { version: '1.0.0', optionalDependencies: { 'fast-linux': '1', 'fast-sun': '1' } };
  const entries = { 'node_modules/fast': fast, 'node_modules/fast/node_modules/fast-linux': {} };
  const found = lint(t, { 'package-lock.json': JSON.stringify({ packages: entries }) });
  assert.deepEqual(found, ['package package-lock.json:1']);
});

test('strangers at the top level, too many scripts and a registry in the lock are found', (t) => {
  const names = Array.from({ length: 11 }, (_, index) => [`script${index}`, 'node x.js']);
  const lock = { packages: { 'node_modules/a': { resolved: 'https://registry.invalid/a.tgz' } } };
  const found = lint(t, {
    'vite.config.ts': source('export default {};'),
    'lib/thing.ts': source('export const thing = 1;'),
    '.editorconfig': 'root = true\n',
    'package.json': JSON.stringify({ scripts: Object.fromEntries(names) }),
    'package-lock.json': JSON.stringify(lock, null, 2),
  });
  assert.deepEqual(found, [
    'top level lib:1',
    'top level vite.config.ts:1',
    'package package-lock.json:4',
    'package package.json:1',
  ]);
});
