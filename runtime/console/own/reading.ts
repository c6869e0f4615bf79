/**
 * Finding one message for who asks, that it has been read, and "deliver now".
 *
 * Invariants: what somebody may not see does not exist for them; a reading is noted once, on the
 * delivery that went farthest, and is heard by everybody: the sender's "read" and the recipient's
 * other pages follow from it.
 */

import Type from 'typebox';
import type { Failure } from '../../../actors/machinery.js';
import { messageName } from '../../../actors/message-tracker/tracker.js';
import type { MessageSummary } from '../../../schemas/console.js';
import type { MessageDocument, MessageEvent } from '../../../schemas/message.js';
import { commandIdentifier, refuse } from '../../operations/operation.js';
import { type Caller, type CallTable, type ConsoleParts, consoleCall } from '../console-call.js';
import { directionFor, maySee, readableDelivery } from '../summary.js';
import { heldFor } from './lists.js';

const KEY_MAX = 256;
export const KeySchema = Type.String({ minLength: 1, maxLength: KEY_MAX, pattern: '^msg/' });

export interface FoundMessage {
  readonly ok: true;
  readonly document: MessageDocument;
  readonly direction: MessageSummary['direction'];
}

const UNKNOWN = 'There is no such message, or it is not kept any more.';

/** The message of this key, if the caller may see it; else there is none. */
export async function findFor(
  { running }: ConsoleParts,
  { account }: Caller,
  key: string,
): Promise<FoundMessage | Failure> {
  // Other documents than messages are nobody's business.
  const document = key.startsWith('msg/') ? await running.kernel.read(key) : undefined;
  if (document === undefined || !maySee(document, account)) {
    return refuse('MESSAGE_UNKNOWN', UNKNOWN);
  }
  return { ok: true, document, direction: directionFor(document, account) };
}

/** The same, for what only its recipient may do. */
async function findOwn(
  parts: ConsoleParts,
  caller: Caller,
  key: string,
): Promise<FoundMessage | Failure> {
  const found = await findFor(parts, caller, key);
  if (!found.ok || found.direction === 'in') return found;
  const message = 'Only the one it was sent to can do this with the message.';
  return refuse('NOT_ALLOWED', message);
}

async function markRead(
  parts: ConsoleParts,
  caller: Caller,
  key: string,
): Promise<{ readonly done: number } | Failure> {
  const found = await findOwn(parts, caller, key);
  if (!found.ok) return found;
  const { document } = found;
  if (document.context.deliveries.some(({ level }) => level === 'read')) return { done: 0 };
  const delivery = readableDelivery(document);
  if (delivery === undefined) {
    const name = messageName(key);
    return refuse('MESSAGE_STATE', `${name} has not been sent anywhere yet: nothing to confirm.`);
  }
  const applied = await parts.running.kernel.observe(key, {
    type: 'OUTCOME',
    at: parts.clock.now(),
    id: readingId(document, caller.account.id),
    delivery: delivery.id,
    attempt: '',
    outcome: { result: 'confirmed', level: 'read', status: '2.0.0', reason: 'read on the page' },
  });
  if (applied.ok) return { done: 1 };
  return applied.code === 'MESSAGE_STATE' ? { done: 0 } : applied;
}

/** Reading twice is once; what was sent again is read again. */
function readingId({ context }: MessageDocument, accountId: string): string {
  return context.round === 0 ? `read.${accountId}` : `read.${accountId}.${context.round}`;
}

async function deliverNow(
  parts: ConsoleParts,
  caller: Caller,
  key: string | undefined,
): Promise<{ readonly done: number } | Failure> {
  if (key !== undefined) {
    const found = await findOwn(parts, caller, key);
    if (!found.ok) return found;
    const released = await parts.running.kernel.observe(key, release(parts, caller));
    return released.ok ? { done: 1 } : released;
  }
  let done = 0;
  for (const document of await heldFor(parts.store, caller.account)) {
    const released = await parts.running.kernel.observe(document.key, release(parts, caller));
    // Released meanwhile by time or by another page: it is on its way all the same.
    if (released.ok) done += 1;
    else if (released.code !== 'MESSAGE_STATE') return released;
  }
  return { done };
}

function release({ clock }: ConsoleParts, { account }: Caller): MessageEvent {
  return { type: 'RELEASE', at: clock.now(), id: commandIdentifier(clock), by: account.name };
}

export const readingCalls: CallTable<'message.read' | 'message.deliverNow'> = {
  'message.read': consoleCall(
    'own.read',
    Type.Object({ key: KeySchema }),
    (parts, caller, { key }) => markRead(parts, caller, key),
  ),
  'message.deliverNow': consoleCall(
    'own.change',
    Type.Object({ key: Type.Optional(KeySchema) }),
    (parts, caller, { key }) => deliverNow(parts, caller, key),
  ),
};
