/**
 * Carries out the outbox: creates the documents that follow from a message's end (reports, dead
 * notices) or belong to it (further recipients). Each is created under an identifier that follows
 * from its own; "exists" is success, so a crash between creation and clearing harms nothing.
 */

import type { Log } from '../../actors/machinery.js';
import { deadNotice } from '../../actors/message-tracker/dead-messages.js';
import { reportSubmission } from '../../actors/message-tracker/reports.js';
import type { Recipient } from '../../schemas/address.js';
import { splitMessageKey } from '../../schemas/identifier.js';
import type { OutboxEntry } from '../../schemas/message.js';
import type { Submission } from '../../schemas/submission.js';
import type { Accepting } from './accept.js';
import type { Committer, Held } from './commit.js';

/** So many further recipients are created at once. */
const FANOUT_CHUNK = 64;

export interface OutboxParts {
  readonly accepting: Accepting;
  readonly committer: Committer;
  readonly log: Log;
  readonly goOn: (held: Held) => void;
  /** The operators, who get dead messages (E3). */
  readonly operators: () => Promise<readonly Recipient[]>;
  /** A subscriber where the address is one's, else the address outside. */
  readonly recipientAt: (address: {
    channel: string;
    value: string;
  }) => Promise<Recipient | undefined>;
}

/** Who signed in on a device is told as a subscriber: that device is an address of nobody. */
function inside(found: Recipient, account: string | undefined): Recipient {
  if (found.kind === 'subscriber' || account === undefined) return found;
  return { kind: 'subscriber', account, via: found.via };
}

function troubled(log: Log, error: unknown): false {
  log.error('outbox.trouble', { reason: String(error) });
  return false;
}

export function createOutbox(parts: OutboxParts) {
  const { accepting, committer } = parts;

  async function fanOut(held: Held, from: number): Promise<void> {
    const { input, fanout = [] } = held.document;
    const { submission: id } = splitMessageKey(input.key);
    const of = { id, createdAt: input.createdAt, content: input.content };
    for (let start = from - 1; start < fanout.length; start += FANOUT_CHUNK) {
      const chunk = fanout.slice(start, start + FANOUT_CHUNK);
      const made = chunk.map((recipient, i) =>
        accepting.createMessage({ ...of, n: start + i + 1 }, input, recipient),
      );
      for (const created of await Promise.all(made)) if (created) parts.goOn(created);
    }
  }

  async function submit(submission: Submission): Promise<boolean> {
    const accepted = await accepting.accept(submission);
    if (!accepted.ok) {
      parts.log.warn('outbox.refused', { code: accepted.code, reason: accepted.message });
      return false;
    }
    if (!accepted.again) accepted.proceed({ answered: true });
    return true;
  }

  async function report(held: Held, entry: OutboxEntry & { kind: 'report' }): Promise<boolean> {
    const { sender } = held.document.input;
    const found = sender.address && (await parts.recipientAt(sender.address));
    // Not known now is not the same as nobody here: a subscriber's report must not go outside.
    if (sender.address !== undefined && found === undefined) return false;
    const to = found && inside(found, sender.account);
    const made = reportSubmission(held.document, { action: entry.action, id: entry.id, to });
    if ('told' in made) {
      committer.note(held.document.key, { senderTold: made.told });
      return true;
    }
    if (!(await submit(made.submission))) return false;
    committer.note(held.document.key, { senderTold: `${entry.action} reported` });
    return true;
  }

  async function notify(held: Held, entry: OutboxEntry): Promise<boolean> {
    const operators = await parts.operators();
    const notice = deadNotice(held.document, { id: entry.id, operators });
    return notice === undefined ? true : submit(notice);
  }

  async function carryOutOne(held: Held, entry: OutboxEntry): Promise<boolean> {
    if (entry.kind === 'report') return report(held, entry);
    if (entry.kind === 'deadNotice') return notify(held, entry);
    await fanOut(held, entry.from);
    return true;
  }

  /** Creates what is to be created, and notes what is done; an end is then saved as closed. */
  async function carryOut(held: Held): Promise<void> {
    const done = new Set<string>();
    for (const entry of held.document.outbox) {
      // What cannot be created now must not keep the rest from being created.
      const made = carryOutOne(held, entry).catch((error: unknown) => troubled(parts.log, error));
      if (await made) done.add(entry.id);
    }
    committer.note(held.document.key, { done });
  }

  return { carryOut };
}
