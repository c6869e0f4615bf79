/**
 * A recorded history without anybody in it: what the machine decides by stays, what tells of people
 * is replaced, the same by the same. Pure.
 *
 * Invariants: words that are not the machine's own vocabulary never pass (what is kept is listed,
 * not what is replaced); content is left out; times are counted from the message's birth.
 */

import type { HistoryEntry, MessageInput } from '../../../schemas/message.js';

/** Words of the machine: their values are part of its events. */
const VOCABULARY = new Set([
  'type',
  'kind',
  'phase',
  'result',
  'level',
  'priority',
  'effect',
  'success',
  'onAmbiguous',
  'confirms',
]);
/** What else is a name, and what stands in for it; all other texts become "text 1", "text 2". */
const STANDS_FOR: Readonly<Record<string, string>> = {
  channel: 'channel',
  account: 'account',
  endpoint: 'endpoint',
  value: 'address',
  worker: 'worker',
  by: 'person',
  id: 'observation',
};
const LEFT_OUT = new Set(['copy', 'trace', 'stagesMs', 'peerReference', 'envelopeId']);
const WORD = /^[A-Za-z_]{1,32}$/;
const STATUS = /^[245]\.\d{1,3}\.\d{1,3}$/;
const ATTEMPT = /^(\d+)\.(\d+)\.(.*)$/s;
const KEY = 'msg/0000000000000000.0';
/** Numbers above this are times since the epoch; nothing else of a message is as large. */
const TIME_MIN = 100_000_000_000;

export interface RedactedCourse {
  readonly input: unknown;
  readonly course: readonly { readonly event: unknown; readonly state: string }[];
}

export function redactCourse(
  input: MessageInput,
  history: readonly HistoryEntry[],
): RedactedCourse {
  const redact = redactor(input.createdAt);
  return {
    input: redact('', input),
    course: history.map(({ event, state }) => ({ event: redact('', event), state })),
  };
}

function redactor(birthAt: number): (name: string, value: unknown) => unknown {
  const names = new Map<string, string>();
  const counts = new Map<string, number>();

  function standIn(kind: string, text: string): string {
    const known = names.get(`${kind} ${text}`);
    if (known !== undefined) return known;
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    const made = `${kind} ${count}`.replace(/^(?!text)(\w+) /, '$1-');
    names.set(`${kind} ${text}`, made);
    return made;
  }

  function redactText(name: string, text: string): string {
    if (text === '') return text;
    if (name === 'key') return KEY;
    if (VOCABULARY.has(name) && WORD.test(text)) return text;
    if (name === 'status') return STATUS.test(text) ? text : '5.0.0';
    const attempt = name === 'attempt' ? ATTEMPT.exec(text) : null;
    if (attempt !== null) return `${attempt[1]}.${attempt[2]}.${standIn('nonce', text)}`;
    return standIn(STANDS_FOR[name] ?? 'text', text);
  }

  function redact(name: string, value: unknown): unknown {
    if (typeof value === 'string') return redactText(name, value);
    if (typeof value === 'number') return Math.abs(value) > TIME_MIN ? value - birthAt : value;
    if (Array.isArray(value)) return value.map((inner) => redact(name, inner));
    if (typeof value !== 'object' || value === null) return value;
    if (name === 'content') {
      return { kind: 'raw', channel: 'channel-1', at: { in: 'own', key: KEY } };
    }
    const kept = Object.entries(value).filter(([inner]) => !LEFT_OUT.has(inner));
    return Object.fromEntries(kept.map(([inner, one]) => [inner, redact(inner, one)]));
  }

  return redact;
}
