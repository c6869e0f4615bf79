/**
 * What an operator does to one message: let go, try again, send again, elsewhere, with another
 * text. The same operations as the command line's, audited.
 */

import type { Failure } from '../../../actors/machinery.js';
import { messageName } from '../../../actors/message-tracker/tracker.js';
import type { Answer } from '../../control.js';
import { messageOperations } from '../../operations/on-messages.js';
import { refuse } from '../../operations/operation.js';
import { recipientFrom } from '../../recipients.js';
import { audit } from '../audit.js';
import type { Caller, ConsoleParts } from '../console-call.js';
import { operatedBy } from '../operated.js';
import { lookAnew } from './scan.js';

type Done = { readonly done: number };

export const COMMANDS = {
  retry: { operation: 'queue.retry', told: 'had the message tried again' },
  release: { operation: 'queue.release', told: 'let the held message go' },
  resend: { operation: 'dead.resend', told: 'sent the message again' },
} as const;

/** What an operation refused, in the console's terms. */
export function failureOf(answer: Answer): Failure | undefined {
  if (answer.ok) return undefined;
  const { code, message } = answer;
  return refuse(code === 'NOT_RUNNING' ? 'STOPPING' : code, message);
}

interface Change {
  readonly key: string;
  readonly operation: keyof typeof messageOperations;
  readonly told: string;
  readonly argument?: Readonly<Record<string, unknown>>;
}

async function change(parts: ConsoleParts, caller: Caller, given: Change): Promise<Done | Failure> {
  const id = given.key.slice('msg/'.length);
  const of = messageName(given.key);
  const by = caller.account.name;
  await audit(parts, caller.account, { what: given.told, of });
  const argument = { ...given.argument, id, by };
  const answer = await messageOperations[given.operation].run(operatedBy(parts), argument);
  lookAnew(parts.store);
  return failureOf(answer) ?? { done: 1 };
}

export function commandMessage(
  parts: ConsoleParts,
  caller: Caller,
  { key, command }: { readonly key: string; readonly command: keyof typeof COMMANDS },
): Promise<Done | Failure> {
  return change(parts, caller, { key, ...COMMANDS[command] });
}

export async function redirectMessage(
  parts: ConsoleParts,
  caller: Caller,
  { key, to }: { readonly key: string; readonly to: string },
): Promise<Done | Failure> {
  const { accounts, directory } = parts.running;
  const people = { accounts, directory, channels: parts.channels };
  if ((await recipientFrom(people, to)) === undefined) {
    const what = `"${to}" is neither an account nor an address of a channel`;
    return refuse('ADDRESS_SYNTAX', `${what}: write channel:address.`);
  }
  const told = `sent the message to ${to}`;
  return change(parts, caller, { key, operation: 'dead.redirect', told, argument: { to } });
}

/** Only the content: it goes out when it is sent again. */
export function editMessage(
  parts: ConsoleParts,
  caller: Caller,
  { key, ...argument }: { readonly key: string; readonly subject?: string; readonly text: string },
): Promise<Done | Failure> {
  const told = 'changed the text of the message';
  return change(parts, caller, { key, operation: 'dead.edit', told, argument });
}
