/**
 * Time and chance come from the injected clock: nothing in schemas, actors and runtime but
 * the two clock.ts asks the machine for them. Everywhere else code and tests wait for events:
 * nothing sleeps.
 */

import {
  isArrowFunction,
  isCallExpression,
  isIdentifier,
  isNewExpression,
  isParameterDeclaration,
  type Node,
} from 'typescript/unstable/ast';
import { calledName, dottedName, everyNode, importsOf, lineOfNode } from './syntax.js';
import type { Finding, Source, Tree } from './tree.js';

/** The switch's, and the page's own. */
const CLOCKS = new Set(['runtime/clock.ts', 'runtime/console/web/clock.ts']);
const INJECTED = /^(schemas|actors|runtime)\//;
const TIME_AND_CHANCE = new Set([
  'Date',
  'Date.now',
  'Math.random',
  'performance.now',
  'process.hrtime',
  'process.hrtime.bigint',
  'setTimeout',
  'setInterval',
  'AbortSignal.timeout',
  'randomBytes',
  'randomInt',
  'randomUUID',
  'getRandomValues',
  'randomFillSync',
]);
const CALLED_ON = /^(globalThis|crypto|timers|webcrypto)\./;
const SLEEPING_MODULE = /^(node:)?timers\/promises$/;

/** Time or chance beside the clock; sleeping anywhere. */
export function clock(tree: Tree): Finding[] {
  return tree.sources.flatMap((source) => {
    if (CLOCKS.has(source.path)) return [];
    return INJECTED.test(source.path) ? asksTheMachine(source) : sleeps(source);
  });
}

function asksTheMachine(source: Source): Finding[] {
  const findings: Finding[] = [];
  everyNode(source, (node) => {
    const name = calledName(node).replace(CALLED_ON, '');
    const now = isNewExpression(node) && (node.arguments?.length ?? 0) === 0;
    if (!TIME_AND_CHANCE.has(name) && !(now && dottedName(node.expression) === 'Date')) return;
    const text = `${now ? 'new Date()' : name} beside the clock: take it from the injected Clock`;
    findings.push({ rule: 'clock', path: source.path, line: lineOfNode(source, node), text });
  });
  return findings;
}

function sleeps(source: Source): Finding[] {
  const findings: Finding[] = [];
  const add = (line: number): void => {
    const text = 'a sleep: wait for the event instead';
    findings.push({ rule: 'clock', path: source.path, line, text });
  };
  for (const { specifier, line } of importsOf(source)) {
    if (SLEEPING_MODULE.test(specifier)) add(line);
  }
  everyNode(source, (node) => {
    if (isSleep(node)) add(lineOfNode(source, node));
  });
  return findings;
}

/** `new Promise((resolve) => setTimeout(resolve, …))`, with braces or without. */
function isSleep(node: Node): boolean {
  if (!isNewExpression(node) || dottedName(node.expression) !== 'Promise') return false;
  const [executor] = node.arguments ?? [];
  if (executor === undefined || !isArrowFunction(executor)) return false;
  const [resolve] = executor.parameters;
  if (resolve === undefined || !isParameterDeclaration(resolve)) return false;
  const name = isIdentifier(resolve.name) ? resolve.name.text : '';
  let found = false;
  const search = (inner: Node): void => {
    if (isCallExpression(inner) && dottedName(inner.expression) === 'setTimeout') {
      const [called] = inner.arguments;
      if (called !== undefined && dottedName(called) === name) found = true;
    }
    inner.forEachChild(search);
  };
  executor.forEachChild(search);
  return found;
}
