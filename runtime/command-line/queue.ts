/** `patchboard queue`: what waits, and for what; retry and release by hand. */

import { queueText, summarize } from '../../actors/message-tracker/queue.js';
import { DEAD_ROW, QUEUE_ROWS, readRows } from '../messages.js';
import { type Call, type Command, EXIT, print, UsageError, word } from './call.js';
import { changeMessages } from './changed.js';
import { withReader } from './opening.js';

/** Messages looked at for the summary, of each state. */
const LOOKED_AT_MAX = 20_000;

export const command: Command = {
  help: `queue [--json]
patchboard queue retry ID      try again now what waits for its next trial
patchboard queue release ID    let go what is held; it is decided anew

What waits, by what it waits for, with ages and causes.`,
  async run(call) {
    const [what] = call.words;
    if (what === undefined) return summary(call);
    if (what !== 'retry' && what !== 'release') throw new UsageError(`queue has no "${what}"`);
    return changeMessages(call, `queue.${what}`, { id: word(call, 1, 'the id') });
  },
};

function summary(call: Call): Promise<number> {
  return withReader(call, async (store) => {
    const rows = [...QUEUE_ROWS, DEAD_ROW];
    const options = { limit: LOOKED_AT_MAX, order: 'ascending' } as const;
    const { documents, partial } = await readRows(store, rows, options);
    const found = summarize(documents, { now: call.clock.now(), partial });
    print(call, found, queueText(found));
    return EXIT.ok;
  });
}
