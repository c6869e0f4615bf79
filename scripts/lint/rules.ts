/** The linter's own rules, in the order in which they report. */

import { clock } from './clock.js';
import { leftOut, packageFiles, topLevel } from './house.js';
import { cycles, layers, names } from './layers.js';
import { tidy } from './tidy.js';
import type { Finding, Rule, Tree } from './tree.js';

export const RULES: readonly Rule[] = [
  topLevel,
  packageFiles,
  layers,
  names,
  cycles,
  clock,
  tidy,
  leftOut,
];

/** Every breach of every rule. */
export function lintTree(tree: Tree): Finding[] {
  return RULES.flatMap((rule) => rule(tree));
}
