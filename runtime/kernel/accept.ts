/**
 * Acceptance (laws 1, 13): one flushed write holds envelope, raw bytes, header and every
 * recipient's first state; then the peer is answered; then the message goes on its way.
 *
 * Stages: check limits → walk the first recipient's machine as far as it goes without the world
 * (`dispatched` when the account is at hand) → create `.0`, the commit point, with the further
 * recipients in `fanout` → `proceed` sets it on its way and has the others created.
 */

import type { Accepted, Clock, Failure } from '../../actors/machinery.js';
import type { Account } from '../../schemas/account.js';
import type { Recipient } from '../../schemas/address.js';
import type { Decision } from '../../schemas/decision.js';
import { makeIdentifier, messageKey, splitMessageKey } from '../../schemas/identifier.js';
import type { MessageDocument, MessageEvent, MessageInput } from '../../schemas/message.js';
import type { Content, Submission, SubmissionRecipient } from '../../schemas/submission.js';
import type { Created, Store } from '../store/store.js';
import type { Committer, Held } from './commit.js';
import { firstDocument, headOf, purgeTime } from './document.js';
import { begin, type Walked, walk } from './logic.js';

/** An unanswered SMTP submission that comes again within this time is the same one (law 13). */
export const SAME_WITHIN_MS = 15 * 60_000;
/** Recipients of one submission; a channel's own limit is usually lower. */
export const RECIPIENTS_MAX = 10_000;
const RANDOM_BYTES = 7;
const FANOUT = { kind: 'fanout', id: 'fanout', from: 1 } as const;

export interface AcceptParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly worker: string;
  readonly committer: Committer;
  /** Decides for a recipient if its account can be read; else undefined, and it is routed later. */
  readonly decideNow: (input: MessageInput, now: number) => Promise<Decision | undefined>;
  readonly refusing: () => string | undefined;
  /** Sets a stored message on its way. */
  readonly goOn: (held: Held) => void;
  readonly keepBlob: (key: string, purgeAt: number) => Promise<void>;
}

export interface Accepting {
  accept(submission: Submission): Promise<Accepted>;
  /** Creates the message of one recipient if it is absent (fanout); true when it was. */
  createMessage(
    of: { id: string; n: number; createdAt: number; content: Content },
    submission: Pick<Submission, 'sender' | 'header' | 'origin' | 'hops'>,
    recipient: SubmissionRecipient,
  ): Promise<Held | undefined>;
}

export function accountOf(recipient: Recipient): Account['id'] | undefined {
  return recipient.kind === 'subscriber' ? recipient.account : undefined;
}

function contentOf(submission: Submission, key: string): Content {
  const { content } = submission;
  if (content.kind === 'umf') return content;
  const { channel } = content;
  if (content.kind === 'blob')
    return { kind: 'raw', channel, at: { in: 'blob', key: content.key } };
  return { kind: 'raw', channel, at: { in: 'own', key } };
}

function refuse(code: Failure['code'], message: string): Failure {
  return { ok: false, code, message };
}

export function createAccepting(parts: AcceptParts): Accepting {
  return new StoreAccepting(parts);
}

class StoreAccepting implements Accepting {
  readonly #parts: AcceptParts;

  constructor(parts: AcceptParts) {
    this.#parts = parts;
  }

