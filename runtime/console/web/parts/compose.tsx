/** A new message: to whom, what, how urgent, with what. Kept as a draft until it is sent. */

import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useId } from 'preact/hooks';
import { boxOf } from '../pages/messages/box.js';
import { type Begun, composing, lastSent } from '../pages/messages/composing.js';
import { addressOf } from '../pages/messages/person.js';
import {
  type Draft,
  sendAgainWhenBack,
  type Writing,
  writingOf,
} from '../pages/messages/sending.js';
import { Attach, takingFiles } from './attach.js';
import { Dialog } from './dialog.js';
import { SendState } from './send-state.js';

const SUBJECT_CHARACTERS_MAX = 200;
const SEPARATORS = /[\s,;]+/;
const PRIORITIES: readonly Draft['priority'][] = ['low', 'normal', 'high', 'urgent'];

function isPriority(text: string): text is Draft['priority'] {
  return PRIORITIES.some((priority) => priority === text);
}

export function Compose({ begun }: { begun: Begun }) {
  const writing = writingOf('new');
  const typed = useSignal('');
  const { draft, files, state } = writing;
  const close = (): void => {
    composing.value = undefined;
  };
  useEffect(() => sendAgainWhenBack(writing), [writing]);
  useEffect(() => {
    const { to } = begun;
    if (to !== undefined && !draft.peek().to.includes(to)) {
      writing.change({ to: [...draft.peek().to, to] });
    }
  }, [begun, writing]);

  async function send(): Promise<void> {
    takeTyped(writing, typed);
    if (missingIn(draft.value, files.value, '') !== undefined) return;
    const id = await writing.send();
    if (id === undefined) return;
    lastSent.value = id;
    close();
  }

  return (
    <Dialog title="New message" open={true} close={close}>
      <form
        class="stack compose"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
          event.preventDefault();
          void send();
        }}
        {...takingFiles(files)}
      >
        <Recipients writing={writing} typed={typed} />
        <Fields writing={writing} />
        <Attach files={files} disabled={state.value !== 'ready'} />
        <SendState
          writing={writing}
          missing={missingIn(draft.value, files.value, typed.value)}
          send={() => void send()}
        />
        <p class="small soft">Closed, it is kept as a draft until this tab is closed.</p>
      </form>
    </Dialog>
  );
}

function missingIn(draft: Draft, files: readonly File[], typed: string): string | undefined {
  if (draft.to.length === 0 && typed.trim() === '') return 'Say to whom';
  const isEmpty = draft.text.trim() === '' && draft.subject.trim() === '' && files.length === 0;
  return isEmpty ? 'Write something first' : undefined;
}

/** What stands in the field becomes recipients: names, addresses, several at once. */
function takeTyped(writing: Writing, typed: Signal<string>): void {
  const more = typed.value.split(SEPARATORS).filter((one) => one !== '');
  typed.value = '';
  if (more.length === 0) return;
  writing.change({ to: [...new Set([...writing.draft.value.to, ...more])] });
}

function Recipients({ writing, typed }: { writing: Writing; typed: Signal<string> }) {
  const id = useId();
  const { draft, state } = writing;
  const isFixed = state.value !== 'ready';
  const remove = (gone: string): void =>
    writing.change({ to: draft.value.to.filter((one) => one !== gone) });
  return (
    <div class="stack tight">
      <label for={id}>To</label>
      <div class="recipients">
        {draft.value.to.map((one) => (
          <span key={one} class="recipient">
            <bdi>{one}</bdi>
            <button
              type="button"
              aria-label={`Not to ${one}`}
              disabled={isFixed}
              onClick={() => remove(one)}
            >
              ✕
            </button>
          </span>
        ))}
        <input
          id={id}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          list={`${id}-known`}
          placeholder={draft.value.to.length === 0 ? 'a name here, or an address' : ''}
          value={typed.value}
          readOnly={isFixed}
          onInput={(event) => {
            typed.value = event.currentTarget.value;
            if (/[,;\s]$/.test(typed.value)) takeTyped(writing, typed);
          }}
          onBlur={() => takeTyped(writing, typed)}
          onKeyDown={(event) => {
            const last = draft.value.to.at(-1);
            if (event.key === 'Enter' && !event.ctrlKey && !event.metaKey) {
              event.preventDefault();
              takeTyped(writing, typed);
            } else if (event.key === 'Backspace' && typed.value === '' && last !== undefined) {
              remove(last);
            }
          }}
        />
      </div>
      <datalist id={`${id}-known`}>
        {knownAddresses().map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
    </div>
  );
}

/** People of the messages that the page has seen. */
function knownAddresses(): readonly string[] {
  const came = boxOf('inbox').messages.value ?? [];
  const went = boxOf('sent').messages.value ?? [];
  const all = [...came.map(({ from }) => from), ...went.map(({ to }) => to)];
  return [...new Set(all.flatMap((party) => addressOf(party) ?? []))].sort();
}

function Fields({ writing }: { writing: Writing }) {
  const { draft, state } = writing;
  const isFixed = state.value !== 'ready';
  return (
    <>
      <label>
        Subject
        <input
          dir="auto"
          maxLength={SUBJECT_CHARACTERS_MAX}
          value={draft.value.subject}
          readOnly={isFixed}
          onInput={(event) => writing.change({ subject: event.currentTarget.value })}
        />
      </label>
      <label>
        Message
        <textarea
          rows={7}
          dir="auto"
          value={draft.value.text}
          readOnly={isFixed}
          onInput={(event) => writing.change({ text: event.currentTarget.value })}
        />
      </label>
      <label>
        Priority
        <select
          value={draft.value.priority}
          disabled={isFixed}
          onChange={(event) => {
            const priority = event.currentTarget.value;
            if (isPriority(priority)) writing.change({ priority });
          }}
        >
          {PRIORITIES.map((priority) => (
            <option key={priority} value={priority}>
              {priority}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}
