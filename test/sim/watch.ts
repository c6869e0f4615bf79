/**
 * Watches every write while the switch runs, and holds the laws as invariants of each step. It
 * knows what is flushed, from outside, and asks nobody.
 *
 * Held at each write: revisions follow one another and no history is lost (law 3); an open message
 * has its times, a closed one an empty outbox (laws 2, 9); the new entries of the history lead
 * from the old state to the new one (laws 4, 12). Held at the edge: what is acknowledged is
 * flushed (laws 1, 3), what is sent was recorded (law 5) and goes to the right person (law 7).
 */

import type { Received } from '../../actors/channels/loopback/peer.js';
import { transit } from '../../runtime/kernel/logic.js';
import type { DocumentHead } from '../../runtime/store/store.js';
import type { Account } from '../../schemas/account.js';
import { messageKey } from '../../schemas/identifier.js';
import type { HistoryEntry, MessageDocument } from '../../schemas/message.js';
import type { World } from './world.js';

/** As many entries as move to an overflow document at once. */
const MOVED_AT_ONCE = 32;
/** Law 7: an account at most this old; and the time that a save takes. */
const ACCOUNT_AGE_MS = 2_000 + 200;

/** A document as it was written. */
export interface Written {
  readonly key: string;
  readonly rev: number;
  readonly head: DocumentHead;
  readonly value: unknown;
}

export interface Entry extends HistoryEntry {
  /** When it was stored, by the clock that never jumps. */
  readonly storedAt: number;
}

/** A message as it is flushed. */
export interface Flushed {
  readonly document: MessageDocument;
  readonly rev: number;
  /** All of it, what moved to overflow documents too. */
  readonly history: readonly Entry[];
}

/** What a device or a page has got: a message, by one attempt. */
export type Brought = Omit<Received, 'bytes' | 'umf'>;

export interface Arrival extends Brought {
  readonly at: number;
}

interface AccountVersion {
  readonly from: number;
  readonly account: Account;
}

export class Watch {
  readonly #world: World;
  readonly messages = new Map<string, Flushed>();
  readonly arrivals: Arrival[] = [];
  readonly #accounts = new Map<string, AccountVersion[]>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Told of every write that is flushed. */
  wrote(written: Written): void {
    if (written.key.startsWith('msg/')) this.#wroteMessage(written);
    if (written.key.startsWith('account/')) this.#wroteAccount(written.value as Account);
  }

  /** Told of a write that the store would not take. */
  refused(key: string, error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    const law = /\(law (\d+)\)/.exec(text)?.[1];
    if (law !== undefined) this.#world.violate(`law ${law}`, text);
    else this.#world.violate('law 9', `a write of ${key} failed: ${text}`);
  }

  #wroteAccount(account: Account): void {
    const versions = this.#accounts.get(account.id) ?? [];
    versions.push({ from: this.#world.time, account });
    this.#accounts.set(account.id, versions);
  }

  /** As it was written last. */
  accountNamed(name: string): Account | undefined {
    const latest = [...this.#accounts.values()].map((versions) => versions.at(-1)?.account);
    return latest.find((account) => account?.name === name);
  }

  #wroteMessage({ key, rev, head, value }: Written): void {
    const document = value as MessageDocument;
    const before = this.messages.get(key);
    const due = rev === (before?.rev ?? 0) + 1;
    if (!due) {
      const words = `${key} went from revision ${before?.rev ?? 0} to ${rev}`;
      this.#world.violate('law 3', `${words}: a save did not compare`);
    }
    this.#checkHead(document, head);
    const history = this.#historyAfter(before, document);
    this.messages.set(key, { document, rev, history });
  }

  #checkHead(document: MessageDocument, head: DocumentHead): void {
    const { key, closed, dueAt, lookAt, outbox } = document;
    if (closed && outbox.length > 0) {
      this.#world.violate('law 9', `${key} is closed and its outbox is not empty`);
    }
    if (head.lookAt !== lookAt || head.dueAt !== dueAt || head.closed !== closed) {
      this.#world.violate('law 2', `${key}: its rows and its value tell different times`);
    }
    if (closed) return;
    if (dueAt === null || lookAt === null) {
      this.#world.violate('law 9', `${key} is open and has no time at which somebody looks`);
    } else if (lookAt < dueAt) {
      this.#world.violate('law 2', `${key} is to be looked at before it is due`);
    } else if (outbox.length > 0 && dueAt > document.savedAt) {
      this.#world.violate('law 4', `${key} has something to create and is due later`);
    }
  }

