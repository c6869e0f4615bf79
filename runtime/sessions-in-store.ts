/**
 * Sessions as documents: `sign-in/<hash of the token>`, and links as `sign-in-link/<hash>`.
 *
 * Stages of a session: opened → seen now and then → ended (revoked, too old, not seen for long,
 * password changed, account gone), its document emptied and purged.
 * Invariants: a token is never stored, only its hash; a session holds the mark of the password it
 * began under, so a changed password ends it even when the process dies in between; a session of a
 * removed account is found by nobody, whoever removed it.
 */

import { createHash } from 'node:crypto';
import type { Clock } from '../actors/machinery.js';
import type { Account } from '../schemas/account.js';
import type { Session, Sessions, SignedInSession } from './sessions.js';
import type { DocumentHead, Store, StoredDocument } from './store/store.js';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** A link signs in within this time. */
export const LINK_LASTS_MS = 15 * MINUTE_MS;
export const SESSION_IDLE_MS = 14 * DAY_MS;
export const SESSION_LASTS_MS = 90 * DAY_MS;
/** That a session was seen is written no more often than this. */
export const SEEN_EVERY_MS = 10 * MINUTE_MS;
/** Of one account; with another one the one that was seen longest ago ends. */
export const SESSIONS_MAX = 64;

/** Changes of one moment are looked at together, after one's own session has its new mark. */
export const SETTLES_MS = 1000;

const TOKEN_BYTES = 32;
const SAVE_TOKEN_BYTES = 12;
const ID_CHARACTERS = 16;
const PROGRAM_CHARACTERS_MAX = 200;
/** A token as it is made here; what is written otherwise is not looked up. */
const TOKEN = /^[\w-]{43}$/;
const SAVE_TRIES = 4;
/** Sessions and links. */
const ALL = 'keys/sign-in';
const PAGE = 500;

export interface SessionParts {
  readonly store: Store;
  readonly clock: Clock;
  /** The account as it is now; undefined: there is none any more. */
  account(id: string): Promise<Account | undefined>;
  readonly idleMs?: number;
  readonly lastsMs?: number;
}

interface StoredSession extends Session {
  /** Of the password at its beginning. */
  readonly mark: string;
}

interface Held {
  readonly session: StoredSession;
  readonly rev: number;
  readonly key: string;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function sessionKey(hash: string): string {
  return `sign-in/${hash}`;
}

function linkKey(key: string): string {
  return `sign-in-link/${sha256(key)}`;
}

function accountRow(accountId: string): string {
  return `sign-in-of/${accountId}`;
}

/** Which password an account has, without telling anything about it. */
function passwordMark({ password = '' }: Account): string {
  return sha256(`password ${password}`).slice(0, ID_CHARACTERS);
}

function head(rows: readonly string[], purgeAt: number): DocumentHead {
  const times = { lookAt: null, dueAt: null, purgeAt };
  return { rows, ...times, lane: '', closed: false, outboxSize: 0, unique: null };
}

function isSession(value: unknown): value is StoredSession {
  if (typeof value !== 'object' || value === null) return false;
  return 'account' in value && 'expiresAt' in value && 'mark' in value && 'seenAt' in value;
}

function isLink(value: unknown): value is { account: string; expiresAt: number } {
  if (typeof value !== 'object' || value === null) return false;
  return 'account' in value && 'expiresAt' in value && typeof value.account === 'string';
}

class StoredSessions implements Sessions {
  readonly #parts: SessionParts;
  readonly #idleMs: number;
  readonly #lastsMs: number;
  /** Accounts whose sessions are about to be looked at. */
  readonly #looks = new Set<string>();
  readonly #listeners: ((session: Session) => void)[] = [];

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#idleMs = parts.idleMs ?? SESSION_IDLE_MS;
    this.#lastsMs = parts.lastsMs ?? SESSION_LASTS_MS;
  }

