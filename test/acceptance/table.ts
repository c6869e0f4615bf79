/**
 * Reads an acceptance table: a copy of the document's examples, row by row. A test gives one
 * scenario for each row; a row it does not know, or a scenario without a row, fails.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { findRoot } from '../../scripts/root.js';

const SEPARATOR = /^\|(?:\s*:?-+:?\s*\|)+$/;

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  /** Cells of each row, in the order of the columns. */
  readonly rows: readonly (readonly string[])[];
}

function cells(line: string): string[] {
  return line
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim());
}

/** The one table of a markdown text; throws on rows that do not fit its head. */
export function parseTable(markdown: string): Table {
  const lines = markdown.split('\n').map((line) => line.trim());
  const title = lines.find((line) => line.startsWith('#'))?.replace(/^#+\s*/, '') ?? '';
  const [head, separator, ...body] = lines.filter((line) => line.startsWith('|'));
  if (head === undefined || separator === undefined || !SEPARATOR.test(separator)) {
    throw new Error(`"${title}" holds no table with a head`);
  }
  const columns = cells(head);
  const rows = body.map(cells);
  const odd = rows.find((row) => row.length !== columns.length);
  if (odd !== undefined) throw new Error(`a row of "${title}" does not fit: ${odd.join(' | ')}`);
  if (rows.length === 0) throw new Error(`"${title}" has no rows`);
  return { title, columns, rows };
}

export type Scenarios = Readonly<Record<string, (t: TestContext) => void | Promise<void>>>;

/** How a scenario names its row: all cells. */
export function rowName(row: readonly string[]): string {
  return row.join(' | ');
}

/** What stands on one side only: rows without a scenario, scenarios without a row. */
export function unmatched(table: Table, scenarios: Scenarios): readonly string[] {
  const names = table.rows.map(rowName);
  const unknownRows = names.filter((name) => !Object.hasOwn(scenarios, name));
  const unknownScenarios = Object.keys(scenarios).filter((name) => !names.includes(name));
  return [
    ...unknownRows.map((name) => `no scenario for the row: ${name}`),
    ...unknownScenarios.map((name) => `no row for the scenario: ${name}`),
  ];
}

/** Runs the scenario of each row of `file`, in the table's order. */
export function runTable(file: string, scenarios: Scenarios): void {
  const path = join(findRoot(), 'test', 'acceptance', file);
  const table = parseTable(readFileSync(path, 'utf8'));
  describe(table.title, () => {
    it('has a scenario for each row, and no other', () => {
      const strays = unmatched(table, scenarios);
      if (strays.length > 0) throw new Error(strays.join('\n'));
    });
    for (const row of table.rows) {
      const scenario = scenarios[rowName(row)];
      if (scenario !== undefined) it(rowName(row), scenario);
    }
  });
}
