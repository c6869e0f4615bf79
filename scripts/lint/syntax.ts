/** Questions about syntax trees that several rules ask. */

import { posix } from 'node:path';
import {
  isCallExpression,
  isIdentifier,
  isPropertyAccessExpression,
  isStringLiteral,
  type Node,
} from 'typescript/unstable/ast';
import type { Source } from './tree.js';

/** Calls `visit` for every node of a source, parents before their children. */
export function everyNode(source: Source, visit: (node: Node) => void): void {
  const step = (node: Node): void => {
    visit(node);
    node.forEachChild(step);
  };
  source.ast.forEachChild(step);
}

/** The line on which a node's own text begins; its comments are not its own. */
export function lineOfNode(source: Source, node: Node): number {
  return source.lineOf(node.getStart(source.ast));
}

export interface Import {
  /** As written. */
  readonly specifier: string;
  /** Path of ours relative to the root; undefined: a package or a part of Node. */
  readonly path: string | undefined;
  readonly line: number;
}

/** What a source imports, exports from elsewhere, or loads while running. */
export function importsOf(source: Source): Import[] {
  return source.ast.imports.flatMap((node) => {
    if (!isStringLiteral(node)) return [];
    const specifier = node.text;
    const path = specifier.startsWith('.')
      ? posix.join(posix.dirname(source.path), specifier).replace(/\.js$/, '.ts')
      : undefined;
    return [{ specifier, path, line: lineOfNode(source, node) }];
  });
}

/** The dotted name of what is called or read: `Date.now`, `test`, `t.skip`; else ''. */
export function dottedName(node: Node): string {
  if (isIdentifier(node)) return node.text;
  if (!isPropertyAccessExpression(node)) return '';
  const left = dottedName(node.expression);
  return left === '' || !isIdentifier(node.name) ? '' : `${left}.${node.name.text}`;
}

/** The dotted name of the function that a call calls; '' for any other node. */
export function calledName(node: Node): string {
  return isCallExpression(node) ? dottedName(node.expression) : '';
}
