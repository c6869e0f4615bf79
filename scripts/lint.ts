/**
 * `npm run lint`: types (the build before it), lint and format (biome), and the house's own rules:
 * layers, law 11, import cycles, tidiness, the top level. Exit 1 when anything is found.
 */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { lintTree } from './lint/rules.js';
import { readTree } from './lint/tree.js';
import { findRoot } from './root.js';

function runBiome(root: string): boolean {
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
  const colors = process.stdout.isTTY === true ? 'force' : 'off';
  const flags = ['ci', `--colors=${colors}`, '--error-on-warnings', '--max-diagnostics=50'];
  const run = spawnSync(process.execPath, [biome, ...flags], { cwd: root, stdio: 'inherit' });
  return run.status === 0;
}

/** The page has types of its own: the build before this one does not see them. */
function runPageTypes(root: string): boolean {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const flags = [tsc, '-p', join(root, 'runtime/console/web')];
  return spawnSync(process.execPath, flags, { cwd: root, stdio: 'inherit' }).status === 0;
}

function runRules(root: string): boolean {
  const tree = readTree(root);
  const findings = lintTree(tree);
  for (const { path, line, rule, text } of findings) {
    console.log(`${path}:${line}  ${rule}: ${text}`);
  }
  console.log(`${tree.sources.length} sources, ${findings.length} breaches of the house's rules`);
  return findings.length === 0;
}

const root = findRoot();
const results = [runPageTypes(root), runBiome(root), runRules(root)];
process.exitCode = results.every(Boolean) ? 0 : 1;
