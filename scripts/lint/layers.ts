/**
 * Layers, cycles, and law 11: core names no channel, protocol or carrier.
 *
 * Imports go one way: schemas ← actors ← runtime ← scripts, test. Core is everything in the first
 * three outside the plug-in folders (one for each channel and protocol) and their registries; it
 * imports a plug-in only through a registry, and no plug-in imports another one of its kind. The
 * names that core may not say are read from the registries, so a new channel is held at once.
 *
 * A string counts where behaviour can hang on it: one without blanks, split at everything that is
 * not a letter or digit. Sentences for people may say "mail" or "inbox".
 */

import {
  isClassDeclaration,
  isIdentifier,
  isInterfaceDeclaration,
  isNoSubstitutionTemplateLiteral,
  isPropertyAccessExpression,
  isPropertyAssignment,
  isPropertySignatureDeclaration,
  isStringLiteral,
  isTypeAliasDeclaration,
  type Node,
  SyntaxKind,
} from 'typescript/unstable/ast';
import { everyNode, importsOf, lineOfNode } from './syntax.js';
import type { Finding, Source, Tree } from './tree.js';

const RANK: Readonly<Record<string, number>> = {
  schemas: 0,
  actors: 1,
  runtime: 2,
  scripts: 3,
  test: 3,
};
const CORE = new Set(['schemas', 'actors', 'runtime']);
const PLUGIN_FOLDERS = ['actors/channels', 'actors/instant-messaging/protocols'];
const REGISTRIES = PLUGIN_FOLDERS.map((folder) => `${folder}/index.ts`);

/**
 * A word that is a channel's name and something else too, and the files of core where it means the
 * other thing (or folders of them).
 */
const OTHER_MEANINGS: readonly { name: string; meaning: string; paths: readonly string[] }[] = [
  {
    name: 'inbox',
    meaning: 'the place of last resort of a profile, on whatever channel keeps messages',
    paths: [
      'schemas/account.ts',
      'runtime/account-opening.ts',
      'runtime/operations/on-accounts.ts',
      'runtime/command-line/profile.ts',
    ],
  },
  {
    name: 'inbox',
    meaning: "the index of a subscriber's messages, and the command that lists them",
    paths: [
      'runtime/kernel/document.ts',
      'runtime/main.ts',
      'runtime/command-line/inbox.ts',
      'schemas/console',
      'runtime/console/',
    ],
  },
  {
    name: 'web',
    meaning: 'the folder of the page, as DESIGN names it',
    paths: ['runtime/gateway/page-files.ts'],
  },
];

function layerOf(path: string): string {
  return path.slice(0, path.indexOf('/'));
}

/** The plug-in that a path belongs to, as its folder: `actors/channels/loopback`. */
function pluginOf(path: string): string | undefined {
  for (const folder of PLUGIN_FOLDERS) {
    if (!path.startsWith(`${folder}/`)) continue;
    const [name, ...rest] = path.slice(folder.length + 1).split('/');
    if (rest.length > 0) return `${folder}/${name}`;
  }
  return undefined;
}

/** Imports against the order of the layers, and into a plug-in from outside. */
export function layers(tree: Tree): Finding[] {
  return tree.sources.flatMap((source) =>
    importsOf(source).flatMap(({ path, line }) => {
      if (path === undefined) return [];
      const text = breachOfImport(source.path, path);
      return text === undefined ? [] : [{ rule: 'layers', path: source.path, line, text }];
    }),
  );
}

function breachOfImport(from: string, to: string): string | undefined {
  const layer = layerOf(from);
  if ((RANK[layer] ?? 3) < (RANK[layerOf(to)] ?? 3)) {
    return `${layer} may not import ${to}: schemas ← actors ← runtime ← scripts, test`;
  }
  const plugin = pluginOf(to);
  if (plugin === undefined || plugin === pluginOf(from)) return undefined;
  if (!CORE.has(layer) || REGISTRIES.includes(from)) return undefined;
  const who = pluginOf(from) === undefined ? 'core' : 'a channel or protocol';
  return `${who} may not import ${to}: go through the registry`;
}

