/**
 * One conversation, opened: its messages from the oldest to the newest, and their contents as far
 * as they were asked for. Invariants: a key stands in it once; of two states the newer is shown.
 */

import { type Signal, signal } from '@preact/signals';
import type { MessageSummary, Opened } from '../../../../../schemas/console.js';
import { type Loading, loading } from '../../parts/loaded.js';
import { call } from '../../server/call.js';
import { changed, stale } from '../../server/live.js';
import { newer } from './box.js';

/** Whether a person can see the page at all; a hidden tab reads nothing. */
export const visible = signal(document.visibilityState === 'visible');

document.addEventListener('visibilitychange', () => {
  visible.value = document.visibilityState === 'visible';
});

export interface Thread {
  readonly conversation: string;
  /** Oldest first; undefined: not yet known. */
  readonly messages: Signal<readonly MessageSummary[] | undefined>;
  readonly problem: Signal<string | undefined>;
  load(): Promise<void>;
  /** The content of one message: asked for once, shown by whoever wants it. */
  opened(key: string): Loading<Opened>;
  /** Follows the live line until the returned function is called. */
  follow(): () => void;
}

export function threadOf(conversation: string): Thread {
  const messages = signal<readonly MessageSummary[] | undefined>(undefined);
  const problem = signal<string | undefined>(undefined);
  const contents = new Map<string, Loading<Opened>>();

  function take(more: readonly MessageSummary[]): void {
    const all = new Map(messages.value?.map((message) => [message.key, message]));
    for (const message of more) {
      const old = all.get(message.key);
      all.set(message.key, old === undefined ? message : newer(message, old));
    }
    messages.value = [...all.values()].sort(
      (one, other) => one.at - other.at || (one.key < other.key ? -1 : 1),
    );
  }

  async function load(): Promise<void> {
    try {
      take((await call('messages.conversation', { conversation })).items);
      problem.value = undefined;
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error);
    }
  }

  return {
    conversation,
    messages,
    problem,
    load,
    opened(key) {
      const known = contents.get(key) ?? loading('message.open', () => ({ key }));
      contents.set(key, known);
      return known;
    },
    follow() {
      const ends = [
        changed.listen((message) => {
          if (message.conversation === conversation) take([message]);
        }),
        stale.listen(() => void load()),
      ];
      return () => {
        for (const end of ends) end();
      };
    },
  };
}

/** One's own sending to several people is one letter with several recipients. */
export interface Letter {
  readonly key: string;
  readonly newest: MessageSummary;
  readonly copies: readonly MessageSummary[];
}

const COPY = /\.\d+$/;

/** What the copies for several recipients have in common. */
export function submissionOf({ key }: MessageSummary): string {
  return key.replace(COPY, '');
}

/** Copies of one submission, sent from here, together; all else alone. */
export function lettersOf(messages: readonly MessageSummary[]): readonly Letter[] {
  const letters = new Map<string, readonly MessageSummary[]>();
  for (const message of messages) {
    const isOut = message.direction === 'out';
    const name = isOut ? `out ${submissionOf(message)}` : message.key;
    letters.set(name, [...(letters.get(name) ?? []), message]);
  }
  return [...letters].flatMap(([key, copies]) => {
    const newest = copies[0];
    return newest === undefined ? [] : [{ key, newest, copies }];
  });
}
