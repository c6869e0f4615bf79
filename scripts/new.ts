/**
 * `npm run new -- channel NAME`: a new channel from the template, actors/channels/loopback.
 *
 * Stages: is the name free → copy the template's files and its test under the new name → the line
 * in the registry, the section in patchboard.example.yaml → what to do next.
 * Invariants: nothing is written when the name cannot be had; the tree stays green, since the copy
 * does what the template does.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findRoot } from './root.js';

const CHANNELS = 'actors/channels';
const TEMPLATE = 'loopback';
const TESTS = `test/${CHANNELS}`;
const EXAMPLE = 'patchboard.example.yaml';
/** What the registered template has beyond a template: devices on pages. */
const NOT_COPIED = /^practice/;
const NAME = /^[a-z][a-z0-9]{1,23}$/;

export type Made =
  | { readonly ok: true; readonly files: readonly string[]; readonly test: string }
  | { readonly ok: false; readonly message: string };

/** Makes the channel in the tree below `root`. */
export function newChannel(root: string, name: string): Made {
  if (!NAME.test(name)) {
    return { ok: false, message: `"${name}" cannot name a channel: a-z and 0-9, 2 to 24 of them.` };
  }
  const folder = `${CHANNELS}/${name}`;
  if (existsSync(join(root, folder))) {
    return { ok: false, message: `${folder} is there already: choose another name.` };
  }
  const copies = readdirSync(join(root, CHANNELS, TEMPLATE))
    .filter((file) => !NOT_COPIED.test(file))
    .map((file) => [`${CHANNELS}/${TEMPLATE}/${file}`, `${folder}/${file}`] as const);
  const test = `${TESTS}/${name}/${name}.test.ts`;
  const all = [...copies, [`${TESTS}/${TEMPLATE}/${TEMPLATE}.test.ts`, test] as const];
  for (const [from, to] of all) {
    mkdirSync(join(root, to, '..'), { recursive: true });
    writeFileSync(join(root, to), renamed(readFileSync(join(root, from), 'utf8'), name));
  }
  register(root, name);
  describeSettings(root, name);
  return { ok: true, files: all.map(([, to]) => to), test };
}

function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** The template's text under the new name, without what only the registered template has. */
function renamed(text: string, name: string): string {
  return text
    .split('\n')
    .filter((line) => !/^(import|export) .*'\.\/practice/.test(line))
    .join('\n')
    .replaceAll('Loopback', capital(name))
    .replaceAll(TEMPLATE, name);
}

/** The one line (law 11), with its import. */
function register(root: string, name: string): void {
  const path = join(root, CHANNELS, 'index.ts');
  const maker = `create${capital(name)}`;
  const peer = `${capital(name)}Peer`;
  const text = readFileSync(path, 'utf8')
    .replace(/\n\nexport const makers/, (after) => {
      return `\nimport { ${maker}, ${peer} } from './${name}/index.js';${after}`;
    })
    .replace(/\n\];/, `\n  () => ${maker}('${name}', new ${peer}('none')),\n];`);
  writeFileSync(path, text);
}

/** The template's section of the example, under the new name. */
function describeSettings(root: string, name: string): void {
  const path = join(root, EXAMPLE);
  const text = readFileSync(path, 'utf8');
  const section = new RegExp(`\\n#[^\\n]*\\n${TEMPLATE}:\\n(?:  [^\\n]*\\n)+`).exec(text)?.[0];
  if (section === undefined) return;
  const copy = section.replace(/\n#[^\n]*/, `\n# The ${name} channel.`);
  writeFileSync(path, `${text.trimEnd()}\n${copy.replace(`${TEMPLATE}:`, `${name}:`)}`);
}

/** Sorted imports and the rest of the format, which differ with the name's length. */
function format(root: string, paths: readonly string[]): void {
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
  const flags = [biome, 'check', '--write', '--log-level=error', ...paths];
  spawnSync(process.execPath, flags, { cwd: root, stdio: 'inherit' });
}

function main([kind, name = '']: readonly string[]): number {
  if (kind !== 'channel') {
    console.error('Usage: npm run new -- channel NAME');
    return 2;
  }
  const root = findRoot();
  const made = newChannel(root, name);
  if (!made.ok) {
    console.error(made.message);
    return 1;
  }
  format(root, [...made.files, `${CHANNELS}/index.ts`]);
  console.log(`The channel ${name} is registered in ${CHANNELS}/index.ts. Its files:`);
  for (const file of made.files) console.log(`  ${file}`);
  console.log('Next:');
  console.log(`  1. index.ts: say what it is, its policy, and what an address looks like.`);
  console.log(`  2. codec.ts: its wire ⇄ UMF. config.ts: its settings, also in ${EXAMPLE}.`);
  console.log('  3. receive.ts, deliver.ts: speak its protocol; bytesSent before the last byte.');
  console.log('  4. peer.ts: the other side, tiny; export `peer` and the crash matrix has it.');
  console.log(`  npm test -- ${TESTS.slice('test/'.length)}/${name} conformance/channel`);
  return 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = main(process.argv.slice(2));
}
