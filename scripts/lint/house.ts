/**
 * The house: the fixed top level, the short list of npm scripts, a lock file that names no
 * registry, and tests that all run.
 */

import {
  isCallExpression,
  isIdentifier,
  isObjectLiteralExpression,
  isPropertyAssignment,
  type Node,
} from 'typescript/unstable/ast';
import { calledName, dottedName, everyNode, lineOfNode } from './syntax.js';
import type { Finding, Source, Tree } from './tree.js';

const SCRIPTS_MAX = 10;
const TOP_LEVEL = new Set([
  'actors',
  'runtime',
  'schemas',
  'scripts',
  'test',
  'docs',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'nats.conf',
  'patchboard.example.yaml',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'dist',
  'data',
  'node_modules',
]);
/** Configuration that its tool finds only at the root. */
const TOOLS = new Set(['biome.json']);

/** Strange things at the top level. */
export function topLevel(tree: Tree): Finding[] {
  return tree.top
    .filter((name) => !name.startsWith('.') && !TOP_LEVEL.has(name) && !TOOLS.has(name))
    .map((path) => ({
      rule: 'top level',
      path,
      line: 1,
      text: 'does not belong at the top level: find its folder',
    }));
}

/** npm runs it by itself, after an installation and before publishing; nobody types it. */
const LIFECYCLE = new Set(['prepare']);

/** package.json and package-lock.json. */
export function packageFiles(tree: Tree): Finding[] {
  const findings: Finding[] = [];
  for (const { path, text } of tree.files) {
    if (path === 'package.json') {
      const count = countScripts(text);
      if (count > SCRIPTS_MAX) {
        const words = `${count} npm scripts; at most ${SCRIPTS_MAX}`;
        findings.push({ rule: 'package', path, line: 1, text: words });
      }
    }
    if (path === 'package-lock.json') {
      const line = text.split('\n').findIndex((row) => /"resolved": *"https?:/.test(row)) + 1;
      const words = 'names a registry: install with omit-lockfile-registry-resolved';
      if (line > 0) findings.push({ rule: 'package', path, line, text: words });
      findings.push(...incompleteLock(path, text));
    }
  }
  return findings;
}

/**
 * Builds for other platforms that a package names and the lock file lacks: `npm ci` refuses it.
 * It happens where a registry does not have every build of the newest version.
 */
function incompleteLock(path: string, text: string): Finding[] {
  const packages = entriesOf(propertyOf(JSON.parse(text), 'packages'));
  const known = new Set(packages.map(([place]) => place.replace(/^.*node_modules\//, '')));
  const wanted = packages.flatMap(([, about]) =>
    entriesOf(propertyOf(about, 'optionalDependencies')),
  );
  const absent = wanted.map(([name]) => name).filter((name) => !known.has(name));
  if (absent.length === 0) return [];
  const words = `lacks ${absent.join(', ')}: take a version whose builds are all to be had`;
  return [{ rule: 'package', path, line: 1, text: words }];
}

function propertyOf(value: unknown, name: string): unknown {
  return entriesOf(value).find(([key]) => key === name)?.[1];
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}

function countScripts(text: string): number {
  const scripts = entriesOf(propertyOf(JSON.parse(text), 'scripts'));
  return scripts.filter(([name]) => !LIFECYCLE.has(name)).length;
}

const TEST_FUNCTION = /^(test|it|describe|suite|t|context)$/;
const LEFT_OUT = /^(test|it|describe|suite|t|context)\.(skip|only|todo)$/;
const LEFT_OUT_OPTION = /^(skip|only|todo)$/;

/** Tests that do not run, or keep the others from running. */
export function leftOut(tree: Tree): Finding[] {
  return tree.sources
    .filter((source) => source.path.startsWith('test/'))
    .flatMap((source) => leftOutIn(source));
}

function leftOutIn(source: Source): Finding[] {
  const findings: Finding[] = [];
  everyNode(source, (node) => {
    const name = calledName(node);
    const what = LEFT_OUT.test(name) ? name : optionThatLeavesOut(node, name);
    if (what === undefined) return;
    const text = `${what}: every test runs`;
    findings.push({ rule: 'tests', path: source.path, line: lineOfNode(source, node), text });
  });
  return findings;
}

function optionThatLeavesOut(node: Node, called: string): string | undefined {
  const test = TEST_FUNCTION.test(called.split('.')[0] ?? '');
  if (!isCallExpression(node) || !test) return undefined;
  for (const argument of node.arguments) {
    if (!isObjectLiteralExpression(argument)) continue;
    for (const property of argument.properties) {
      if (!isPropertyAssignment(property) || !isIdentifier(property.name)) continue;
      const name = dottedName(property.name);
      if (LEFT_OUT_OPTION.test(name)) return `{ ${name} }`;
    }
  }
  return undefined;
}
