/** `patchboard dead`: messages that found no way, before an operator's eyes. */

import { describeMessage, messageName, shortName } from '../../actors/message-tracker/tracker.js';
import type { MessageDocument } from '../../schemas/message.js';
import { withoutBytes } from '../control.js';
import { DEAD_ROW, readHistory, readMessage, readRows, resolveMessages } from '../messages.js';
import { type Call, type Command, EXIT, fail, print, text, UsageError, word } from './call.js';
import { changeMessages } from './changed.js';
import { withReader } from './opening.js';
import { localTime, table } from './times.js';

const SHOWN_MAX = 1000;

export const command: Command = {
  help: `dead list [--json]
patchboard dead show ID
patchboard dead edit ID --text TEXT [--subject TEXT]
patchboard dead resend ID
patchboard dead redirect ID --to WHO

Messages that found no way to their recipient. Resend and redirect decide anew.`,
  options: { to: { type: 'string' }, text: { type: 'string' }, subject: { type: 'string' } },
  async run(call) {
    const what = call.words[0] ?? 'list';
    if (what === 'list') return list(call);
    const id = word(call, 1, 'the id');
    switch (what) {
      case 'show':
        return show(call, id);
      case 'resend':
        return changeMessages(call, 'dead.resend', { id });
      case 'redirect':
        return changeMessages(call, 'dead.redirect', { id, to: needed(call, 'to') });
      case 'edit': {
        const subject = text(call, 'subject');
        const argument = { id, text: needed(call, 'text') };
        const both = subject === undefined ? argument : { ...argument, subject };
        return changeMessages(call, 'dead.edit', both);
      }
      default:
        throw new UsageError(`dead has no "${what}"`);
    }
  },
};

function needed(call: Call, flag: string): string {
  const given = text(call, flag);
  if (given === undefined) throw new UsageError(`--${flag} is missing`);
  return given;
}

function list(call: Call): Promise<number> {
  return withReader(call, async (store) => {
    const options = { limit: SHOWN_MAX, order: 'descending' } as const;
    const { documents, partial } = await readRows(store, [DEAD_ROW], options);
    const entries = documents.map((document) => ({
      id: messageName(document.key),
      at: document.input.createdAt,
      from: document.input.sender.address?.value,
      to: document.context.recipient.via.value,
      subject: document.input.header.subject,
      because: document.context.because,
    }));
    const more = partial ? ['… and more'] : [];
    print(call, { dead: entries, partial }, [...lines(call, documents), ...more]);
    return EXIT.ok;
  });
}

function lines(call: Call, documents: readonly MessageDocument[]): string[] {
  if (documents.length === 0) return ['No dead messages.'];
  const time = localTime(call.clock.now());
  return table(
    documents.map((document) => [
      time.short(document.input.createdAt),
      shortName(document.key),
      document.input.sender.address?.value ?? '(no sender)',
      `→ ${document.context.recipient.via.value}`,
      document.input.header.subject ?? '(no subject)',
      document.context.because ?? '',
    ]),
  );
}

function show(call: Call, id: string): Promise<number> {
  return withReader(call, async (store) => {
    const resolved = await resolveMessages(store, id);
    if (!resolved.ok) return fail(call, resolved);
    const now = call.clock.now();
    for (const key of resolved.keys) {
      const document = await readMessage(store, key);
      if (document === undefined) continue;
      const history = await readHistory(store, document);
      if (call.json) call.out(JSON.stringify({ ...document, history }, withoutBytes));
      else {
        const telling = { document, history, now, time: localTime(now) };
        for (const line of describeMessage(telling)) call.out(line);
      }
      if (call.json) break;
    }
    return EXIT.ok;
  });
}
