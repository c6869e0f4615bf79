/** `patchboard inbox`: the messages of an account, the newest first. */

import { messageName, shortName } from '../../actors/message-tracker/tracker.js';
import { honestWord } from '../../actors/message-tracker/words.js';
import type { MessageDocument } from '../../schemas/message.js';
import { readMessage, readRows, resolveMessages } from '../messages.js';
import type { Store } from '../store/store.js';
import { type Call, type Command, EXIT, fail, print, text, UsageError, word } from './call.js';
import { withReader } from './opening.js';
import { localTime, table } from './times.js';

const SHOWN_DEFAULT = 20;
const SHOWN_MAX = 1000;

export const command: Command = {
  help: `inbox ACCOUNT [--limit 20] [--json]
patchboard inbox show ID

The messages to an account, the newest first. "show" writes what came in, byte for byte,
also with --json.`,
  options: { limit: { type: 'string' } },
  async run(call) {
    const account = word(call, 0, 'the account');
    if (account === 'show') return withReader(call, (store) => show(call, store));
    const limit = Number(text(call, 'limit') ?? SHOWN_DEFAULT);
    if (!Number.isInteger(limit) || limit < 1 || limit > SHOWN_MAX) {
      throw new UsageError(`--limit must be 1 to ${SHOWN_MAX}`);
    }
    return withReader(call, async (store) => {
      const id = await accountId(store, account);
      if (id === undefined) {
        return fail(call, {
          code: 'ACCOUNT_UNKNOWN',
          message: `There is no account "${account}".`,
        });
      }
      const order = { limit, order: 'descending' } as const;
      const { documents } = await readRows(store, [`inbox/${id}`], order);
      print(call, { account, messages: documents.map(entry) }, lines(call, documents));
      return EXIT.ok;
    });
  },
};

/** By name, or by its own identifier. */
async function accountId(store: Store, name: string): Promise<string | undefined> {
  const { nameRow, accountKey } = await import('../account-documents.js');
  const row = nameRow(name.toLowerCase());
  const [key] = await store.list(row, { limit: 1, order: 'ascending' });
  if (key !== undefined) return key.slice(accountKey('').length);
  return (await store.get(accountKey(name))) === undefined ? undefined : name;
}

function entry(document: MessageDocument) {
  return {
    id: messageName(document.key),
    at: document.input.createdAt,
    from: document.input.sender.address?.value,
    subject: document.input.header.subject,
    state: document.state,
    is: honestWord(document),
  };
}

function lines(call: Call, documents: readonly MessageDocument[]): string[] {
  if (documents.length === 0) return ['No messages.'];
  const time = localTime(call.clock.now());
  return table(
    documents.map((document) => [
      time.short(document.input.createdAt),
      shortName(document.key),
      document.input.sender.address?.value ?? '(no sender)',
      document.input.header.subject ?? '(no subject)',
      honestWord(document),
    ]),
  );
}

async function show(call: Call, store: Store): Promise<number> {
  const resolved = await resolveMessages(store, word(call, 1, 'the id'));
  if (!resolved.ok) return fail(call, resolved);
  const document = await readMessage(store, resolved.keys[0] ?? '');
  const content = document?.context.content;
  if (content === undefined) {
    const message = 'The content is no longer kept.';
    return fail(call, { code: 'MESSAGE_UNKNOWN', message });
  }
  if (content.kind === 'umf') {
    const { bytes: _, ...body } = content.umf.body;
    print(call, { ...content.umf, body }, [content.umf.body.text ?? '(no text)']);
    return EXIT.ok;
  }
  if (content.at.in === 'own') {
    process.stdout.write((await store.getContent(content.at.key)) ?? '');
    return EXIT.ok;
  }
  for await (const chunk of store.getBlob(content.at.key) ?? []) process.stdout.write(chunk);
  return EXIT.ok;
}