  /** The events that need nothing from the world, and where they lead. */
  async #firstWalk(input: MessageInput, now: number): Promise<Walked> {
    const events: MessageEvent[] = [{ type: 'STORED', at: now }];
    const decision = await this.#parts.decideNow(input, now);
    if (decision !== undefined) {
      events.push({ type: 'ROUTED', at: now, decision });
      if (decision.kind === 'deliver') events.push({ type: 'DISPATCHED', at: now });
    }
    const from = {
      standing: begin(input),
      savedAt: input.origin.startedAt,
      worker: this.#parts.worker,
    };
    const walked = walk(from, events);
    if (walked === undefined) throw new Error(`${input.key} does not take its first events`);
    return walked;
  }

  #write(document: MessageDocument, bytes?: Uint8Array): Promise<Created> {
    const head = headOf(document, this.#parts.committer.saving());
    const content = bytes === undefined ? {} : { content: bytes };
    const token = this.#parts.committer.token();
    return this.#parts.store.create({
      key: document.key,
      value: document,
      head,
      token,
      ...content,
    });
  }

  async accept(submission: Submission): Promise<Accepted> {
    const refusing = this.#parts.refusing();
    if (refusing !== undefined) return refuse('STORE_UNAVAILABLE', refusing);
    const [first, ...others] = submission.recipients;
    if (first === undefined || others.length >= RECIPIENTS_MAX) {
      const count = submission.recipients.length;
      return refuse(
        'SUBMISSION_INVALID',
        `${count} recipients; 1 to ${RECIPIENTS_MAX} are allowed`,
      );
    }
    try {
      return await this.#write0(submission, first, others);
    } catch (error) {
      const isFull = error instanceof Error && 'code' in error && error.code === 'STORE_FULL';
      const code = isFull ? 'STORE_FULL' : 'STORE_UNAVAILABLE';
      return refuse(code, `the store did not take the message: ${String(error)}`);
    }
  }

  async #write0(
    submission: Submission,
    first: SubmissionRecipient,
    others: readonly SubmissionRecipient[],
  ): Promise<Accepted> {
    const now = this.#parts.clock.now();
    const id = submission.id ?? makeIdentifier(now, this.#parts.clock.random(RANDOM_BYTES));
    const key = messageKey(id, 0);
    const content = contentOf(submission, key);
    const input = inputOf(submission, first, { key, createdAt: now, content });
    const walked = await this.#firstWalk(input, now);
    const fans = others.length > 0;
    const outbox: MessageDocument['outbox'] = fans ? [FANOUT] : [];
    const saving = this.#parts.committer.saving();
    const everybody = submission.recipients.map(({ to }) => to);
    const document: MessageDocument = {
      ...firstDocument(input, walked, saving, outbox),
      purgeAt: purgeTime(input, everybody, saving.retention),
      ...(fans ? { fanout: others } : {}),
      ...(submission.unique === undefined ? {} : { unique: submission.unique.hash }),
      answered: false,
    };
    if (submission.content.kind === 'blob') {
      await this.#parts.keepBlob(submission.content.key, document.purgeAt);
    }
    const bytes = submission.content.kind === 'bytes' ? submission.content.bytes : undefined;
    const created = await this.#write(document, bytes);
    if (created.ok) return this.#accepted({ document, rev: created.rev }, submission);
    return this.#settleSame(created.key, submission, { first, others });
  }

  #accepted(held: Held, submission: Submission): Accepted {
    const { submission: id } = splitMessageKey(held.document.key);
    const lastsAlways = submission.unique?.lasts === 'always';
    const proceed = ({ answered }: { answered: boolean }) => {
      if (answered && !lastsAlways)
        this.#parts.committer.note(held.document.key, { answered: true });
      this.#parts.goOn(held);
    };
    return { ok: true, id, again: false, proceed };
  }

  /** The same input came again: success under the old identifier, or the old claim is over. */
  async #settleSame(
    oldKey: string,
    submission: Submission,
    recipients: { first: SubmissionRecipient; others: readonly SubmissionRecipient[] },
  ): Promise<Accepted> {
    const old = await this.#parts.committer.load(oldKey);
    // Purged between the two: what stood there counts no more, and nothing holds this mail.
    if (old === undefined) return this.#write0(submission, recipients.first, recipients.others);
    if (!this.#isClaimOver(old.document, submission)) {
      const { submission: id } = splitMessageKey(oldKey);
      const proceed = ({ answered }: { answered: boolean }) => {
        if (answered && submission.unique?.lasts === 'untilAnswered') {
          this.#parts.committer.note(oldKey, { answered: true });
        }
      };
      return { ok: true, id, again: true, proceed };
    }
    this.#parts.committer.note(oldKey, { answered: true });
    const freed = await this.#parts.committer.decide(old, []);
    const { unique: _, ...unclaimed } = submission;
    // A newer worker's document cannot be changed here: its old claim must not stop this mail.
    const isStuck = !freed.ok && freed.reason === 'notTaken';
    const { first, others } = recipients;
    return this.#write0(isStuck ? unclaimed : submission, first, others);
  }

  #isClaimOver(old: MessageDocument, submission: Submission): boolean {
    if (submission.unique?.lasts !== 'untilAnswered') return false;
    const answered =
      old.answered === true || this.#parts.committer.noted(old.key).answered === true;
    return answered || this.#parts.clock.now() - old.input.createdAt > SAME_WITHIN_MS;
  }

  async createMessage(
    of: { id: string; n: number; createdAt: number; content: Content },
    submission: Pick<Submission, 'sender' | 'header' | 'origin' | 'hops'>,
    recipient: SubmissionRecipient,
  ): Promise<Held | undefined> {
    const key = messageKey(of.id, of.n);
    const { createdAt, content } = of;
    const input = inputOf(submission, recipient, { key, createdAt, content });
    const walked = await this.#firstWalk(input, this.#parts.clock.now());
    const document = firstDocument(input, walked, this.#parts.committer.saving());
    const created = await this.#write(document);
    return created.ok ? { document, rev: created.rev } : undefined;
  }
}

function inputOf(
  submission: Pick<Submission, 'sender' | 'header' | 'origin' | 'hops'>,
  recipient: SubmissionRecipient,
  own: Pick<MessageInput, 'key' | 'createdAt' | 'content'>,
): MessageInput {
  const { sender, header, origin, hops } = submission;
  return {
    ...own,
    recipient: recipient.to,
    report: recipient.report,
    sender,
    header,
    origin,
    hops,
  };
}
