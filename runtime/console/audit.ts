/**
 * The audit: what operators did with what is not theirs. Documents `audit/<identifier>`, in the
 * order of time.
 *
 * Invariants: written, and flushed, before what it tells of is done; never changed; nothing in it
 * but who, what and of whom.
 */

import type { Clock, Log } from '../../actors/machinery.js';
import type { Account } from '../../schemas/account.js';
import type { AuditEntry, Listed } from '../../schemas/console.js';
import { makeIdentifier } from '../../schemas/identifier.js';
import type { Store } from '../store/store.js';

const PREFIX = 'audit/';
const ALL = `keys/${PREFIX}`;
const KEPT_MS = 365 * 24 * 3_600_000;
const PAGE = 50;
const ID_RANDOM_BYTES = 7;
const TOKEN_BYTES = 9;
const TEXT_CHARACTERS_MAX = 500;

interface AuditParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Notes that `by` does something with what is not theirs. Rejects when it cannot be written: then
 * it must not be done.
 * @param what for people: "opened the message"
 * @param of whose or which: "m3k9x7q2w4t8h5b1 to demo"
 */
export async function audit(
  { store, clock, log }: AuditParts,
  by: Account,
  done: { readonly what: string; readonly of: string },
): Promise<void> {
  const at = clock.now();
  const of = done.of.slice(0, TEXT_CHARACTERS_MAX);
  const value: AuditEntry = { at, by: by.name, what: done.what, of };
  const key = `${PREFIX}${makeIdentifier(at, clock.random(ID_RANDOM_BYTES))}`;
  const times = { lookAt: null, dueAt: null, purgeAt: at + KEPT_MS };
  const head = { rows: [], ...times, lane: '', closed: true, outboxSize: 0, unique: null };
  const token = Buffer.from(clock.random(TOKEN_BYTES)).toString('base64url');
  const created = await store.create({ key, value, head, token });
  if (!created.ok) throw new Error(`the audit has an entry ${key} already`);
  log.warn('audit', { by: by.name, what: done.what, of });
}

/** Entries, the newest first; `before` is the `next` of the page before. */
export async function readAudit(
  store: Pick<Store, 'list' | 'get'>,
  before?: string,
): Promise<Listed<AuditEntry>> {
  const from = before === undefined ? {} : { before: `${PREFIX}${before}` };
  const keys = await store.list(ALL, { ...from, limit: PAGE, order: 'descending' });
  const items: AuditEntry[] = [];
  for (const key of keys) {
    const stored = await store.get(key);
    if (isEntry(stored?.value)) items.push(stored.value);
  }
  const last = keys.length === PAGE ? keys.at(-1) : undefined;
  return { items, ...(last !== undefined && { next: last.slice(PREFIX.length) }) };
}

function isEntry(value: unknown): value is AuditEntry {
  if (typeof value !== 'object' || value === null || !('at' in value) || !('by' in value)) {
    return false;
  }
  return typeof value.at === 'number' && typeof value.by === 'string' && 'what' in value;
}
