/**
 * What is being written, and its sending.
 *
 * Stages: draft (kept for a reload) → a reference is made → sent → answered: gone from here; not
 * answered: unsure, sent again under the same reference as soon as the line is back.
 * Invariants: one reference is one message, however often it is sent; what may already have
 * arrived is not changed under the same reference; nothing written is lost by a refusal.
 */

import { type Signal, signal } from '@preact/signals';
import { freshReference } from '../../clock.js';
import { Refused, Unreachable } from '../../server/call.js';
import { line } from '../../server/live.js';
import { messenger } from '../../server/session.js';

export interface Draft {
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly priority: 'low' | 'normal' | 'high' | 'urgent';
  /** The message that this answers, by its key. */
  readonly inReplyTo?: string;
  /** Made with the first try, kept until the switch has answered. */
  readonly reference?: string;
  /** What the files were called: after a reload they are missing, and that is told. */
  readonly fileNames?: readonly string[];
}

/** The switch cannot take it just now: nothing of an earlier try is decided by that. */
const TEMPORARY: ReadonlySet<string> = new Set([
  'STOPPING',
  'STORE_UNAVAILABLE',
  'STORE_FULL',
  'SIGN_IN_NEEDED',
]);

const EMPTY: Draft = { to: [], subject: '', text: '', priority: 'normal' };

export interface Writing {
  readonly draft: Signal<Draft>;
  /** Not kept over a reload: a page may not keep files. */
  readonly files: Signal<readonly File[]>;
  readonly state: Signal<'ready' | 'sending' | 'unsure'>;
  readonly problem: Signal<string | undefined>;
  change(part: Partial<Draft>): void;
  /** The submission's id, once the switch has it. Never rejects. */
  send(): Promise<string | undefined>;
  /** What may have arrived is let go: from now on it is another message. */
  asNew(): void;
  discard(): void;
}

const writings = new Map<string, Writing>();

/** @param name of the draft: "new", or the conversation that is answered */
export function writingOf(name: string): Writing {
  const known = writings.get(name) ?? makeWriting(`draft:${name}`);
  writings.set(name, known);
  return known;
}

function makeWriting(place: string): Writing {
  const kept = restore(place);
  const draft = signal<Draft>(kept?.draft ?? EMPTY);
  const files = signal<readonly File[]>([]);
  const state = signal<Writing['state']['value']>(kept?.unsure === true ? 'unsure' : 'ready');
  const problem = signal<string | undefined>(kept?.problem);

  function change(part: Partial<Draft>): void {
    draft.value = { ...draft.value, ...part };
    keep(place, draft.value);
  }

  function discard(): void {
    draft.value = EMPTY;
    files.value = [];
    state.value = 'ready';
    problem.value = undefined;
    keep(place, undefined);
  }

  function asNew(): void {
    const { reference: _gone, ...rest } = draft.value;
    draft.value = rest;
    keep(place, rest);
    state.value = 'ready';
    problem.value = undefined;
  }

  async function send(): Promise<string | undefined> {
    if (state.value === 'sending') return undefined;
    const wasUnsure = draft.value.reference !== undefined;
    const reference = draft.value.reference ?? freshReference();
    change({ reference, fileNames: files.value.map((file) => file.name) });
    state.value = 'sending';
    problem.value = undefined;
    try {
      const id = await submit(draft.value, reference, files.value);
      discard();
      return id;
    } catch (error) {
      const decided = error instanceof Refused && !(wasUnsure && TEMPORARY.has(error.code));
      if (decided) asNew();
      else state.value = 'unsure';
      problem.value = error instanceof Error ? error.message : String(error);
      return undefined;
    }
  }

  return { draft, files, state, problem, change, send, asNew, discard };
}

/** One multipart POST to the messenger's door. Rejects with Refused or Unreachable. */
async function submit(
  draft: Draft,
  reference: string,
  files: readonly File[],
): Promise<string | undefined> {
  if (messenger.value === undefined) {
    throw new Refused('CHANNEL_UNKNOWN', 'This switch takes no messages from the browser.');
  }
  const form = new FormData();
  for (const to of draft.to) form.append('to', to);
  form.set('subject', draft.subject);
  form.set('text', draft.text);
  form.set('priority', draft.priority);
  form.set('reference', reference);
  if (draft.inReplyTo !== undefined) form.set('inReplyTo', draft.inReplyTo);
  for (const file of files) form.append('files', file, file.name);
  const answer = await post(`/c/${messenger.value}/send`, form);
  if (answer.ok) return answer.value?.id;
  throw new Refused(answer.code ?? 'FAILED', answer.message ?? 'The switch refused it.');
}

interface SendAnswer {
  readonly ok: boolean;
  readonly value?: { readonly id?: string };
  readonly code?: string;
  readonly message?: string;
}

async function post(path: string, body: FormData): Promise<SendAnswer> {
  try {
    const response = await fetch(path, { method: 'POST', body, redirect: 'error' });
    const answer: SendAnswer = await response.json();
    if (typeof answer.ok === 'boolean') return answer;
  } catch {
    // Told below: nobody answered, or not the switch.
  }
  throw new Unreachable('The switch did not answer; it is not known whether it has the message.');
}

/** Sends again what is unsure, each time that the line comes back. Returns how to stop. */
export function sendAgainWhenBack(writing: Writing): () => void {
  return line.subscribe((now) => {
    if (now === 'open' && writing.state.peek() === 'unsure') void writing.send();
  });
}

interface Restored {
  readonly draft: Draft;
  readonly unsure: boolean;
  readonly problem?: string;
}

function restore(place: string): Restored | undefined {
  let kept: unknown;
  try {
    kept = JSON.parse(sessionStorage.getItem(place) ?? 'null');
  } catch {
    return undefined;
  }
  if (!isDraft(kept)) return undefined;
  const { reference, fileNames = [], ...rest } = kept;
  if (fileNames.length === 0) return { draft: kept, unsure: reference !== undefined };
  const again = `Attach again: ${fileNames.join(', ')}.`;
  const doubt = reference === undefined ? '' : ' It may have been sent already: look in Sent.';
  return {
    draft: rest,
    unsure: false,
    problem: `The page was loaded anew and has lost the attachments. ${again}${doubt}`,
  };
}

function keep(place: string, draft: Draft | undefined): void {
  try {
    if (draft === undefined) sessionStorage.removeItem(place);
    else sessionStorage.setItem(place, JSON.stringify(draft));
  } catch {
    // A full or forbidden storage costs the draft's survival of a reload, nothing else.
  }
}

function isDraft(value: unknown): value is Draft {
  return (
    typeof value === 'object' &&
    value !== null &&
    'to' in value &&
    Array.isArray(value.to) &&
    'text' in value &&
    typeof value.text === 'string' &&
    'subject' in value &&
    'priority' in value
  );
}
