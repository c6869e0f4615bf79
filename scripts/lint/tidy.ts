/**
 * Tidiness that is counted rather than judged: sizes of files, functions and lines, names of files
 * that say nothing, comments that put work off or silence a checker, line ends.
 */

import { isBlock, isFunctionLikeDeclaration, type Node } from 'typescript/unstable/ast';
import { calledName, everyNode, lineOfNode } from './syntax.js';
import type { Finding, Source, TextFile, Tree } from './tree.js';

const FILE_LINES_MAX = 400;
const FUNCTION_LINES_MAX = 70;
const LINE_COLUMNS_MAX = 100;
const EMPTY_NAME = /(^|\/)(types|utils?|helpers?|common|misc)(\.[a-z]+$|\/)/;
/** Built from halves, so that this file does not find itself. */
const PUT_OFF = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].join('|')})\\b`);
const SILENCED = new RegExp(
  ['@ts-' + 'ignore', '@ts-' + 'expect-error', 'biome-' + 'ignore'].join('|'),
);
const HEADER = /^(#![^\n]*\n)?\s*\/[*/]/;

function finding(path: string, line: number, text: string): Finding {
  return { rule: 'tidy', path, line, text };
}

/** All of it. */
export function tidy(tree: Tree): Finding[] {
  return [
    ...tree.files.flatMap((file) => [...nameOf(file), ...lineEndsOf(file)]),
    ...tree.sources.flatMap((source) => [
      ...sizeOf(source),
      ...linesOf(source),
      ...functionsOf(source),
    ]),
  ];
}

function nameOf(file: TextFile): Finding[] {
  if (!EMPTY_NAME.test(file.path)) return [];
  return [finding(file.path, 1, 'the name says nothing: name the file by its one idea')];
}

function lineEndsOf(file: TextFile): Finding[] {
  const at = file.text.indexOf('\r');
  if (at < 0) return [];
  const line = file.text.slice(0, at).split('\n').length;
  return [finding(file.path, line, 'a carriage return: lines end with LF')];
}

function sizeOf(source: Source): Finding[] {
  const findings: Finding[] = [];
  const lines = source.text.replace(/\n$/, '').split('\n').length;
  if (lines > FILE_LINES_MAX) {
    findings.push(finding(source.path, 1, `${lines} lines; at most ${FILE_LINES_MAX} a file`));
  }
  if (!HEADER.test(source.text)) {
    findings.push(finding(source.path, 1, 'no header comment: what is this file for?'));
  }
  return findings;
}

function linesOf(source: Source): Finding[] {
  return source.text.split('\n').flatMap((text, index) => {
    const breaches: string[] = [];
    const columns = [...text].length;
    if (columns > LINE_COLUMNS_MAX) {
      breaches.push(`${columns} columns; at most ${LINE_COLUMNS_MAX} a line`);
    }
    const putOff = PUT_OFF.exec(text);
    if (putOff !== null) breaches.push(`${putOff[0]}: do it, or open an issue`);
    const silenced = SILENCED.exec(text);
    if (silenced !== null) breaches.push(`${silenced[0]}: mend what the checker found`);
    return breaches.map((breach) => finding(source.path, index + 1, breach));
  });
}

/** The callback of `describe` lists tests; each of them is measured, and so is the file. */
function isGroupOfTests(node: Node): boolean {
  return /^(describe|suite)$/.test(calledName(node.parent));
}

function functionsOf(source: Source): Finding[] {
  const findings: Finding[] = [];
  everyNode(source, (node) => {
    if (!isFunctionLikeDeclaration(node) || isGroupOfTests(node)) return;
    if (!('body' in node) || node.body === undefined || !isBlock(node.body)) return;
    const first = lineOfNode(source, node);
    const lines = source.lineOf(node.end) - first + 1;
    if (lines > FUNCTION_LINES_MAX) {
      const text = `a function of ${lines} lines; at most ${FUNCTION_LINES_MAX}`;
      findings.push(finding(source.path, first, text));
    }
  });
  return findings;
}
