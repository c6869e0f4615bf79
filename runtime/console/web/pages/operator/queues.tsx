/** The queue: groups by what they wait for and why, the messages of one, and what moves them. */

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { spanText } from '../../../../../actors/message-tracker/words.js';
import type { MessageSummary, QueueGroup } from '../../../../../schemas/console.js';
import { countWords } from '../../language.js';
import { Action } from '../../parts/action.js';
import { Loaded, loading, Problem } from '../../parts/loaded.js';
import { Link, query } from '../../router.js';
import { call } from '../../server/call.js';
import { type Asked, BulkButton, BulkDialog } from './bulk.js';
import { commandFor } from './commands.js';
import { MessageLines } from './message-line.js';
import { useRefresh } from './refresh.js';

const groups = loading('queue.groups', () => ({}));

export function QueuesPart() {
  const asked: Asked = useSignal(undefined);
  /** Counts what was done: the messages are listed anew after each. */
  const changes = useSignal(0);
  useRefresh(groups.load);
  const what = query.value.get('what') ?? undefined;
  const cause = query.value.get('cause') ?? undefined;
  const channel = query.value.get('channel') ?? undefined;
  const isOne = what !== undefined && cause !== undefined;
  return (
    <div class="stack">
      <h1>Queues</h1>
      {(what !== undefined || channel !== undefined) && (
        <p class="row">
          <span>
            Shown: <strong>{what ?? channel}</strong>
            {isOne && cause !== '' && (
              <>
                , <bdi>{cause}</bdi>
              </>
            )}
          </span>
          <Link to="/operator/queues" class="button plain">
            Show all
          </Link>
        </p>
      )}
      <Loaded of={groups}>
        {({ items, partial }) => (
          <Groups
            asked={asked}
            items={items.filter((one) => isShown(one, { what, cause, channel }))}
            partial={partial}
          />
        )}
      </Loaded>
      {what !== undefined && (
        <GroupMessages key={`${what}\n${cause}\n${changes.value}`} what={what} cause={cause} />
      )}
      <BulkDialog
        asked={asked}
        done={async () => {
          changes.value += 1;
          await groups.load();
        }}
      />
    </div>
  );
}

interface Shown {
  readonly what: string | undefined;
  readonly cause: string | undefined;
  readonly channel: string | undefined;
}

function isShown(group: QueueGroup, { what, cause, channel }: Shown): boolean {
  if (channel !== undefined && !group.what.endsWith(` ${channel}`)) return false;
  if (what === undefined) return true;
  if (group.what !== what && !group.what.startsWith(`${what} `)) return false;
  return cause === undefined || group.cause === cause;
}

interface GroupsProps {
  readonly items: readonly QueueGroup[];
  readonly partial: boolean;
  readonly asked: Asked;
}

function Groups({ items, partial, asked }: GroupsProps) {
  if (items.length === 0) return <p class="note">Nothing waits here.</p>;
  return (
    <>
      {partial && (
        <p class="note warn">
          There are more messages than were looked at: these are among the oldest of each state.
        </p>
      )}
      <ul class="op-groups">
        {items.map((group) => (
          <GroupLine key={`${group.what}\n${group.cause}`} group={group} asked={asked} />
        ))}
      </ul>
    </>
  );
}

function linkOf({ what, cause }: QueueGroup): string {
  return `/operator/queues?${new URLSearchParams({ what, cause })}`;
}

function GroupLine({ group, asked }: { group: QueueGroup; asked: Asked }) {
  const { what, cause, total, oldestMs } = group;
  const command = commandFor(what, cause);
  return (
    <li class="op-group">
      <Link to={linkOf(group)} class="op-group-link">
        <span class="op-group-total">{countWords(total)}</span>
        <span class="op-group-what">{what}</span>
        <span class="op-group-cause small">
          <bdi>{cause === '' ? 'on its way' : cause}</bdi>
        </span>
        <span class="op-group-oldest small soft">oldest {spanText(oldestMs)}</span>
      </Link>
      {command !== undefined && <BulkButton of={command} what={what} cause={cause} asked={asked} />}
    </li>
  );
}

interface MessagesProps {
  readonly what: string;
  readonly cause: string | undefined;
}

/** The messages themselves, the oldest first. */
function GroupMessages({ what, cause }: MessagesProps) {
  const messages = useSignal<readonly MessageSummary[]>([]);
  const next = useSignal<string | undefined>(undefined);
  const state = useSignal<'busy' | 'ready'>('busy');
  const problem = useSignal<string | undefined>(undefined);

  async function look(before?: string): Promise<void> {
    state.value = 'busy';
    const from = before === undefined ? {} : { before };
    try {
      const page = await call('queue.messages', {
        what,
        ...(cause !== undefined && { cause }),
        ...from,
      });
      messages.value = before === undefined ? page.items : [...messages.value, ...page.items];
      next.value = page.next;
      problem.value = undefined;
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error);
    }
    state.value = 'ready';
  }

  useEffect(() => void look(), []);
  const command = (message: MessageSummary) => oneCommand(message, what, () => look());
  return (
    <section class="stack" aria-label="Messages">
      <h2>Messages, the oldest first</h2>
      {problem.value !== undefined && <Problem text={problem.value} again={() => look()} />}
      <MessageLines messages={messages.value} actions={command} />
      {state.value === 'busy' && <p class="soft">One moment…</p>}
      {state.value === 'ready' && messages.value.length === 0 && next.value === undefined && (
        <p class="soft">None just now.</p>
      )}
      {next.value !== undefined && state.value === 'ready' && (
        <button type="button" class="button" onClick={() => void look(next.value)}>
          More
        </button>
      )}
    </section>
  );
}

function oneCommand(message: MessageSummary, what: string, done: () => Promise<void>) {
  const cause = message.outs.some(({ reason }) => reason !== undefined) ? 'told' : '';
  const of = commandFor(what, cause);
  if (of === undefined) return null;
  const run = async (): Promise<void> => {
    await call('message.command', { key: message.key, command: of.command });
    await Promise.all([done(), groups.load()]);
  };
  return (
    <Action run={run} label={`${of.label}: ${message.subject || 'no subject'}`}>
      {of.label}
    </Action>
  );
}
