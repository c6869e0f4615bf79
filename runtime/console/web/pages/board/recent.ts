/**
 * The newest messages of one's own, in and out, as the board and its list show them.
 *
 * Stages: load both boxes → follow what changes → load anew when the line says that something was
 * missed. Invariant: an older state of a message never replaces a newer one.
 */

import { signal } from '@preact/signals';
import type { MessageSummary } from '../../../../../schemas/console.js';
import { call } from '../../server/call.js';
import { changed, stale } from '../../server/live.js';

const RECENT_MAX = 10;
/** Kept to compare: what changed since it was last seen. */
const KNOWN_MAX = 200;

/** The newest first; undefined: not loaded yet. */
export const recent = signal<readonly MessageSummary[] | undefined>(undefined);
export const recentProblem = signal<string | undefined>(undefined);
/** Messages that wait for the end of a quiet time. */
export const held = signal(0);

const known = new Map<string, MessageSummary>();

/** A message as it was before the latest change, if this page has seen it. */
export type Seen = MessageSummary | undefined;

/** Loads, then follows; `onChange` hears of each change. Returns how to stop. */
export function followRecent(onChange: (now: MessageSummary, before: Seen) => void): () => void {
  const stops = [
    changed.listen((message) => {
      const before = known.get(message.key);
      if (before !== undefined && before.steps > message.steps) return;
      put([message]);
      if (before?.heldUntil !== undefined || message.heldUntil !== undefined) void loadHeld();
      onChange(message, before);
    }),
    stale.listen(() => void loadRecent()),
  ];
  void loadRecent();
  return () => {
    for (const stop of stops) stop();
  };
}

/** Never rejects. */
export async function loadRecent(): Promise<void> {
  try {
    const [inbox, sent] = await Promise.all([
      call('messages.list', { box: 'inbox' }),
      call('messages.list', { box: 'sent' }),
    ]);
    held.value = inbox.held;
    put([...sent.items, ...inbox.items]);
    recentProblem.value = undefined;
  } catch (error) {
    recentProblem.value = error instanceof Error ? error.message : String(error);
  }
}

async function loadHeld(): Promise<void> {
  const answer = await call('messages.list', { box: 'held' }).catch(() => undefined);
  if (answer !== undefined) held.value = answer.held;
}

function put(messages: readonly MessageSummary[]): void {
  for (const message of messages) {
    const before = known.get(message.key);
    if (before === undefined || before.steps <= message.steps) known.set(message.key, message);
  }
  const sorted = [...known.values()].sort((a, b) => b.at - a.at || (a.key < b.key ? 1 : -1));
  for (const { key } of sorted.slice(KNOWN_MAX)) known.delete(key);
  recent.value = sorted.slice(0, RECENT_MAX);
}