  /** The old history and the new entries, which must lead from the old state to the new one. */
  #historyAfter(before: Flushed | undefined, document: MessageDocument): readonly Entry[] {
    const { key } = document;
    const storedAt = this.#world.time;
    const stamped = (entries: readonly HistoryEntry[]): Entry[] =>
      entries.map((entry) => ({ ...entry, storedAt }));
    if (before === undefined) return stamped(document.history);
    const movedNow = (document.historyMoved - before.document.historyMoved) * MOVED_AT_ONCE;
    const kept = before.document.history.slice(movedNow);
    const isKept = kept.every((entry, i) => sameEntry(entry, document.history[i]));
    if (!isKept) {
      const words = `${key}: a save has overwritten history that was stored by another`;
      this.#world.violate('law 3', words);
      return [...before.history, ...stamped(document.history.slice(kept.length))];
    }
    const fresh = document.history.slice(kept.length);
    this.#checkSteps(before.document, document, fresh);
    return [...before.history, ...stamped(fresh)];
  }

  #checkSteps(
    before: MessageDocument,
    document: MessageDocument,
    fresh: readonly HistoryEntry[],
  ): void {
    let standing = { state: before.state, context: { ...before.context, input: before.input } };
    for (const { event, state } of fresh) {
      const next = transit(standing, event);
      if (next === undefined || next.state !== state) {
        const words = `${before.key}: ${event.type} in ${standing.state} does not lead to ${state}`;
        this.#world.violate('law 12', words);
        return;
      }
      standing = next;
    }
    const { input: _, ...context } = standing.context;
    if (standing.state !== document.state || !sameData(context, document.context)) {
      this.#world.violate('law 12', `${before.key} changed without an event in its history`);
    }
  }

  /** A sender was told that its submission is accepted. */
  acknowledged(id: string, recipients: number): void {
    const first = this.messages.get(messageKey(id, 0));
    if (first === undefined) {
      this.#world.violate('law 1', `${id} was acknowledged before it was flushed`);
      return;
    }
    const { fanout = [] } = first.document;
    for (let n = 1; n < recipients; n += 1) {
      if (n <= fanout.length || this.messages.has(messageKey(id, n))) continue;
      this.#world.violate('law 4', `${id} was acknowledged; its recipient ${n} is nowhere`);
    }
  }

  /** A device's receipt was taken by the switch. */
  receiptTaken(receipt: {
    messageKey: string;
    delivery: number;
    id: string;
    result: string;
  }): void {
    const flushed = this.messages.get(receipt.messageKey);
    const isThere = flushed?.history.some(
      ({ event }) => event.type === 'OUTCOME' && event.id === receipt.id,
    );
    if (isThere === true) return;
    const delivery = flushed?.document.context.deliveries.find(({ id }) => id === receipt.delivery);
    const moot = receipt.result === 'confirmed' ? ['confirmed'] : ['failed', 'skipped'];
    if (delivery !== undefined && moot.includes(delivery.phase)) return;
    // Sent anew since: deliveries of earlier rounds are history only.
    const isWaiting = /^(stored|routed)/.test(flushed?.document.state ?? '');
    const { round = 0 } = flushed?.document.context ?? {};
    if (round > 0 && (delivery === undefined || isWaiting)) return;
    const words = `the receipt ${receipt.id} for ${receipt.messageKey} was taken and is not stored`;
    this.#world.violate('law 3', `${words} (the delivery is ${delivery?.phase ?? 'nowhere'})`);
  }

  /** A device has a message: the byte that makes it responsible was sent. */
  arrived(
    message: Brought,
    { heard, account }: { readonly heard: boolean; readonly account?: string },
  ): void {
    const { messageKey: key, attempt, device } = message;
    if (heard) this.arrivals.push({ ...message, at: this.#world.time });
    const delivery = this.messages
      .get(key)
      ?.document.context.deliveries.find(({ id }) => id === message.delivery);
    const stored = delivery?.attempt;
    if (stored?.id !== attempt || stored.phase !== 'bytesSent') {
      const words = `${device} got ${key} (attempt ${attempt}) before bytesSent was stored`;
      this.#world.violate('law 5', words);
    }
    if (delivery !== undefined && delivery.address.value !== device) {
      this.#world.violate('law 7', `${device} got ${key}, addressed to ${delivery.address.value}`);
    }
    this.#checkPerson(message);
    const recipient = this.messages.get(key)?.document.context.recipient;
    if (account === undefined || recipient?.kind !== 'subscriber') return;
    if (recipient.account === account) return;
    this.#world.violate('law 7', `a page of ${account} got ${key}, for ${recipient.account}`);
  }

  #checkPerson({ messageKey: key, delivery: id, device }: Brought): void {
    const context = this.messages.get(key)?.document.context;
    const endpoint = context?.deliveries.find((delivery) => delivery.id === id)?.endpoint;
    if (context?.recipient.kind !== 'subscriber' || endpoint === undefined) return;
    const versions = this.#accounts.get(context.recipient.account) ?? [];
    const since = this.#world.time - ACCOUNT_AGE_MS;
    const recent = versions.filter((_, i) => (versions[i + 1]?.from ?? Infinity) >= since);
    const isTheirs = recent.some(({ account }) =>
      account.devices.some(({ endpoints }) =>
        endpoints.some((one) => one.id === endpoint && one.address.value === device),
      ),
    );
    if (isTheirs) return;
    const words = `${device} got ${key}, and is not ${context.recipient.account}'s any more`;
    this.#world.violate('law 7', words);
  }
}

/** Data that is written is compared as data: an absent field and an undefined one are the same. */
function sameData(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function sameEntry(a: HistoryEntry, b: HistoryEntry | undefined): boolean {
  if (b === undefined || a.state !== b.state || a.worker !== b.worker) return false;
  return a.event.type === b.event.type && a.event.at === b.event.at && idOf(a) === idOf(b);
}

function idOf({ event }: HistoryEntry): string {
  if ('attempt' in event) return `${event.attempt} ${'id' in event ? event.id : ''}`;
  return 'id' in event ? event.id : '';
}
