/**
 * The keys of the messages page. Invariants: a key typed into a field, or while a dialog is open,
 * or together with Ctrl, Alt or Meta, is not ours.
 */

import { REPLY_FIELD } from './reply.js';

export const KEYS: readonly { readonly keys: readonly string[]; readonly what: string }[] = [
  { keys: ['j', '↓'], what: 'the next message of the list' },
  { keys: ['k', '↑'], what: 'the one before' },
  { keys: ['Enter'], what: 'open it' },
  { keys: ['r'], what: 'answer' },
  { keys: ['Ctrl + Enter'], what: 'send what is written' },
  { keys: ['c'], what: 'write a new message' },
  { keys: ['/'], what: 'search' },
  { keys: ['u'], what: 'back to the list' },
  { keys: ['?'], what: 'these keys' },
];

interface KeyActions {
  back(): void;
  compose(): void;
  help(): void;
}

/** Listens until the returned function is called. */
export function onKeys(actions: KeyActions): () => void {
  const run: Readonly<Record<string, (event: KeyboardEvent) => boolean>> = {
    j: () => moveInList(1),
    k: () => moveInList(-1),
    ArrowDown: (event) => isInList(event) && moveInList(1),
    ArrowUp: (event) => isInList(event) && moveInList(-1),
    r: () => focus(`#${REPLY_FIELD}`),
    '/': () => focus('.mail-search-field'),
    c: () => done(actions.compose),
    u: () => done(actions.back),
    '?': () => done(actions.help),
  };
  const listen = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.altKey || event.metaKey || isElsewhere(event)) return;
    if (run[event.key]?.(event) === true) event.preventDefault();
  };
  document.addEventListener('keydown', listen);
  return () => document.removeEventListener('keydown', listen);
}

function done(action: () => void): true {
  action();
  return true;
}

function isElsewhere({ target }: KeyboardEvent): boolean {
  if (document.querySelector('dialog[open]') !== null) return true;
  return target instanceof HTMLElement && target.closest('input, textarea, select') !== null;
}

function isInList({ target }: KeyboardEvent): boolean {
  return target instanceof Element && target.closest('.message-rows') !== null;
}

function focus(what: string): boolean {
  const field = document.querySelector<HTMLElement>(what);
  field?.focus();
  return field !== null;
}

/** From the row that has the focus; without one from the one whose conversation is shown. */
function moveInList(by: 1 | -1): boolean {
  const links = [...document.querySelectorAll<HTMLElement>('.message-rows .message-link')];
  const focused = links.findIndex((link) => link.matches(':focus'));
  const shown = links.findIndex((link) => link.getAttribute('aria-current') === 'page');
  const from = focused >= 0 ? focused : shown;
  const next = links[Math.min(links.length - 1, Math.max(0, from + by))];
  next?.focus();
  return next !== undefined;
}
