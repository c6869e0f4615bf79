/** Commands about messages: send, release, retry, resend, redirect, edit. */

import Type from 'typebox';
import { messageName } from '../../actors/message-tracker/tracker.js';
import type { Recipient } from '../../schemas/address.js';
import type { MessageDocument, MessageEvent } from '../../schemas/message.js';
import type { Submission } from '../../schemas/submission.js';
import type { Umf } from '../../schemas/umf.js';
import type { Answer } from '../control.js';
import { readMessage, resolveMessages } from '../messages.js';
import { recipientFrom } from '../recipients.js';
import { commandIdentifier, type Operated, operation, refuse, value } from './operation.js';

const TEXT_MAX = 4 * 1024 * 1024;
const SUBJECT_MAX = 998;
const RECIPIENTS_MAX = 1000;
const NAME_MAX = 256;

const Name = Type.String({ minLength: 1, maxLength: NAME_MAX });
const Subject = Type.String({ maxLength: SUBJECT_MAX, pattern: '^[^\\u0000-\\u001f\\u007f]*$' });
const Text = Type.String({ maxLength: TEXT_MAX });
const Reference = Type.String({ minLength: 1, maxLength: SUBJECT_MAX });

type Command = 'RELEASE' | 'RETRY' | 'RESEND';

function peopleOf({ core, channels }: Operated) {
  return { accounts: core.accounts, directory: core.directory, channels };
}

function noRecipient(text: string): Answer {
  const what = `"${text}" is neither an account nor an address of a channel`;
  return refuse('ADDRESS_SYNTAX', `${what}: write channel:address`);
}

const send = operation(
  Type.Object({
    from: Type.Optional(Name),
    to: Type.Array(Name, { minItems: 1, maxItems: RECIPIENTS_MAX }),
    subject: Subject,
    text: Text,
    by: Name,
  }),
  async (operated, { from, to, subject, text, by }) => {
    const recipients: Recipient[] = [];
    for (const written of to) {
      const recipient = await recipientFrom(peopleOf(operated), written);
      if (recipient === undefined) return noRecipient(written);
      recipients.push(recipient);
    }
    const sender = from === undefined ? undefined : await recipientFrom(peopleOf(operated), from);
    if (from !== undefined && sender === undefined) return noRecipient(from);
    const submission = submissionOf({ recipients, sender, subject, text, by }, operated);
    const accepted = await operated.core.kernel.accept(submission);
    if (!accepted.ok) return accepted;
    accepted.proceed({ answered: true });
    return value({ id: accepted.id });
  },
);

interface Written {
  readonly recipients: readonly Recipient[];
  readonly sender: Recipient | undefined;
  readonly subject: string;
  readonly text: string;
  readonly by: string;
}

function submissionOf(written: Written, { clock }: Operated): Submission {
  const { recipients, sender, subject, text, by } = written;
  const [first] = recipients;
  const address = sender?.via;
  const umf: Umf = {
    uid: commandIdentifier(clock),
    to: recipients.map(({ via }) => ({ channel: via.channel, address: via.value })),
    ...(address && { from: { channel: address.channel, address: address.value } }),
    subject,
    body: { mediaType: 'text/plain', parameters: { charset: 'utf-8' }, text },
    priority: 'normal',
    securityLevel: 'normal',
    sentAt: clock.now(),
  };
  const report = { success: false, failure: address !== undefined, delay: false };
  return {
    sender: {
      verification: { verified: true, how: 'command line' },
      ...(address && { address }),
      ...(sender?.kind === 'subscriber' && { account: sender.account }),
    },
    header: { subject, priority: 'normal', size: Buffer.byteLength(text) },
    origin: { channel: first?.via.channel ?? '', peer: by, startedAt: clock.now() },
    hops: 0,
    recipients: recipients.map((to) => ({ to, report })),
    content: { kind: 'umf', umf },
  };
}

/** Applies one command to each message that `id` names. */
async function command(
  operated: Operated,
  id: string,
  event: (document: MessageDocument) => MessageEvent,
): Promise<Answer> {
  const resolved = await resolveMessages(operated.store, id);
  if (!resolved.ok) return resolved;
  const done: { key: string; state: string }[] = [];
  let refused: Answer | undefined;
  for (const key of resolved.keys) {
    const document = await readMessage(operated.store, key);
    if (document === undefined) continue;
    const applied = await operated.core.kernel.observe(key, event(document));
    if (applied.ok) done.push({ key, state: applied.document.state });
    else refused = refuse(applied.code, refusalText(key, applied.message));
  }
  return done.length === 0 && refused !== undefined ? refused : value({ messages: done });
}

/** Names the message once, as people know it. */
function refusalText(key: string, message: string): string {
  const said = message.startsWith(`${key} `) ? message.slice(key.length) : `: ${message}`;
  return `${messageName(key)}${said}`;
}

function simple(type: Command) {
  return operation(Type.Object({ id: Reference, by: Name }), (operated, { id, by }) =>
    command(operated, id, () => ({
      type,
      by,
      at: operated.clock.now(),
      id: commandIdentifier(operated.clock),
    })),
  );
}

const redirect = operation(
  Type.Object({ id: Reference, to: Name, by: Name }),
  async (operated, { id, to: written, by }) => {
    const to = await recipientFrom(peopleOf(operated), written);
    if (to === undefined) return noRecipient(written);
    const at = operated.clock.now();
    const observed = { id: commandIdentifier(operated.clock), at, by };
    return command(operated, id, () => ({ type: 'REDIRECT', to, ...observed }));
  },
);

/** The content becomes what was typed: what came in stays with the submission, byte for byte. */
const edit = operation(
  Type.Object({ id: Reference, subject: Type.Optional(Subject), text: Text, by: Name }),
  async (operated, { id, subject, text, by }) => {
    const at = operated.clock.now();
    const observed = { id: commandIdentifier(operated.clock), at, by };
    return command(operated, id, (document) => {
      const umf = editedUmf(document, subject, text);
      return { type: 'EDIT', content: { kind: 'umf', umf }, ...observed };
    });
  },
);

function editedUmf(document: MessageDocument, subject: string | undefined, text: string): Umf {
  const { input, context } = document;
  const { via } = context.recipient;
  const from = input.sender.address;
  const title = subject ?? input.header.subject;
  return {
    uid: input.key,
    to: [{ channel: via.channel, address: via.value }],
    ...(from && { from: { channel: from.channel, address: from.value } }),
    ...(title !== undefined && { subject: title }),
    body: { mediaType: 'text/plain', parameters: { charset: 'utf-8' }, text },
    priority: input.header.priority,
    securityLevel: 'normal',
    sentAt: input.createdAt,
  };
}

export const messageOperations = {
  send,
  'queue.release': simple('RELEASE'),
  'queue.retry': simple('RETRY'),
  'dead.resend': simple('RESEND'),
  'dead.redirect': redirect,
  'dead.edit': edit,
};
