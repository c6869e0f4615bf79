/**
 * One command for all messages that wait for the same: shown first, then done.
 *
 * Invariant: nothing is changed before the number that is changed has been seen.
 */

import { type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ConsoleCalls } from '../../../../../schemas/console-calls.js';
import { countWords } from '../../language.js';
import { Action } from '../../parts/action.js';
import { Dialog } from '../../parts/dialog.js';
import { Problem } from '../../parts/loaded.js';
import { call } from '../../server/call.js';
import type { GroupCommand } from './commands.js';

/** What is asked about just now; undefined: nothing. */
export type Asked = Signal<BulkGroup | undefined>;

interface BulkGroup {
  readonly of: GroupCommand;
  readonly what: string;
  readonly cause: string;
}

interface BulkProps extends BulkGroup {
  /** Told when something was done. */
  readonly done: () => Promise<void>;
}

/** The dialog stands outside of the list: a group that is done with leaves it. */
export function BulkButton({ asked, of, what, cause }: BulkGroup & { readonly asked: Asked }) {
  return (
    <button
      type="button"
      class="button"
      aria-label={`${of.label}…: ${what}${cause === '' ? '' : `, ${cause}`}`}
      onClick={() => {
        asked.value = { of, what, cause };
      }}
    >
      {of.label}…
    </button>
  );
}

export function BulkDialog({ asked, done }: { asked: Asked; done: () => Promise<void> }) {
  const group = asked.value;
  return (
    <Dialog
      title={group?.of.label ?? ''}
      open={group !== undefined}
      close={() => {
        asked.value = undefined;
      }}
    >
      {group !== undefined && <Preview {...group} done={done} />}
    </Dialog>
  );
}

type Bulked = ConsoleCalls['queue.bulk']['out'];

function Preview({ of, what, cause, done }: BulkProps) {
  const preview = useSignal<Bulked | undefined>(undefined);
  const ended = useSignal<Bulked | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);
  const wanted = { command: of.command, what, cause };

  async function look(): Promise<void> {
    try {
      preview.value = await call('queue.bulk', wanted);
      problem.value = undefined;
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error);
    }
  }

  async function confirm(count: number): Promise<void> {
    try {
      ended.value = await call('queue.bulk', { ...wanted, confirm: count });
    } catch (error) {
      await look();
      throw error;
    }
    await done();
  }

  useEffect(() => void look(), []);
  if (problem.value !== undefined) return <Problem text={problem.value} again={look} />;
  if (ended.value !== undefined) return <Ended of={of} bulked={ended.value} />;
  if (preview.value === undefined) return <p class="soft">Counting…</p>;
  const { matching, examples } = preview.value;
  if (matching === 0) return <p>Nothing waits for this any more.</p>;
  return (
    <div class="stack">
      <p>
        <strong>{matching === 1 ? '1 message waits' : `${matching} messages wait`}</strong>: {what}
        {cause !== '' && (
          <>
            , <bdi>{cause}</bdi>
          </>
        )}
      </p>
      <ul class="op-examples small">
        {examples.map((example, index) => (
          <li key={String(index)} dir="auto">
            {example}
          </li>
        ))}
        {matching > examples.length && (
          <li class="soft">and {countWords(matching - examples.length)} more</li>
        )}
      </ul>
      <p class="small soft">It is noted in the audit.</p>
      <Action kind="first" run={() => confirm(matching)}>
        {of.confirm(matching)}
      </Action>
    </div>
  );
}

function Ended({ of, bulked }: { of: GroupCommand; bulked: Bulked }) {
  const { matching, done } = bulked;
  return (
    <p role="status">
      {of.done(done)}
      {done < matching && ` ${matching - done} had moved on by themselves.`}
    </p>
  );
}
