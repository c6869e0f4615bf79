/** An operator's search: the field, which `/` reaches, and what was found. */

import { useSignal } from '@preact/signals';
import { useEffect, useId } from 'preact/hooks';
import type { MessageSummary } from '../../../../../schemas/console.js';
import { Problem } from '../../parts/loaded.js';
import { navigate, query } from '../../router.js';
import { call } from '../../server/call.js';
import { MessageLines } from './message-line.js';

const FIELD = 'operator-search';

/** `/` leads to the field, unless somebody types or a dialog is open. */
export function focusSearch(event: KeyboardEvent): void {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target;
  if (target instanceof HTMLElement && target.closest('input, textarea, select, dialog')) return;
  const field = document.getElementById(FIELD);
  if (!(field instanceof HTMLInputElement)) return;
  event.preventDefault();
  field.focus();
  field.select();
}

export function SearchField({ text = '' }: { text?: string }) {
  const written = useSignal(text);
  const hint = useId();
  useEffect(() => {
    written.value = text;
  }, [text]);
  return (
    <search class="operator-search">
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          const wanted = written.value.trim();
          if (wanted !== '') navigate(`/operator/search?text=${encodeURIComponent(wanted)}`);
        }}
      >
        <input
          id={FIELD}
          class="grow"
          type="search"
          aria-label="Search all messages"
          aria-describedby={hint}
          placeholder="Id, address, subject or Message-ID"
          autocomplete="off"
          value={written.value}
          onInput={(event) => {
            written.value = event.currentTarget.value;
          }}
        />
        <button type="submit" class="button">
          Search
        </button>
      </form>
      <span id={hint} class="unseen">
        The key / leads here.
      </span>
    </search>
  );
}

interface Found {
  readonly items: readonly MessageSummary[];
  readonly partial: boolean;
  readonly next: string | undefined;
}

const NONE: Found = { items: [], partial: false, next: undefined };

export function SearchPart() {
  const text = query.value.get('text') ?? '';
  const found = useSignal<Found | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);

  async function look(before?: string): Promise<void> {
    try {
      const answer = await call('search', { text, ...(before !== undefined && { before }) });
      const had = before === undefined ? [] : (found.value?.items ?? []);
      if (text !== (query.value.get('text') ?? '')) return;
      found.value = { ...NONE, ...answer, items: [...had, ...answer.items] };
      problem.value = undefined;
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error);
    }
  }

  useEffect(() => {
    found.value = undefined;
    void look();
  }, [text]);
  return (
    <div class="stack">
      <h1>Search</h1>
      <SearchField text={text} />
      {problem.value !== undefined && <Problem text={problem.value} again={() => look()} />}
      {found.value === undefined && problem.value === undefined && <p class="soft">One moment…</p>}
      {found.value !== undefined && <Results text={text} found={found.value} more={look} />}
    </div>
  );
}

interface ResultsProps {
  readonly text: string;
  readonly found: Found;
  readonly more: (before?: string) => Promise<void>;
}

function Results({ text, found, more }: ResultsProps) {
  const { items, partial, next } = found;
  const count = items.length === 1 ? '1 message' : `${items.length} messages`;
  return (
    <>
      <p role="status">
        {items.length === 0 ? 'Nothing found' : count} for “<bdi>{text}</bdi>”
        {partial ? ' so far: older messages were not looked at.' : '.'}
      </p>
      <MessageLines messages={items} />
      {next !== undefined && (
        <button type="button" class="button" onClick={() => void more(next)}>
          Look further back
        </button>
      )}
    </>
  );
}
