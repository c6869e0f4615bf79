/**
 * `patchboard explain`: why a message went where it went, from the decision that was recorded; with
 * `--to`, what would happen to one (C8).
 */

import { headline, messageName } from '../../actors/message-tracker/tracker.js';
import { explain } from '../../actors/user-manager/explain.js';
import type { HistoryEntry, MessageDocument } from '../../schemas/message.js';
import { readHistory, readMessage, resolveMessages } from '../messages.js';
import { type Call, type Command, EXIT, fail, print, text } from './call.js';
import { withReader } from './opening.js';
import { localTime } from './times.js';

export const command: Command = {
  help: `explain [ID | ENDING | MESSAGE-ID | last] [--json]
patchboard explain --to ACCOUNT [--from WHO] [--at TIME] [--subject TEXT]
                   [--priority low|normal|high|urgent] [--unverified]

Why a message went where it went: every decision that was made, and what it was made from. With --to
what would happen to a message, now or at TIME ("2026-11-29T03:00", or "2h" from now), as the
account is now; its sender counts as verified unless --unverified. Nothing is sent.`,
  options: {
    to: { type: 'string' },
    from: { type: 'string' },
    at: { type: 'string' },
    subject: { type: 'string', short: 's' },
    priority: { type: 'string' },
    unverified: { type: 'boolean' },
  },
  async run(call) {
    const to = text(call, 'to');
    if (to === undefined) return explainPast(call);
    // Only here: a past decision is told without the schemas of all settings.
    const { explainDryRun } = await import('./dry-run.js');
    return explainDryRun(call, to);
  },
};

function explainPast(call: Call): Promise<number> {
  return withReader(call, async (store) => {
    const resolved = await resolveMessages(store, call.words[0] ?? 'last');
    if (!resolved.ok) return fail(call, resolved);
    const documents: unknown[] = [];
    const lines: string[] = [];
    for (const key of resolved.keys) {
      const document = await readMessage(store, key);
      if (document === undefined) continue;
      const decisions = (await readHistory(store, document)).flatMap(decisionOf);
      documents.push({ id: messageName(key), decisions });
      lines.push(headline(document), ...decisionLines(call, document, decisions));
    }
    print(call, { messages: documents }, lines);
    return EXIT.ok;
  });
}

function decisionOf({ event }: HistoryEntry) {
  return event.type === 'ROUTED' ? [{ at: event.at, decision: event.decision }] : [];
}

function decisionLines(
  call: Call,
  document: MessageDocument,
  decisions: ReturnType<typeof decisionOf>,
): string[] {
  if (decisions.length === 0) return [`  not decided yet: ${document.state}`];
  const time = localTime(call.clock.now());
  return decisions.flatMap(({ at, decision }) => {
    const [first = '', ...rest] = explain(decision);
    return [`${time.short(at)}  ${first}`, ...rest.map((line) => `  ${line}`)];
  });
}
