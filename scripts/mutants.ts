/**
 * `npm test -- mutants`, or after it `node dist/scripts/mutants.js [name …]`: does the net hold?
 * Breaks the switch on purpose, one law at a time, and runs what must notice.
 *
 * Stages: a copy of the sources is built and must be green · each patch of test/mutants is applied
 * to the copy, built, and must be red in words that name the law it breaks · it is taken back.
 * A patch begins with what it breaks, how, and what catches it: `sim`, `matrix` (the crash matrix,
 * a part of it), or a test file.
 * Exit 1 when the copy is not green or a mutant lives.
 */

import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findRoot } from './root.js';

const COPIED = ['schemas', 'actors', 'runtime', 'scripts', 'test', 'package.json', 'tsconfig.json'];
/** Enough for each of the mutants to be met; the whole 200 run as tests. */
const SEEDS = '1-40';
const MATRIX = 'dist/test/crash/one-scenario.js';
const RUN_MAX_MS = 240_000;
const OUTPUT_MAX_BYTES = 64 * 1024 * 1024;

export interface Mutant {
  readonly name: string;
  /** "law 5": how what catches it calls it. */
  readonly breaks: string;
  readonly how: string;
  readonly caughtBy: string;
  readonly changes: readonly Change[];
}

/** One hunk of a patch, as text to find and text to put there. */
interface Change {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

export interface Verdict {
  readonly red: boolean;
  /** The line that tells which law was broken. */
  readonly because: string | undefined;
  readonly output: string;
}

/** The patches of a checkout. */
export function readMutants(root: string): Mutant[] {
  const folder = join(root, 'test/mutants');
  const files = readdirSync(folder).filter((file) => file.endsWith('.patch'));
  return files.sort().map((file) => readMutant(join(folder, file)));
}

function readMutant(path: string): Mutant {
  const text = readFileSync(path, 'utf8');
  const field = (name: string): string => {
    const value = new RegExp(`^${name}: (.+)$`, 'm').exec(text)?.[1];
    if (value === undefined) throw new Error(`${path} does not say "${name}: …" above its diff`);
    return value;
  };
  return {
    name: basename(path, '.patch'),
    breaks: field('breaks'),
    how: field('how'),
    caughtBy: field('caught by'),
    changes: readDiff(text),
  };
}

/** The hunks of a unified diff; its line numbers do not matter. */
function readDiff(text: string): Change[] {
  const changes: { path: string; before: string; after: string }[] = [];
  let path = '';
  for (const line of text.split('\n')) {
    const current = changes.at(-1);
    if (line.startsWith('--- ')) continue;
    if (line.startsWith('+++ b/')) path = line.slice('+++ b/'.length);
    else if (line.startsWith('@@')) changes.push({ path, before: '', after: '' });
    else if (current !== undefined) {
      const content = `${line.slice(1)}\n`;
      if (/^[ -]/.test(line)) current.before += content;
      if (/^[ +]/.test(line)) current.after += content;
    }
  }
  return changes;
}

/** Why a patch does not fit the sources any more; undefined: it does. */
export function misfit(root: string, { name, changes }: Mutant): string | undefined {
  if (changes.length === 0) return `${name} changes nothing`;
  for (const { path, before } of changes) {
    const places = readFileSync(join(root, path), 'utf8').split(before).length - 1;
    if (places !== 1) return `${name}: its text is ${places} times in ${path}, once is right`;
  }
  return undefined;
}

/** A built copy of the checkout, to be broken. */
export class Copy {
  readonly folder: string;
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
    this.folder = mkdtempSync(join(tmpdir(), 'patchboard-mutants-'));
    for (const name of COPIED) {
      cpSync(join(root, name), join(this.folder, name), { recursive: true });
    }
    symlinkSync(join(root, 'node_modules'), join(this.folder, 'node_modules'));
  }

  /** Runs what catches mutants on the copy as it is. */
  judge(caughtBy: string, law?: string): Verdict {
    this.#build();
    const run = this.#run(caughtBy);
    const output = `${run.stdout}${run.stderr}`;
    const because = output.split('\n').find((line) => law !== undefined && tells(line, law));
    return { red: run.status !== 0, because: because?.trim(), output };
  }

  /** The same with a mutant in it; the copy is whole again afterwards. */
  judgeMutant(mutant: Mutant): Verdict {
    const wrong = misfit(this.folder, mutant);
    if (wrong !== undefined) throw new Error(wrong);
    for (const { path, before, after } of mutant.changes) {
      const file = join(this.folder, path);
      // A function: the text may hold what String.replace gives a meaning.
      writeFileSync(
        file,
        readFileSync(file, 'utf8').replace(before, () => after),
      );
    }
    try {
      return this.judge(mutant.caughtBy, mutant.breaks);
    } finally {
      for (const { path } of mutant.changes) {
        cpSync(join(this.#root, path), join(this.folder, path));
      }
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  /** Emits whatever the types say: a mutant may leave something unused. */
  #build(): void {
    rmSync(join(this.folder, 'dist'), { recursive: true, force: true });
    this.#node(join(this.folder, 'node_modules/typescript/bin/tsc'));
  }

  #run(caughtBy: string) {
    if (caughtBy === 'sim') return this.#sim();
    if (caughtBy === 'matrix') return this.#node(join(this.folder, MATRIX));
    return this.#test(caughtBy);
  }

  #sim() {
    const script = join(this.folder, 'dist/scripts/sim.js');
    return this.#node(script, '--seeds', SEEDS, '--until-red');
  }

  #test(file: string) {
    const script = join(this.folder, 'dist/test', file);
    return this.#node('--test', '--test-reporter=tap', script);
  }

  #node(...args: string[]) {
    // A test that runs tests tells them so, and they would print for it and not for us.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    return spawnSync(process.execPath, args, {
      cwd: this.folder,
      env,
      encoding: 'utf8',
      timeout: RUN_MAX_MS,
      maxBuffer: OUTPUT_MAX_BYTES,
    });
  }
}

/** A line that reports the law as broken: of the simulation, or of a failed test. */
function tells(line: string, law: string): boolean {
  const [, found] = /^(?:\s+|\s*not ok .*?)(law \d+)\b/.exec(line) ?? [];
  return found === law;
}

/** A patch that does not fit is told beside the others. */
function judgeOr(copy: Copy, mutant: Mutant): Pick<Verdict, 'red' | 'because'> {
  const wrong = misfit(copy.folder, mutant);
  if (wrong === undefined) return copy.judgeMutant(mutant);
  console.log(wrong);
  return { red: false, because: undefined };
}

function main(names: readonly string[]): void {
  const root = findRoot();
  const mutants = readMutants(root).filter(
    ({ name }) => names.length === 0 || names.includes(name),
  );
  const copy = new Copy(root);
  let good = mutants.length > 0;
  for (const caughtBy of new Set(mutants.map((mutant) => mutant.caughtBy))) {
    const { red, output } = copy.judge(caughtBy);
    good &&= !red;
    console.log(`${red ? 'RED  ' : 'green'}  the unpatched copy, by ${caughtBy}`);
    if (red) console.log(output);
  }
  for (const mutant of mutants) {
    const { red, because } = judgeOr(copy, mutant);
    const caught = red && because !== undefined;
    good &&= caught;
    console.log(`${caught ? 'caught' : 'LIVES '} ${mutant.name}: ${mutant.how}`);
    console.log(`        ${because ?? `nothing named ${mutant.breaks}`}`);
  }
  copy.remove();
  process.exitCode = good ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
