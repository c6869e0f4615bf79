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
    changes.push({
      what: WORDS[name] ?? name,
      ...(was !== undefined && { before: was }),
      ...(is !== undefined && { after: is }),
    });
  }
  return changes.slice(0, SHOWN_MAX);
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
    if (value.length > 0) rows.set(path, value.join(', '));
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
