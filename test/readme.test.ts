/** The README says what is true: its statechart is the machine's, its folders are there. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { messageMachine } from '../actors/message-manager/machine.js';
import { mermaidOf } from '../runtime/kernel/chart.js';
import { findRoot } from '../scripts/root.js';

const root = findRoot();
const readme = readFileSync(join(root, 'README.md'), 'utf8');

test("the README's statechart is the machine's", () => {
  const drawn = /```mermaid\n([\s\S]*?)\n```/.exec(readme)?.[1];
  const wanted = mermaidOf(messageMachine);
  assert.equal(drawn, wanted, `put this into the README:\n${wanted}`);
});

test('every folder that the README names is there', () => {
  const named = [...readme.matchAll(/^\| `([a-z-]+\/[a-z-/]*)`/gm)].map(([, path]) => path ?? '');
  assert.ok(named.length > 10, `only ${named.length} folders are named`);
  for (const path of named) assert.ok(existsSync(join(root, path)), `${path} is not there`);
});

test('every npm script that the README names is there', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const named = [
    ...readme.matchAll(/npm (?:run )?(dev|test|check|lint|sim|bench|mutants|start|services)\b/g),
  ];
  assert.ok(named.length > 5);
  for (const [, name = ''] of named) assert.ok(name in scripts, `no script ${name}`);
});
