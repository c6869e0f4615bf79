/**
 * Where settings come from: the file, the environment (also as files: `…_FILE`,
 * $CREDENTIALS_DIRECTORY), the command line. Each source gives settings with the place they stand
 * at, and problems; nothing here knows what a setting means.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlias, isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import { suggestion } from './nearest.js';
import {
  environmentName,
  fromDocument,
  fromText,
  type SchemaNode,
  type Setting,
} from './settings.js';

export interface Given {
  readonly path: string;
  readonly value: unknown;
  /** "patchboard.yaml:12", "PATCHBOARD_EMAIL_LISTEN", "--email.listen". */
  readonly origin: string;
}

/** What one source had to say. */
export interface Source {
  readonly given: readonly Given[];
  /** Each a full sentence that begins with its place. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The file to be read, or undefined: none is there. An explicit one must exist. */
export function findFile(options: {
  readonly flag: string | undefined;
  readonly environment: Environment;
  readonly directory: string;
}): { readonly file: string | undefined; readonly explicit: boolean } {
  const named = options.flag ?? options.environment['PATCHBOARD_CONFIG'];
  if (named !== undefined && named !== '') return { file: named, explicit: true };
  const places = [join(options.directory, 'patchboard.yaml'), '/etc/patchboard/patchboard.yaml'];
  return { file: places.find((place) => existsSync(place)), explicit: false };
}

/** Settings of a YAML file, checked against the schema's keys. */
export function fromFile(file: string, schema: SchemaNode, settings: readonly Setting[]): Source {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return onlyProblem(`${file}: cannot be read (${String((error as Error).message)})`);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (node: Node | null | undefined): string =>
    `${file}:${lines.linePos(node?.range?.[0] ?? 0).line}`;
  const broken = document.errors.map(
    (error) => `${file}:${lines.linePos(error.pos[0]).line}: not YAML: ${error.message}`,
  );
  if (broken.length > 0) return { given: [], problems: broken, warnings: [] };
  const given: Given[] = [];
  const problems: string[] = [];
  const byPath = new Map(settings.map((setting) => [setting.path, setting]));
  const walk = (node: Node | null, below: SchemaNode, path: string): void => {
    const target = isAlias(node) ? node.resolve(document) : node;
    const setting = byPath.get(path);
    if (setting !== undefined && target !== undefined) {
      const value = fromDocument(documentValue(target, setting, document), setting);
      given.push({ path, value, origin: place(node) });
    } else if (isMap(target)) {
      for (const { key, value } of target.items) {
        const name = isScalar(key) ? String(key.source ?? key.value) : String(key);
        const child = below.properties?.[name];
        const childPath = path === '' ? name : `${path}.${name}`;
        if (child !== undefined) walk(value as Node | null, child, childPath);
        else problems.push(unknownKey(place(key as Node), childPath, name, below));
      }
    } else if (target !== null && !(isScalar(target) && target.value === null)) {
      problems.push(`${place(node)}: ${path || 'the file'} must be a map of settings`);
    }
  };
  walk(document.contents, schema, '');
  return { given, problems, warnings: [] };
}

/** Nothing is coerced: what the schema calls text keeps its characters ("0012345"). */
function documentValue(
  node: Node | null,
  setting: Setting,
  document: Parameters<Node['toJS']>[0],
): unknown {
  const isText = setting.schema.type === 'string' || setting.schema.enum !== undefined;
  if (isScalar(node) && isText && node.value !== null && node.source !== undefined) {
    return node.source;
  }
  return node === null ? null : node.toJS(document);
}

function unknownKey(place: string, path: string, name: string, below: SchemaNode): string {
  const known = Object.keys(below.properties ?? {});
  return `${place}: unknown setting "${path}"${suggestion(name, known)}`;
}

/** Variables named after settings, the same with _FILE, and the credentials directory. */
export function fromEnvironment(environment: Environment, settings: readonly Setting[]): Source {
  const given: Given[] = [];
  const problems: string[] = [];
  const credentials = environment['CREDENTIALS_DIRECTORY'];
  const known = new Set(['PATCHBOARD_CONFIG']);
  for (const setting of settings) {
    const { path } = setting;
    const name = environmentName(path);
    known.add(name).add(`${name}_FILE`);
    const add = (text: string, origin: string): void => {
      given.push({ path, value: fromText(text, setting), origin });
    };
    if (setting.secret && credentials !== undefined && existsSync(join(credentials, path))) {
      readInto(join(credentials, path), `$CREDENTIALS_DIRECTORY/${path}`, add, problems);
    }
    const file = environment[`${name}_FILE`];
    if (file !== undefined && file !== '') readInto(file, `${name}_FILE`, add, problems);
    const text = environment[name];
    if (text !== undefined) add(text, name);
    if (text !== undefined && file !== undefined && file !== '') {
      problems.push(`${name} and ${name}_FILE are both set: keep one of them`);
    }
  }
  return { given, problems, warnings: strangers(environment, known) };
}

/**
 * Only a warning: container orchestrators invent variables that begin with the service's name,
 * such as PATCHBOARD_PORT.
 */
function strangers(environment: Environment, known: ReadonlySet<string>): string[] {
  return Object.keys(environment)
    .filter((name) => name.startsWith('PATCHBOARD_') && !known.has(name))
    .map((name) => `${name} is not a setting${suggestion(name, [...known])}`);
}

function readInto(
  file: string,
  origin: string,
  add: (text: string, origin: string) => void,
  problems: string[],
): void {
  try {
    add(readFileSync(file, 'utf8').replace(/\r?\n$/, ''), origin);
  } catch (error) {
    problems.push(`${origin}: ${file} cannot be read (${(error as Error).message})`);
  }
}

/** Settings among the command line's flags: `--email.listen 127.0.0.1:0`. */
export function fromFlags(
  flags: ReadonlyMap<string, string>,
  settings: readonly Setting[],
): Source {
  const given: Given[] = [];
  const problems: string[] = [];
  const byPath = new Map(settings.map((setting) => [setting.path, setting]));
  for (const [path, text] of flags) {
    const setting = byPath.get(path);
    if (setting !== undefined) {
      given.push({ path, value: fromText(text, setting), origin: `--${path}` });
    } else {
      problems.push(`--${path}: unknown setting${suggestion(path, [...byPath.keys()])}`);
    }
  }
  return { given, problems, warnings: [] };
}

function onlyProblem(problem: string): Source {
  return { given: [], problems: [problem], warnings: [] };
}
