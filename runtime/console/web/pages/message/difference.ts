/** What a step changed in a message's context, as rows of before and after: pure. */

import { spanText } from '../../../../../actors/message-tracker/words.js';
import { fullTime } from '../../clock.js';

export interface Change {
  readonly what: string;
  readonly before?: string;
  readonly after?: string;
}

/** Numbers above this are times since the epoch. */
const TIME_MIN = 100_000_000_000;
const SHOWN_MAX = 40;
/** Between the items of a list: in no text of ours. */
const LIST = '\n';
const WORDS: Readonly<Record<string, string>> = {
  dueAt: 'somebody looks again',
  heldUntil: 'held until',
  expiresAt: 'expires',
  nextStepAt: 'the next way begins',
  stepsStarted: 'ways begun',
  because: 'because',
  round: 'decided so often anew',
  releasedBy: 'released by',
  seen: 'facts known',
};

export function changesOf(before: unknown, after: unknown): readonly Change[] {
  const [old, fresh] = [flat(before), flat(after)];
  const changes: Change[] = [];
  for (const name of new Set([...old.keys(), ...fresh.keys()])) {
    const [was, is] = [old.get(name), fresh.get(name)];
    if (was === is) continue;
    // Of a list only what came and what went.
    const [gone, come] = [without(was, is), without(is, was)];
    changes.push({
      what: WORDS[name] ?? name,
      ...(gone !== undefined && { before: gone }),
      ...(come !== undefined && { after: come }),
    });
  }
  return changes.slice(0, SHOWN_MAX);
}

function without(list: string | undefined, other: string | undefined): string | undefined {
  const others = new Set(other?.split(LIST) ?? []);
  const rest = list?.split(LIST).filter((one) => !others.has(one));
  return rest === undefined || rest.length === 0 ? undefined : rest.join(', ');
}

/** Every value by its path: "deliveries 1 · phase". */
function flat(value: unknown): ReadonlyMap<string, string> {
  const rows = new Map<string, string>();
  walk('', value, rows);
  return rows;
}

function walk(path: string, value: unknown, rows: Map<string, string>): void {
  if (typeof value !== 'object' || value === null) {
    if (value !== undefined) rows.set(path, valueText(path, value));
    return;
  }
  if (Array.isArray(value) && value.every((one) => typeof one !== 'object')) {
    if (value.length > 0) rows.set(path, value.join(LIST));
    return;
  }
  for (const [name, inner] of Object.entries(value)) {
    // Counted from 1, as the lanes are.
    const part = Array.isArray(value) ? String(Number(name) + 1) : name;
    const glue = Array.isArray(value) ? ' ' : ' · ';
    walk(path === '' ? part : `${path}${glue}${part}`, inner, rows);
  }
}

function valueText(path: string, value: unknown): string {
  if (value === null) return 'none';
  if (typeof value !== 'number') return String(value);
  if (Math.abs(value) > TIME_MIN) return fullTime(value);
  return path.endsWith('Ms') ? spanText(value) : String(value);
}
