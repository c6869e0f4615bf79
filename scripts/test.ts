/**
 * `npm test -- [pattern …]`: runs the built tests with Node's own runner.
 *
 * Stages: find every `*.test.js` of the build whose source is still there · keep those whose path
 * contains one of the patterns · run them, two files at a time · pass the output on as it comes.
 * The runner's summary is the last thing printed. Under CI the output is TAP, and a test that was
 * left out fails the run; finding no test at all always does.
 */

import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findRoot } from './root.js';

const FILES_AT_ONCE = 2;
/** A single test may take so long before it counts as hanging. */
const TEST_TIMEOUT_MS = 15 * 60_000;
const SUMMARY = /^# (pass|fail|cancelled|skipped|todo) (\d+)$/;

export interface Summary {
  readonly pass: number;
  readonly fail: number;
  readonly cancelled: number;
  readonly skipped: number;
  readonly todo: number;
}

/** Built tests below `build`/test whose source is below `root`/test, in order of their names. */
export function findTests(build: string, root: string, patterns: readonly string[]): string[] {
  const folder = join(build, 'test');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.js'))
    .filter((path) => existsSync(join(root, 'test', path.replace(/\.js$/, '.ts'))))
    .filter((path) => patterns.length === 0 || patterns.some((pattern) => path.includes(pattern)))
    .sort()
    .map((path) => join(folder, path));
}

/** The numbers of the runner's summary, from the last lines of its TAP output. */
export function readSummary(lines: readonly string[]): Summary {
  const numbers: Record<string, number> = {};
  for (const line of lines) {
    const [, name, value] = SUMMARY.exec(line) ?? [];
    if (name !== undefined) numbers[name] = Number(value);
  }
  const number = (name: string): number => numbers[name] ?? 0;
  return {
    pass: number('pass'),
    fail: number('fail'),
    cancelled: number('cancelled'),
    skipped: number('skipped'),
    todo: number('todo'),
  };
}

/** Why a run whose exit code is 0 is a failure all the same; undefined: it is none. */
export function whyNotGood(summary: Summary): string | undefined {
  const { pass, skipped, todo } = summary;
  if (pass === 0) return 'no test ran';
  if (skipped + todo > 0) return `${skipped} skipped, ${todo} put off: under CI every test runs`;
  return undefined;
}

function runnerFlags(files: readonly string[], reporter: 'spec' | 'tap'): string[] {
  return [
    '--enable-source-maps',
    '--test',
    `--test-concurrency=${FILES_AT_ONCE}`,
    `--test-timeout=${TEST_TIMEOUT_MS}`,
    `--test-reporter=${reporter}`,
    ...files,
  ];
}

/** Passes TAP on, keeps the unindented comment lines, of which the summary is made. */
function runForCi(files: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, runnerFlags(files, 'tap'), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const comments: string[] = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    process.stdout.write(text);
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    comments.push(...lines.filter((line) => line.startsWith('# ')));
  });
  return new Promise((resolve) => {
    child.on('close', (code) => {
      const why = whyNotGood(readSummary(comments));
      if (why !== undefined) console.error(`the run is not good: ${why}`);
      resolve(code === 0 && why === undefined ? 0 : 1);
    });
  });
}

function runForPeople(files: readonly string[]): Promise<number> {
  const reporter = process.stdout.isTTY === true ? 'spec' : 'tap';
  const child = spawn(process.execPath, runnerFlags(files, reporter), { stdio: 'inherit' });
  return new Promise((resolve) => {
    child.on('close', (code) => resolve(code ?? 1));
  });
}

/** Runs the tests of this build; resolves to the exit code. */
export async function runTests(patterns: readonly string[]): Promise<number> {
  const root = findRoot();
  const build = join(import.meta.dirname, '..');
  const files = findTests(build, root, patterns).map((path) => relative(process.cwd(), path));
  if (files.length === 0) {
    console.error(`no test file matches ${patterns.join(' ') || 'test/**/*.test.ts'}`);
    return 1;
  }
  return (process.env['CI'] ?? '') === '' ? runForPeople(files) : runForCi(files);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = await runTests(process.argv.slice(2));
}
