/**
 * "Pull the plug": kill the switch as hard as one can, start it again, and count.
 *
 * Stages: counted when the dialog opens → the line is cut → the line is back, counted again. The
 * two sets of messages are compared, not only their numbers.
 */

import { useSignal, useSignalEffect } from '@preact/signals';
import { Copied } from '../../parts/copied.js';
import { Dialog } from '../../parts/dialog.js';
import { call } from '../../server/call.js';
import { line } from '../../server/live.js';
import { me } from '../../server/session.js';
import { messagesWords } from './sayings.js';

/** Pages of each box that are counted. */
const PAGES_MAX = 20;

export function Plug() {
  const demo = me.value?.demo;
  const open = useSignal(false);
  const before = useSignal<ReadonlySet<string> | undefined>(undefined);
  const cut = useSignal(false);
  const verdict = useSignal<string | undefined>(undefined);

  async function begin(): Promise<void> {
    open.value = true;
    cut.value = false;
    verdict.value = undefined;
    before.value = await everyKey();
  }

  useSignalEffect(() => {
    if (!open.value) return;
    if (line.value === 'lost') {
      cut.value = true;
      verdict.value = undefined;
    } else if (line.value === 'open' && cut.value && before.value !== undefined) {
      const counted = before.value;
      void everyKey().then((after) => {
        verdict.value = compare(counted, after);
      });
    }
  });

  if (demo === undefined) return null;
  return (
    <>
      <button type="button" class="button" onClick={() => void begin()}>
        Pull the plug
      </button>
      <Dialog
        title="Pull the plug"
        open={open.value}
        close={() => {
          open.value = false;
        }}
      >
        <p>
          What the switch has accepted is on the disk before the sender hears “ok”. Kill it as hard
          as you can, in a terminal on its computer, and see:
        </p>
        <ol class="plug-steps stack">
          <li>
            <p>Kill it, without a chance to tidy up:</p>
            <Copied text={demo.kill} label="Copy the line that kills the switch" />
          </li>
          <li>
            <p>Start it again, where you started it first:</p>
            <Copied text={demo.start} label="Copy the line that starts the switch" />
          </li>
        </ol>
        <PlugState cut={cut.value} before={before.value?.size} verdict={verdict.value} />
      </Dialog>
    </>
  );
}

interface PlugStateProps {
  readonly cut: boolean;
  readonly before: number | undefined;
  readonly verdict: string | undefined;
}

function PlugState({ cut, before, verdict }: PlugStateProps) {
  const counted = before === undefined ? 'Counting…' : `${messagesWords(before)} now.`;
  return (
    <p class={`note ${cut && verdict === undefined ? 'warn' : ''}`} role="status">
      {verdict ??
        (cut
          ? 'The plug is out: nobody answers. Start it again; this page connects by itself.'
          : `The switch runs. ${counted}`)}
    </p>
  );
}

/** The keys of all of one's messages, in and out. */
async function everyKey(): Promise<ReadonlySet<string> | undefined> {
  const keys = new Set<string>();
  try {
    for (const box of ['inbox', 'sent'] as const) {
      let before: string | undefined;
      for (let page = 0; page < PAGES_MAX; page += 1) {
        const listed = await call('messages.list', {
          box,
          ...(before !== undefined && { before }),
        });
        for (const { key } of listed.items) keys.add(key);
        before = listed.next;
        if (before === undefined) break;
      }
    }
    return keys;
  } catch {
    return undefined;
  }
}

function compare(
  before: ReadonlySet<string>,
  after: ReadonlySet<string> | undefined,
): string | undefined {
  if (after === undefined) return undefined;
  const lost = [...before].filter((key) => !after.has(key)).length;
  const counts = `${messagesWords(before.size)} before, ${after.size} now`;
  return lost === 0
    ? `Back. ${counts}: nothing lost.`
    : `Back. ${counts}: ${lost} cannot be found.`;
}