  async makeLink(accountId: string, lastsMs = LINK_LASTS_MS): Promise<string> {
    const { store, clock } = this.#parts;
    const key = this.#random();
    const expiresAt = clock.now() + lastsMs;
    const value = { account: accountId, expiresAt };
    const document = { key: linkKey(key), value, head: head([], expiresAt) };
    const created = await store.create({ ...document, token: this.#saveToken() });
    if (!created.ok) throw new Error('A random key came twice.');
    return key;
  }

  async useLink(key: string): Promise<Account | undefined> {
    if (!TOKEN.test(key)) return undefined;
    const { store, clock } = this.#parts;
    const stored = await store.get(linkKey(key));
    if (stored === undefined || stored.head.closed || !isLink(stored.value)) return undefined;
    const { account, expiresAt } = stored.value;
    if (clock.now() >= expiresAt) return undefined;
    // Whoever loses this save comes second: the link has signed somebody in.
    if (!(await this.#end({ key: stored.key, rev: stored.rev }))) return undefined;
    return this.#parts.account(account);
  }

  async open(
    accountId: string,
    from: { readonly peer: string; readonly program: string },
    as?: Account,
  ): Promise<{ readonly token: string; readonly session: Session }> {
    const { store, clock } = this.#parts;
    const account = await this.#parts.account(accountId);
    if (account === undefined) throw new Error(`There is no account ${accountId}.`);
    await this.#makeRoom(accountId);
    const token = this.#random();
    const hash = sha256(token);
    const now = clock.now();
    const stored: StoredSession = {
      id: hash.slice(0, ID_CHARACTERS),
      account: accountId,
      createdAt: now,
      seenAt: now,
      expiresAt: now + this.#lastsMs,
      peer: from.peer,
      program: from.program.slice(0, PROGRAM_CHARACTERS_MAX),
      mark: passwordMark(as ?? account),
    };
    const document = { key: sessionKey(hash), value: stored, head: this.#headOf(stored) };
    const created = await store.create({ ...document, token: this.#saveToken() });
    if (!created.ok) throw new Error('A random token came twice.');
    return { token, session: shown(stored) };
  }

  async find(token: string): Promise<SignedInSession | undefined> {
    if (!TOKEN.test(token)) return undefined;
    const held = this.#held(await this.#parts.store.get(sessionKey(sha256(token))));
    if (held === undefined) return undefined;
    const account = await this.#parts.account(held.session.account);
    if (!this.#holds(held.session, account)) return undefined;
    const session = await this.#see(held);
    return { session: shown(session), account };
  }

  async list(accountId: string): Promise<readonly Session[]> {
    const account = await this.#parts.account(accountId);
    const all = await this.#all(accountId);
    return all
      .filter(({ session }) => this.#holds(session, account))
      .map(({ session }) => shown(session))
      .sort((one, other) => other.seenAt - one.seenAt);
  }

  async revoke(accountId: string, id: string): Promise<boolean> {
    const held = (await this.#all(accountId)).find(({ session }) => session.id === id);
    return held !== undefined && this.#revoke(held);
  }

  async revokeOthers(accountId: string, keep: string): Promise<number> {
    const account = await this.#parts.account(accountId);
    let revoked = 0;
    for (const held of await this.#all(accountId)) {
      if (held.session.id !== keep) revoked += (await this.#revoke(held)) ? 1 : 0;
      else if (account !== undefined) await this.#remark(held, passwordMark(account));
    }
    return revoked;
  }

  accountChanged(accountId: string): void {
    if (this.#looks.has(accountId)) return;
    this.#looks.add(accountId);
    this.#parts.clock.after(SETTLES_MS, () => {
      this.#looks.delete(accountId);
      // Whoever asks meets the truth anyway; only the closing of pages would be late.
      this.#closeEnded(accountId).catch(() => {});
    });
  }

  onRevoked(run: (session: Session) => void): void {
    this.#listeners.push(run);
  }

  async #closeEnded(accountId: string): Promise<void> {
    const account = await this.#parts.account(accountId);
    for (const { session } of await this.#all(accountId)) {
      if (!this.#holds(session, account)) this.#tell(session);
    }
  }

  #holds(session: StoredSession, account: Account | undefined): account is Account {
    const now = this.#parts.clock.now();
    const isOver = now >= session.expiresAt || now >= session.seenAt + this.#idleMs;
    return !isOver && account !== undefined && passwordMark(account) === session.mark;
  }

  async #see(held: Held): Promise<StoredSession> {
    const now = this.#parts.clock.now();
    if (now - held.session.seenAt < SEEN_EVERY_MS) return held.session;
    const seen = { ...held.session, seenAt: now };
    try {
      // Lost: another request has just written the same, or the session ended; the next one tells.
      await this.#save(held, seen);
    } catch {
      // A full disk signs nobody out: whoever makes room is among them. The next request tries.
      return held.session;
    }
    return seen;
  }

  async #remark(held: Held, mark: string): Promise<void> {
    let latest: Held | undefined = held;
    for (let i = 0; i < SAVE_TRIES && latest !== undefined; i += 1) {
      if (await this.#save(latest, { ...latest.session, mark })) return;
      latest = this.#held(await this.#parts.store.get(held.key));
    }
  }

  async #revoke(held: Held): Promise<boolean> {
    let latest: Held | undefined = held;
    for (let i = 0; i < SAVE_TRIES && latest !== undefined; i += 1) {
      if (await this.#end(latest)) {
        this.#tell(latest.session);
        return true;
      }
      latest = this.#held(await this.#parts.store.get(held.key));
    }
    return false;
  }

  async #makeRoom(accountId: string): Promise<void> {
    const all = await this.#all(accountId);
    const oldestFirst = all.sort((one, other) => one.session.seenAt - other.session.seenAt);
    const over = Math.max(0, all.length - SESSIONS_MAX + 1);
    for (const held of oldestFirst.slice(0, over)) await this.#revoke(held);
  }

  #tell(session: StoredSession): void {
    for (const listener of this.#listeners) listener(shown(session));
  }

  async #all(accountId: string): Promise<Held[]> {
    const range = { limit: 2 * SESSIONS_MAX, order: 'ascending' } as const;
    const keys = await this.#parts.store.list(accountRow(accountId), range);
    const stored = await Promise.all(keys.map((key) => this.#parts.store.get(key)));
    return stored.flatMap((one) => this.#held(one) ?? []);
  }

  #held(stored: StoredDocument | undefined): Held | undefined {
    if (stored === undefined || stored.head.closed || !isSession(stored.value)) return undefined;
    return { session: stored.value, rev: stored.rev, key: stored.key };
  }

  async #save({ key, rev }: Held, value: StoredSession): Promise<boolean> {
    const written = { key, rev, value, head: this.#headOf(value), token: this.#saveToken() };
    return (await this.#parts.store.save(written)).ok;
  }

  /** Nothing is left that anybody could use; false: somebody else was faster. */
  async #end({ key, rev }: { readonly key: string; readonly rev: number }): Promise<boolean> {
    const closed = { ...head([], this.#parts.clock.now()), closed: true };
    const written = { key, rev, value: null, head: closed, token: this.#saveToken() };
    return (await this.#parts.store.save(written)).ok;
  }

  #headOf({ account, seenAt, expiresAt }: StoredSession): DocumentHead {
    return head([accountRow(account)], Math.min(expiresAt, seenAt + this.#idleMs));
  }

  #random(): string {
    return Buffer.from(this.#parts.clock.random(TOKEN_BYTES)).toString('base64url');
  }

  #saveToken(): string {
    return Buffer.from(this.#parts.clock.random(SAVE_TOKEN_BYTES)).toString('hex');
  }
}

/** Without what only this file needs. */
function shown({ mark: _, ...session }: StoredSession): Session {
  return session;
}

/** Sessions over a store. */
export function createSessions(parts: SessionParts): Sessions {
  return new StoredSessions(parts);
}

/** Ends every session and link in a store that nobody serves; the number of both. */
export async function endAllSessions(parts: Pick<SessionParts, 'store' | 'clock'>) {
  const { store, clock } = parts;
  let ended = 0;
  let after: string | undefined;
  for (;;) {
    const from = after === undefined ? {} : { after };
    const keys = await store.list(ALL, { ...from, limit: PAGE, order: 'ascending' });
    for (const key of keys) {
      const stored = await store.get(key);
      if (stored === undefined || stored.head.closed) continue;
      const token = Buffer.from(clock.random(SAVE_TOKEN_BYTES)).toString('hex');
      const closed = { ...head([], clock.now()), closed: true };
      await store.save({ key, rev: stored.rev, value: null, head: closed, token });
      ended += 1;
    }
    if (keys.length < PAGE) return ended;
    after = keys.at(-1);
  }
}

/** What a person opens to sign in; the key stands where browsers do not send it. */
export function signInUrl(url: string, key: string): string {
  return `${url}/#k=${key}`;
}
