/**
 * "Copy as test": a recorded history as the text of a test of this project, redacted. Pure.
 *
 * Invariant: the text is TypeScript that compiles as it stands in test/replayed/; the values in it
 * are printed, never pasted, so that nothing recorded can become code.
 */

import type { HistoryEntry, MessageInput } from '../../../schemas/message.js';
import { redactCourse } from './redacted.js';

const COLUMNS = 100;
const STATES_NAMED_MAX = 8;
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** Where the test lies decides how it imports; told in its header. */
const FOLDER = 'test/replayed/';

export function asTest(input: MessageInput, history: readonly HistoryEntry[]): string {
  const redacted = redactCourse(input, history);
  const steps = redacted.course.map(({ event, state }) => [event, state]);
  return `/**
 * The course that one message took, copied from its page. Names, addresses, subjects, reasons and
 * times are replaced. Keep it in ${FOLDER}: it says if the machine ever does otherwise.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { begin, transit } from '../../runtime/kernel/logic.js';
import type { MessageEvent, MessageInput } from '../../schemas/message.js';

const input: MessageInput = ${literal(redacted.input, 0)};

/** Each event, and the state that it led to. */
const course: readonly (readonly [MessageEvent, string])[] = ${literal(steps, 0)};

test(${quoted(titleOf(history))}, () => {
  let standing = begin(input);
  for (const [index, [event, state]] of course.entries()) {
    const next = transit(standing, event);
    assert.ok(next, \`step \${index + 1}: \${standing.state} does not take \${event.type}\`);
    assert.equal(next.state, state, \`step \${index + 1}, \${event.type}\`);
    standing = next;
  }
});
`;
}

/** "a message goes stored → routed.planned → … → confirmed" */
function titleOf(history: readonly HistoryEntry[]): string {
  const states = history.map(({ state }) => state).filter((one, i, all) => one !== all[i - 1]);
  const shown =
    states.length <= STATES_NAMED_MAX
      ? states
      : [...states.slice(0, STATES_NAMED_MAX - 2), '…', states.at(-1)];
  return `a message goes ${shown.join(' → ')}`;
}

/** A value as TypeScript, on one line where it fits. */
function literal(value: unknown, indent: number): string {
  const line = inline(value);
  if (typeof value !== 'object' || value === null) return line;
  if (indent + line.length < COLUMNS - 2 && !line.includes('\n')) return line;
  const space = ' '.repeat(indent + 2);
  const end = ' '.repeat(indent);
  if (Array.isArray(value)) {
    const items = value.map((inner) => `${space}${literal(inner, indent + 2)},\n`);
    return `[\n${items.join('')}${end}]`;
  }
  const fields = Object.entries(value).map(
    ([name, inner]) => `${space}${property(name)}: ${literal(inner, indent + 2)},\n`,
  );
  return `{\n${fields.join('')}${end}}`;
}

function inline(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const fields = Object.entries(value).filter(([, inner]) => inner !== undefined);
  if (fields.length === 0) return '{}';
  return `{ ${fields.map(([name, inner]) => `${property(name)}: ${inline(inner)}`).join(', ')} }`;
}

function property(name: string): string {
  return IDENTIFIER.test(name) ? name : quoted(name);
}

/** A string literal in single quotes; JSON's escapes are JavaScript's. */
function quoted(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  return `'${inner.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')}'`;
}
