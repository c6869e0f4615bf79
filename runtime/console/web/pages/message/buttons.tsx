/** What one can take away from a message's page: a link, a test, the machine; and the way to it. */

import { useSignal } from '@preact/signals';
import type { MessageHistory } from '../../../../../schemas/console.js';
import { Action } from '../../parts/action.js';
import { Dialog } from '../../parts/dialog.js';
import { Link } from '../../router.js';
import { call } from '../../server/call.js';
import type { Machine } from './history.js';

interface ButtonsProps {
  readonly history: MessageHistory;
  readonly machine: Machine;
}

export function Buttons({ history, machine }: ButtonsProps) {
  const { message, shows } = history;
  const shown = useSignal<string | undefined>(undefined);
  /** Over plain HTTP a page may not write to the clipboard: then it is shown, to be copied. */
  async function copy(text: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      shown.value = text;
    }
  }
  return (
    <div class="row message-buttons">
      <BodyLink message={message} />
      <Action run={() => copy(location.href)} done="Link copied">
        Copy link
      </Action>
      {shows === 'whole' && (
        <Action
          run={async () => copy((await call('message.asTest', { key: message.key })).text)}
          done="Test copied"
        >
          Copy as test
        </Action>
      )}
      <SaveMachine name={machine.drawing.name} definition={machine.definition} />
      <Link class="button plain" to={`/machines/${encodeURIComponent(machine.drawing.name)}`}>
        The machine
      </Link>
      <Dialog
        title="To be copied"
        open={shown.value !== undefined}
        close={() => {
          shown.value = undefined;
        }}
      >
        <textarea rows={14} readOnly aria-label="Text" value={shown.value ?? ''} />
      </Dialog>
    </div>
  );
}

/** Its recipient reads it among the messages; others have no body here. */
function BodyLink({ message }: Pick<MessageHistory, 'message'>) {
  if (message.direction === 'other') return null;
  const box = message.direction === 'in' ? '/messages' : '/sent';
  return (
    <Link class="button" to={`${box}/${encodeURIComponent(message.conversation)}`}>
      {message.direction === 'in' ? 'Read & answer' : 'Read it'}
    </Link>
  );
}

export function SaveMachine({ name, definition }: { name: string; definition: unknown }) {
  return (
    <button type="button" class="button" onClick={() => save(`${name}.json`, definition)}>
      XState JSON
    </button>
  );
}

function save(name: string, value: unknown): void {
  const text = JSON.stringify(value, null, 2);
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
