/**
 * The queue for an operator: groups by what they wait for and why, the messages of one group, and
 * one command for all of them.
 *
 * Invariants: a bulk command without `confirm` changes nothing; with it, it is refused when more
 * match than were previewed; it takes only messages that match when it comes to them, at most
 * BULK_MAX, each under an identifier of its own (law 3); it is audited before it begins.
 */

import type { Failure } from '../../../actors/machinery.js';
import { spanText } from '../../../actors/message-tracker/words.js';
import type { MessageSummary, QueueGroup } from '../../../schemas/console.js';
import type { ConsoleCalls } from '../../../schemas/console-calls.js';
import { DEAD_ROW, QUEUE_ROWS, readMessage } from '../../messages.js';
import { commandIdentifier, refuse } from '../../operations/operation.js';
import { audit } from '../audit.js';
import type { Caller, ConsoleParts } from '../console-call.js';
import { summaryOf } from '../summary.js';
import {
  documentsOf,
  look,
  lookAnew,
  matches,
  type Waiting,
  waitingIn,
  waitingOf,
} from './scan.js';

/** Groups shown; with more, the smallest are left out. */
const GROUPS_MAX = 200;
const PAGE = 50;
/** Documents looked through for one page of a group. */
const PAGE_LOOKED_AT_MAX = 2_000;
/** Messages that one confirmed command takes at the most. */
export const BULK_MAX = 5_000;
/** Messages looked through for them, of each row. */
const BULK_LOOKED_AT_MAX = 50_000;
/** Commands under way at once: their writes share flushes. */
const BULK_AT_ONCE = 16;
const EXAMPLES = 5;

export interface Wanted {
  readonly what: string;
  readonly cause?: string | undefined;
}

/** The rows in which messages that wait for this are found. */
function rowsFor({ what }: Wanted): readonly string[] {
  if (what === 'held') return ['state/routed'];
  return what === 'dead' ? [DEAD_ROW] : QUEUE_ROWS;
}

export async function queueGroups({
  store,
  clock,
}: ConsoleParts): Promise<ConsoleCalls['queue.groups']['out']> {
  const { waiting, partial } = await look(store, clock);
  const now = clock.now();
  const groups = new Map<
    string,
    { what: string; cause: string; total: number; oldestMs: number }
  >();
  for (const { what, cause, createdAt } of waiting) {
    const name = `${what}\n${cause}`;
    const group = groups.get(name) ?? { what, cause, total: 0, oldestMs: 0 };
    group.total += 1;
    group.oldestMs = Math.max(group.oldestMs, now - createdAt);
    groups.set(name, group);
  }
  const items: QueueGroup[] = [...groups.values()].sort((a, b) => b.total - a.total);
  const isCut = items.length > GROUPS_MAX;
  return { items: items.slice(0, GROUPS_MAX), partial: partial.size > 0 || isCut };
}

/** `next` is the row and the key to go on after. */
export async function queueMessages(
  { store }: ConsoleParts,
  { account }: Caller,
  given: Wanted & { readonly before?: string },
): Promise<ConsoleCalls['queue.messages']['out']> {
  const rows = rowsFor(given);
  const [row, key] = given.before?.split(' ') ?? [];
  const begin = Math.max(0, row === undefined ? 0 : rows.indexOf(row));
  const items: MessageSummary[] = [];
  let left = PAGE_LOOKED_AT_MAX;
  for (const at of rows.slice(begin)) {
    const from = key !== undefined && at === row ? { after: key } : {};
    let last: string | undefined;
    for await (const document of documentsOf(store, at, { ...from, limit: left })) {
      left -= 1;
      last = document.key;
      if (matches(waitingOf(document, at), given)) items.push(summaryOf(document, { account }));
      if (items.length === PAGE || left === 0) return { items, next: `${at} ${last}` };
    }
  }
  return { items };
}

export type BulkGiven = ConsoleCalls['queue.bulk']['in'];

/** What matches now: at most BULK_MAX, the oldest of each state first. */
async function matching(parts: ConsoleParts, wanted: Wanted): Promise<readonly Waiting[]> {
  const found: Waiting[] = [];
  for await (const one of waitingIn(parts.store, rowsFor(wanted), BULK_LOOKED_AT_MAX)) {
    if (matches(one, wanted)) found.push(one);
    if (found.length === BULK_MAX) break;
  }
  return found;
}

export async function queueBulk(
  parts: ConsoleParts,
  caller: Caller,
  given: BulkGiven,
): Promise<ConsoleCalls['queue.bulk']['out'] | Failure> {
  const found = await matching(parts, given);
  const examples = await Promise.all(
    found.slice(0, EXAMPLES).map((one) => example(parts, caller, one)),
  );
  if (given.confirm === undefined) return { matching: found.length, done: 0, examples };
  if (found.length > given.confirm) {
    const message = `${found.length} messages match now, ${given.confirm} were shown: look again.`;
    return refuse('MESSAGE_STATE', message);
  }
  const because = given.cause === undefined ? '' : `, "${given.cause}"`;
  const what = `${given.command} of all that wait: ${given.what}${because}`;
  await audit(parts, caller.account, { what, of: `${found.length} messages` });
  const done = await commandAll(parts, caller, { given, found });
  lookAnew(parts.store);
  return { matching: found.length, done, examples };
}

/** One line of a preview. */
async function example(
  { store, clock }: ConsoleParts,
  { account }: Caller,
  { key, createdAt }: Waiting,
): Promise<string> {
  const document = await readMessage(store, key);
  if (document === undefined) return key.slice('msg/'.length);
  const { subject, to } = summaryOf(document, { account });
  const age = spanText(clock.now() - createdAt);
  return `"${subject || 'no subject'}" to ${to.address ?? 'nobody'}, ${age} old`;
}

const EVENTS = { retry: 'RETRY', release: 'RELEASE', resend: 'RESEND' } as const;

async function commandAll(
  { running, clock }: ConsoleParts,
  { account }: Caller,
  { given, found }: { given: BulkGiven; found: readonly Waiting[] },
): Promise<number> {
  let done = 0;
  const left = found.values();
  const worker = async (): Promise<void> => {
    for (const { key, row } of left) {
      const document = await running.kernel.read(key);
      // It may have moved since it was counted: what waits for something else now is left alone.
      if (document === undefined || !matches(waitingOf(document, row), given)) continue;
      const observed = { id: commandIdentifier(clock), at: clock.now(), by: account.name };
      const applied = await running.kernel.observe(key, {
        type: EVENTS[given.command],
        ...observed,
      });
      if (applied.ok) done += 1;
    }
  };
  await Promise.all(Array.from({ length: BULK_AT_ONCE }, worker));
  return done;
}
