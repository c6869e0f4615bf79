/** The box below a conversation: an answer, and how it gets to the other side. */

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { MessageSummary, Opened } from '../../../../../schemas/console.js';
import { Attach, takingFiles } from '../../parts/attach.js';
import { SendState } from '../../parts/send-state.js';
import { plain } from './person.js';
import { sendAgainWhenBack, writingOf } from './sending.js';

export const REPLY_FIELD = 'reply-text';
const SUBJECT_CHARACTERS_MAX = 200;

interface ReplyProps {
  readonly conversation: string;
  readonly to: NonNullable<Opened['reply']>;
  readonly answered: MessageSummary;
  /** When it has been sent. */
  readonly sent: () => void;
}

function answerSubject(subject: string): string {
  const shown = plain(subject).trim();
  if (shown === '' || /^re:/i.test(shown)) return shown;
  return `Re: ${shown}`.slice(0, SUBJECT_CHARACTERS_MAX);
}

export function Reply({ conversation, to, answered, sent }: ReplyProps) {
  const writing = writingOf(conversation);
  const said = useSignal('');
  const { draft, state, files } = writing;
  useEffect(() => sendAgainWhenBack(writing), [writing]);

  async function send(): Promise<void> {
    if (draft.value.text.trim() === '' && files.value.length === 0) return;
    if (draft.value.reference === undefined) {
      const subject = answerSubject(answered.subject);
      writing.change({ to: [to.to], subject, inReplyTo: answered.key });
    }
    said.value = '';
    if ((await writing.send()) === undefined) return;
    said.value = 'Sent.';
    sent();
  }

  const isEmpty = draft.value.text.trim() === '' && files.value.length === 0;
  return (
    <form
      class="reply card stack"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
      {...takingFiles(files)}
    >
      <label for={REPLY_FIELD}>
        Answer <span class="soft small reply-how">goes {to.how}</span>
      </label>
      <textarea
        id={REPLY_FIELD}
        rows={4}
        dir="auto"
        value={draft.value.text}
        readOnly={state.value !== 'ready'}
        onInput={(event) => writing.change({ text: event.currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
          event.preventDefault();
          void send();
        }}
      />
      <Attach files={files} disabled={state.value !== 'ready'} />
      <SendState
        writing={writing}
        missing={isEmpty ? 'Write something first' : undefined}
        send={() => void send()}
      />
      <p class="unseen" role="status">
        {said.value}
      </p>
    </form>
  );
}
