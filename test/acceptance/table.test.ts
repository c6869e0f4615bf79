/** The reader of acceptance tables: no row without a scenario, no scenario without a row. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { parseTable, unmatched } from './table.js';

const TEXT = '# 9. Things\n\nWords.\n\n| a | b |\n|---|---|\n| 1 | 2 + |\n| 3 | – |\n';

it('reads title, columns and rows', () => {
  const rows = [
    ['1', '2 +'],
    ['3', '–'],
  ];
  assert.deepEqual(parseTable(TEXT), { title: '9. Things', columns: ['a', 'b'], rows });
});

it('refuses a table without a head, without rows, or with a row that does not fit', () => {
  assert.throws(() => parseTable('# x\n'), /no table/);
  assert.throws(() => parseTable('| a |\n|---|\n'), /no rows/);
  assert.throws(() => parseTable('| a |\n|---|\n| 1 | 2 |\n'), /does not fit: 1 \| 2/);
});

it('names each row without a scenario and each scenario without a row', () => {
  const scenarios = { '1 | 2 +': () => {}, '4 | 5': () => {} };
  assert.deepEqual(unmatched(parseTable(TEXT), scenarios), [
    'no scenario for the row: 3 | –',
    'no row for the scenario: 4 | 5',
  ]);
});
