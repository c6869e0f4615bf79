/**
 * The kernel's step: load → transitions → save (law 3).
 *
 * A *decision* is made once over the document as it was read: if the save is lost, it is thrown
 * away. An *observation* is applied again to the newer document until it is stored; it has an
 * identifier, so that applying it twice changes nothing.
 */

import type { Clock } from '../../actors/machinery.js';
import type { MessageDocument, MessageEvent } from '../../schemas/message.js';
import type { Save, Store } from '../store/store.js';
import { headOf, type Noted, nextDocument, type Retention, type Saving } from './document.js';
import type { Applied } from './kernel.js';
import { MACHINE_VERSION, type Standing, standingOf, walk } from './logic.js';

/** A document together with the revision that a save must name. */
export interface Held {
  readonly document: MessageDocument;
  readonly rev: number;
}

export type Committed =
  | { readonly ok: true; readonly held: Held }
  | { readonly ok: false; readonly reason: 'lost' | 'notTaken' };

/** So often an observation is tried again against other writers before it is an error. */
const OBSERVE_TRIES_MAX = 50;
/** Waits after a trouble of the store before an observation is tried again; then it is an error. */
const TROUBLE_WAITS_MS: readonly number[] = [50, 200, 800, 3_200, 6_400];
const TOKEN_BYTES = 9;
/** Messages of which something is remembered: held for long, they have no save that would tell. */
const NOTES_MAX = 50_000;

export interface CommitParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly worker: string;
  readonly retention: Retention;
  readonly laneOf: (standing: Standing) => string;
  /** Told of every stored step, after it is stored. */
  readonly stepped: (step: { before: MessageDocument | undefined; held: Held }) => void;
}

export interface Committer {
  load(key: string): Promise<Held | undefined>;
  /** One save, or none. Without events it only writes what was noted. */
  decide(held: Held, events: readonly MessageEvent[]): Promise<Committed>;
  /** @param at.held what the caller read last, to save a read */
  observe(
    at: { readonly key: string; readonly held?: Held | undefined },
    event: MessageEvent,
  ): Promise<Applied & { readonly held?: Held }>;
  /** Remembered until the next save of the message. */
  note(key: string, noted: Noted): void;
  noted(key: string): Noted;
  /** Moves the sweep's time on, by compare-and-set; the machine does not move. */
  pushLook(held: Held, lookAt: number): Promise<Committed>;
  /** Moves the purge time on, by compare-and-set; the machine does not move. */
  keepOn(held: Held, purgeAt: number): Promise<Committed>;
  saving(): Saving;
  token(): string;
}

export function createCommitter(parts: CommitParts): Committer {
  return new StoreCommitter(parts);
}

class StoreCommitter implements Committer {
  readonly #parts: CommitParts;
  readonly #notes = new Map<string, Noted>();

  constructor(parts: CommitParts) {
    this.#parts = parts;
  }

  token(): string {
    return Buffer.from(this.#parts.clock.random(TOKEN_BYTES)).toString('base64url');
  }

  saving(): Saving {
    const { clock, retention, laneOf } = this.#parts;
    return { now: clock.now(), retention, laneOf };
  }

  async load(key: string): Promise<Held | undefined> {
    const stored = await this.#parts.store.get(key);
    return stored && { document: stored.value as MessageDocument, rev: stored.rev };
  }

  /** A save of unknown result is settled by reading it back. */
  async #saveForSure(save: Save): Promise<boolean> {
    const { store } = this.#parts;
    try {
      return (await store.save(save)).ok;
    } catch (error) {
      const stored = await store.get(save.key);
      if (stored?.token === save.token) return true;
      if (stored !== undefined && stored.rev !== save.rev) return false;
      throw error;
    }
  }

