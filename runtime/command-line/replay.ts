/** `patchboard replay`: the recorded events of a message through today's machine. */

import { messageName } from '../../actors/message-tracker/tracker.js';
import { describeDifference, replay } from '../kernel/replay.js';
import { readHistory, readMessage, resolveMessages } from '../messages.js';
import { type Command, EXIT, fail, print } from './call.js';
import { withReader } from './opening.js';

export const command: Command = {
  help: `replay [ID | ENDING | MESSAGE-ID | last] [--json]

Runs the recorded events through today's machine and shows the first difference (exit 1).`,
  run: (call) =>
    withReader(call, async (store) => {
      const resolved = await resolveMessages(store, call.words[0] ?? 'last');
      if (!resolved.ok) return fail(call, resolved);
      const results: unknown[] = [];
      const lines: string[] = [];
      let differs = false;
      for (const key of resolved.keys) {
        const document = await readMessage(store, key);
        if (document === undefined) continue;
        const history = await readHistory(store, document);
        const replayed = replay(document, history);
        const name = messageName(key);
        differs ||= !replayed.ok;
        if (replayed.ok) {
          results.push({ id: name, ok: true, steps: history.length });
          lines.push(`${name}  same course: ${history.length} events, ${document.state}`);
        } else {
          const { step, expected, got } = replayed;
          const event = history[step]?.event.type;
          const difference = describeDifference(replayed, history);
          results.push({ id: name, ok: false, step, event, expected, got, difference });
          lines.push(`${name}  ${difference}`);
        }
      }
      print(call, { messages: results }, lines);
      return differs ? EXIT.failed : EXIT.ok;
    }),
};
