/**
 * The tree as the rules of the linter see it: every file of ours, and the syntax tree of each
 * TypeScript file.
 *
 * Stages: walk the directory · read every text file · let the compiler's own parser (one child
 * process) parse the sources · hand out plain data. Paths are relative to the root, with `/`.
 * Ignored: what git ignores (dist, data, node_modules), dot-directories, and test/fixtures, which
 * holds other people's bytes and the linter's own bad examples.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SourceFile } from 'typescript/unstable/ast';
import { API } from 'typescript/unstable/sync';

/** One breach of a rule; `line` counts from 1. */
export interface Finding {
  readonly rule: string;
  readonly path: string;
  readonly line: number;
  readonly text: string;
}

export interface Source {
  readonly path: string;
  readonly text: string;
  readonly ast: SourceFile;
  /** Line (from 1) of a position. */
  lineOf(position: number): number;
}

export interface TextFile {
  readonly path: string;
  readonly text: string;
}

export interface Tree {
  readonly root: string;
  /** Names at the top level, ignored ones too. */
  readonly top: readonly string[];
  /** Every text file of ours, the sources among them. */
  readonly files: readonly TextFile[];
  readonly sources: readonly Source[];
}

export type Rule = (tree: Tree) => Finding[];

const IGNORED = new Set(['dist', 'data', 'node_modules']);
const FIXTURES = 'test/fixtures';
/** What runs in Node, and what runs in the browser. */
const PROJECTS = ['tsconfig.json', 'runtime/console/web/tsconfig.json'];
const TEXT_FILE =
  /(\.(tsx?|js|css|html|json|md|yaml|conf|xsd|sh)|^\.[a-z]+|LICENSE|Containerfile)$/;

function walk(root: string, folder: string): string[] {
  const paths: string[] = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isFile()) paths.push(path);
    if (!entry.isDirectory() || entry.name.startsWith('.') || path === FIXTURES) continue;
    if (!IGNORED.has(path)) paths.push(...walk(root, path));
  }
  return paths;
}

function parseSources(root: string, files: readonly TextFile[]): Source[] {
  const api = new API({ cwd: root });
  const configs = PROJECTS.map((path) => join(root, path)).filter((path) => existsSync(path));
  try {
    const snapshot = api.updateSnapshot({ openProjects: configs });
    const projects = snapshot.getProjects();
    if (projects.length === 0) throw new Error(`no tsconfig.json in ${root}`);
    return files.flatMap((file) => {
      const path = join(root, file.path);
      const project = projects.find(({ rootFiles }) => rootFiles.includes(path));
      if (project === undefined) return [];
      const ast = project.program.getSourceFile(path);
      if (ast === undefined) throw new Error(`the compiler did not parse ${file.path}`);
      const lineOf = (position: number) => ast.getLineAndCharacterOfPosition(position).line + 1;
      return [{ ...file, ast, lineOf }];
    });
  } finally {
    api.close();
  }
}

/** Reads the tree below `root`, which holds a tsconfig.json. */
export function readTree(root: string): Tree {
  const files = walk(root, '')
    .filter((path) => TEXT_FILE.test(path))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
  return { root, top: readdirSync(root), files, sources: parseSources(root, files) };
}
