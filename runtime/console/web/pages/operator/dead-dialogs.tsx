/** What is asked before a dead message goes to somebody else, or out with another text. */

import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import type { MessageSummary } from '../../../../../schemas/console.js';
import { Action } from '../../parts/action.js';
import { Dialog } from '../../parts/dialog.js';
import { call } from '../../server/call.js';

interface DialogProps {
  readonly message: MessageSummary;
  readonly open: boolean;
  readonly close: () => void;
  readonly done: () => Promise<void>;
}

export function RedirectDialog(props: DialogProps) {
  return (
    <Dialog title="To somebody else" open={props.open} close={props.close}>
      <Redirect {...props} />
    </Dialog>
  );
}

function Redirect({ message, done }: DialogProps) {
  const to = useSignal('');
  const field = useId();
  const run = async (): Promise<void> => {
    await call('message.redirect', { key: message.key, to: to.value.trim() });
    await done();
  };
  return (
    <div class="stack">
      <p dir="auto">{message.subject || 'No subject'}</p>
      <div>
        <label for={field}>New recipient</label>
        <input
          id={field}
          autocomplete="off"
          placeholder="an account, or an address"
          value={to.value}
          onInput={(event) => {
            to.value = event.currentTarget.value;
          }}
        />
      </div>
      <p class="small soft">It is sent at once, as it came in. Noted in the audit.</p>
      <Action kind="first" run={run}>
        Send it there
      </Action>
    </div>
  );
}

export function EditDialog(props: DialogProps) {
  return (
    <Dialog title="Change the text" open={props.open} close={props.close}>
      <Edit {...props} />
    </Dialog>
  );
}

const NO_TEXT = 'Write the text, or open the one that came in: it would go out empty.';

function Edit({ message, done }: DialogProps) {
  const subject = useSignal(message.subject);
  const text = useSignal('');
  const [subjectField, textField] = [useId(), useId()];
  const opened = async (): Promise<void> => {
    const { text: written } = await call('message.open', { key: message.key });
    text.value = written;
  };
  const run = async (): Promise<void> => {
    // The text that came in is not shown by itself: an empty field is one that nobody filled.
    if (text.value.trim() === '') throw new Error(NO_TEXT);
    const given = { key: message.key, subject: subject.value, text: text.value };
    await call('message.edit', given);
    await call('message.command', { key: message.key, command: 'resend' });
    await done();
  };
  return (
    <div class="stack">
      <p class="small soft">
        What you write here goes out in place of what came in; that is kept, byte for byte. To read
        the text that came in is noted in the audit.
      </p>
      <div>
        <label for={subjectField}>Subject</label>
        <input
          id={subjectField}
          value={subject.value}
          onInput={(event) => {
            subject.value = event.currentTarget.value;
          }}
        />
      </div>
      <div>
        <label for={textField}>Text</label>
        <textarea
          id={textField}
          rows={9}
          value={text.value}
          onInput={(event) => {
            text.value = event.currentTarget.value;
          }}
        />
      </div>
      <div class="row">
        <Action kind="first" run={run}>
          Save and send again
        </Action>
        <Action run={opened} done="Opened">
          Open the text that came in
        </Action>
      </div>
    </div>
  );
}
