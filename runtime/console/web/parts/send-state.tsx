/** Below what is being written: the button that sends, and honest words while it is unsure. */

import type { Writing } from '../pages/messages/sending.js';
import { line } from '../server/live.js';
import { tooMuch } from './attach.js';

interface SendStateProps {
  readonly writing: Writing;
  /** Why it cannot be sent as it stands; undefined: it can. */
  readonly missing: string | undefined;
  readonly send: () => void;
}

export function SendState({ writing, missing, send }: SendStateProps) {
  const state = writing.state.value;
  if (state === 'unsure') return <Unsure writing={writing} send={send} />;
  const isBusy = state === 'sending';
  const stops = missing ?? tooMuch(writing.files.value);
  return (
    <div class="stack">
      {writing.problem.value !== undefined && (
        <p class="note bad" role="alert">
          {writing.problem.value}
        </p>
      )}
      <div class="row">
        <button
          type="button"
          class="button first"
          disabled={isBusy || stops !== undefined}
          onClick={send}
        >
          {isBusy ? 'Sending…' : 'Send'}
        </button>
        <span class="small soft">{stops ?? 'Ctrl+Enter sends'}</span>
        {line.value === 'lost' && (
          <span class="small soft">
            The switch does not answer just now; what you write is kept.
          </span>
        )}
      </div>
    </div>
  );
}

function Unsure({ writing, send }: { writing: Writing; send: () => void }) {
  return (
    <div class="note warn stack" role="alert">
      <p>
        {writing.problem.value ?? 'It is not known whether the switch has this message.'} It is kept
        here and sent again when the switch is back; however often, it arrives once. Changed, it is
        another message, and both may arrive.
      </p>
      <div class="row">
        <button type="button" class="button first" onClick={send}>
          Try again
        </button>
        <button type="button" class="button" onClick={() => writing.asNew()}>
          Change it
        </button>
      </div>
    </div>
  );
}
