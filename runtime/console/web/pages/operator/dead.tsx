/** Dead messages: send again, to somebody else, or with another text. */

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { MessageSummary } from '../../../../../schemas/console.js';
import { countWords } from '../../language.js';
import { Action } from '../../parts/action.js';
import { Loaded, loading, Problem } from '../../parts/loaded.js';
import { call } from '../../server/call.js';
import { type Asked, BulkButton, BulkDialog } from './bulk.js';
import { commandFor } from './commands.js';
import { EditDialog, RedirectDialog } from './dead-dialogs.js';
import { MessageLines } from './message-line.js';
import { useRefresh } from './refresh.js';

const DEAD = 'dead';

const groups = loading('queue.groups', () => ({}));

export function DeadPart() {
  const asked: Asked = useSignal(undefined);
  const messages = useSignal<readonly MessageSummary[] | undefined>(undefined);
  const next = useSignal<string | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);

  async function look(before?: string): Promise<void> {
    try {
      const from = before === undefined ? {} : { before };
      const page = await call('queue.messages', { what: DEAD, ...from });
      const had = before === undefined ? [] : (messages.value ?? []);
      messages.value = [...had, ...page.items];
      next.value = page.next;
      problem.value = undefined;
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error);
    }
  }
  const again = async (): Promise<void> => {
    await Promise.all([look(), groups.load()]);
  };

  useRefresh(groups.load);
  useEffect(() => void look(), []);
  return (
    <div class="stack">
      <h1>Dead messages</h1>
      <p class="soft">
        No way to their recipient is left. They are kept for you to decide; the senders have been
        told, where that is safe.
      </p>
      <Causes asked={asked} />
      <BulkDialog asked={asked} done={again} />
      {problem.value !== undefined && <Problem text={problem.value} again={() => look()} />}
      {messages.value === undefined && problem.value === undefined && (
        <p class="soft">One moment…</p>
      )}
      {messages.value?.length === 0 && <p class="note">No dead messages.</p>}
      <MessageLines
        messages={messages.value ?? []}
        actions={(message) => <Choices message={message} done={again} />}
      />
      {next.value !== undefined && (
        <button type="button" class="button" onClick={() => void look(next.value)}>
          More
        </button>
      )}
    </div>
  );
}

/** By cause, with one command for all; only where there is something to choose among. */
function Causes({ asked }: { asked: Asked }) {
  return (
    <Loaded of={groups}>
      {({ items }) => {
        const dead = items.filter(({ what, total }) => what === DEAD && total > 1);
        if (dead.length === 0) return null;
        return (
          <ul class="op-groups" aria-label="By cause">
            {dead.map(({ what, cause, total }) => {
              const command = commandFor(what, cause);
              return (
                <li key={cause} class="op-group">
                  <span class="op-group-link">
                    <span class="op-group-total">{countWords(total)}</span>
                    <span class="op-group-only">
                      <bdi>{cause}</bdi>
                    </span>
                  </span>
                  {command !== undefined && (
                    <BulkButton of={command} what={what} cause={cause} asked={asked} />
                  )}
                </li>
              );
            })}
          </ul>
        );
      }}
    </Loaded>
  );
}

interface ChoicesProps {
  readonly message: MessageSummary;
  readonly done: () => Promise<void>;
}

function Choices({ message, done }: ChoicesProps) {
  const open = useSignal<'redirect' | 'edit' | undefined>(undefined);
  const subject = message.subject || 'no subject';
  const close = (): void => {
    open.value = undefined;
  };
  const ended = async (): Promise<void> => {
    close();
    await done();
  };
  const resend = async (): Promise<void> => {
    await call('message.command', { key: message.key, command: 'resend' });
    await done();
  };
  return (
    <>
      <Action run={resend} label={`Send again: ${subject}`}>
        Send again
      </Action>
      <button
        type="button"
        class="button"
        aria-label={`Elsewhere: ${subject}`}
        onClick={() => {
          open.value = 'redirect';
        }}
      >
        Elsewhere…
      </button>
      <button
        type="button"
        class="button"
        aria-label={`Edit: ${subject}`}
        onClick={() => {
          open.value = 'edit';
        }}
      >
        Edit…
      </button>
      <RedirectDialog
        message={message}
        open={open.value === 'redirect'}
        close={close}
        done={ended}
      />
      <EditDialog message={message} open={open.value === 'edit'} close={close} done={ended} />
    </>
  );
}