  /** @param used the notes that stand in the document: written, they need not be remembered */
  async #write(before: Held, document: MessageDocument, used?: Noted): Promise<Committed> {
    const { key } = document;
    const head = headOf(document, this.saving());
    const save = { key, rev: before.rev, value: document, head, token: this.token() };
    if (!(await this.#saveForSure(save))) return { ok: false, reason: 'lost' };
    if (used !== undefined && this.#notes.get(key) === used) this.#notes.delete(key);
    return { ok: true, held: { document, rev: before.rev + 1 } };
  }

  async decide(held: Held, events: readonly MessageEvent[]): Promise<Committed> {
    const before = held.document;
    if (before.machineVersion > MACHINE_VERSION) return { ok: false, reason: 'notTaken' };
    const standing = standingOf(before);
    const from = { standing, savedAt: before.savedAt, worker: this.#parts.worker };
    const walked = walk(from, events);
    if (walked === undefined) return { ok: false, reason: 'notTaken' };
    const used = this.#notes.get(before.key);
    const { document, overflow } = nextDocument(before, walked, used ?? {}, this.saving());
    if (overflow !== undefined) await this.#createOverflow(overflow, document.purgeAt);
    const committed = await this.#write(held, document, used);
    if (committed.ok) this.#parts.stepped({ before, held: committed.held });
    return committed;
  }

  async #createOverflow(
    overflow: { key: string; entries: unknown },
    purgeAt: number,
  ): Promise<void> {
    const times = { lookAt: null, dueAt: null, purgeAt };
    const head = { rows: [], ...times, lane: '', closed: true, outboxSize: 0, unique: null };
    const { key, entries: value } = overflow;
    await this.#parts.store.create({ key, value, head, token: this.token() });
  }

  /** A line to the store that breaks for some seconds must not lose what was observed (law 3). */
  async #untilAnswered<T>(work: () => Promise<T>): Promise<T> {
    for (const waitMs of TROUBLE_WAITS_MS) {
      try {
        return await work();
      } catch {
        await new Promise<void>((resume) => {
          this.#parts.clock.after(waitMs, resume);
        });
      }
    }
    return work();
  }

  async observe(
    at: { key: string; held?: Held | undefined },
    event: MessageEvent,
  ): Promise<Applied & { held?: Held }> {
    let { held } = at;
    for (let tries = 0; tries < OBSERVE_TRIES_MAX; tries += 1) {
      // What the caller held may be stale: what it does not take, the stored document may.
      const isCopy = held !== undefined;
      held ??= await this.#untilAnswered(() => this.load(at.key));
      if (held === undefined) return unknown(at.key);
      const standing = held;
      if ('id' in event && held.document.context.seen.includes(event.id)) {
        return { ok: true, document: held.document, held };
      }
      const committed = await this.#untilAnswered(() => this.decide(standing, [event]));
      if (committed.ok)
        return { ok: true, document: committed.held.document, held: committed.held };
      if (committed.reason === 'notTaken' && !isCopy) return notTaken(held, event);
      held = undefined;
    }
    const message = `${at.key} is written by others so often that ${event.type} found no gap; wait`;
    return { ok: false, code: 'STORE_UNAVAILABLE', message };
  }

  pushLook(held: Held, lookAt: number): Promise<Committed> {
    const looks = held.document.looks + 1;
    return this.#write(held, { ...held.document, lookAt, looks });
  }

  keepOn(held: Held, purgeAt: number): Promise<Committed> {
    return this.#write(held, { ...held.document, purgeAt });
  }

  note(key: string, noted: Noted): void {
    const before = this.#notes.get(key);
    const done = new Set([...(before?.done ?? []), ...(noted.done ?? [])]);
    this.#notes.set(key, { ...before, ...noted, ...(done.size > 0 ? { done } : {}) });
    if (this.#notes.size <= NOTES_MAX) return;
    const oldest = this.#notes.keys().next();
    if (!oldest.done) this.#notes.delete(oldest.value);
  }

  noted(key: string): Noted {
    return this.#notes.get(key) ?? {};
  }
}

function unknown(key: string): Applied {
  return { ok: false, code: 'MESSAGE_UNKNOWN', message: `there is no message ${key}` };
}

function notTaken(held: Held, event: MessageEvent): Applied {
  const { key, state } = held.document;
  const message = `${key} is ${state}: it does not take ${event.type}; nothing was changed`;
  return { ok: false, code: 'MESSAGE_STATE', message };
}