/** Names that the registries register: the folders which they import. */
function registeredNames(tree: Tree): Set<string> {
  const names = new Set<string>();
  for (const source of tree.sources) {
    if (!REGISTRIES.includes(source.path)) continue;
    for (const { path } of importsOf(source)) {
      const plugin = path === undefined ? undefined : pluginOf(path);
      if (plugin !== undefined) names.add(plugin.slice(plugin.lastIndexOf('/') + 1));
    }
  }
  return names;
}

/** Core which says a registered name in a string, a property or the name of a type (law 11). */
export function names(tree: Tree): Finding[] {
  const registered = registeredNames(tree);
  return tree.sources.flatMap((source) => (isCore(source) ? namesIn(source, registered) : []));
}

function isCore(source: Source): boolean {
  if (!CORE.has(layerOf(source.path)) || REGISTRIES.includes(source.path)) return false;
  return pluginOf(source.path) === undefined;
}

function namesIn(source: Source, registered: ReadonlySet<string>): Finding[] {
  const findings: Finding[] = [];
  const specifiers = new Set<Node>(source.ast.imports);
  everyNode(source, (node) => {
    if (specifiers.has(node)) return;
    const name = wordsOf(node).find((word) => registered.has(word));
    if (name === undefined || hasOtherMeaning(source.path, name)) return;
    const text = `core says "${name}": it may not know a channel, protocol or carrier by name`;
    findings.push({ rule: 'names', path: source.path, line: lineOfNode(source, node), text });
  });
  return findings;
}

function hasOtherMeaning(path: string, name: string): boolean {
  return OTHER_MEANINGS.some(
    (other) => other.name === name && other.paths.some((own) => path.startsWith(own)),
  );
}

function wordsOf(node: Node): string[] {
  if (isStringLiteral(node) || isNoSubstitutionTemplateLiteral(node)) return wordsOfText(node.text);
  if (isTemplatePart(node)) return wordsOfText(node.text);
  if (isPropertyAccessExpression(node)) return propertyName(node.name);
  if (isPropertyAssignment(node) || isPropertySignatureDeclaration(node)) {
    return propertyName(node.name);
  }
  if (
    isInterfaceDeclaration(node) ||
    isTypeAliasDeclaration(node) ||
    (isClassDeclaration(node) && node.name !== undefined)
  ) {
    return camelWords(node.name?.text ?? '');
  }
  return [];
}

function isTemplatePart(node: Node): node is Node & { readonly text: string } {
  return [SyntaxKind.TemplateHead, SyntaxKind.TemplateMiddle, SyntaxKind.TemplateTail].includes(
    node.kind,
  );
}

function wordsOfText(text: string): string[] {
  return /\s/.test(text) ? [] : text.toLowerCase().split(/[^a-z0-9]+/);
}

function propertyName(node: Node): string[] {
  return isIdentifier(node) ? [node.text] : [];
}

/** `EmailEndpoint` → email, endpoint. */
function camelWords(text: string): string[] {
  return text.split(/(?<=[a-z0-9])(?=[A-Z])/).map((word) => word.toLowerCase());
}

/** Import cycles, imports of types included; each is told once. */
export function cycles(tree: Tree): Finding[] {
  const known = new Set(tree.sources.map((source) => source.path));
  const edges = new Map(
    tree.sources.map((source) => [
      source.path,
      importsOf(source).flatMap(({ path = '' }) =>
        [path, `${path}x`].filter((candidate) => known.has(candidate)),
      ),
    ]),
  );
  const state = new Map<string, 'open' | 'done'>();
  const findings: Finding[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    state.set(path, 'open');
    for (const next of edges.get(path) ?? []) {
      if (state.get(next) === 'open') {
        const way = [...trail.slice(trail.indexOf(next)), next].join(' → ');
        findings.push({ rule: 'cycles', path, line: 1, text: `import cycle: ${way}` });
      } else if (!state.has(next)) visit(next, [...trail, next]);
    }
    state.set(path, 'done');
  };
  for (const path of edges.keys()) if (!state.has(path)) visit(path, [path]);
  return findings;
}
