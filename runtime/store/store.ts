/**
 * The store's port: the document's data abstraction layer (J5).
 *
 * A document is a value under a key, with a revision, index rows and times; `content` is immutable
 * bytes written in the same atomic write as the document's creation. One-document atomicity only:
 * a document and its index rows change together or not at all. Every promise of a mutating method
 * resolves after the change is flushed to stable storage; a rejected one may or may not have
 * happened (settled by reading the token back). A failed flush is fatal to the process.
 *
 * Times are milliseconds since the epoch; the store has no clock of its own.
 */

/** What stands in a document beside its value. */
export interface DocumentHead {
  /** Index rows as `<index>/<value>`; `list` returns keys in key order below a row. */
  readonly rows: readonly string[];
  /** When the sweep looks at it; null: never. An open message always has one (law 9). */
  readonly lookAt: number | null;
  /** The machine's time; travels in the due row. Null for documents without a machine. */
  readonly dueAt: number | null;
  /** Fairness group of the sweep: usually a destination. */
  readonly lane: string;
  readonly closed: boolean;
  /** A closed message may not have anything in its outbox (law 9). */
  readonly outboxSize: number;
  /** When the document may be removed; null: never by time. */
  readonly purgeAt: number | null;
  /** At most one document at a time may hold a given unique value (law 13). */
  readonly unique: string | null;
}

export interface NewDocument {
  readonly key: string;
  readonly value: unknown;
  readonly head: DocumentHead;
  readonly content?: Uint8Array;
  /** Random; written with the revision, so that a save of unknown result can be settled. */
  readonly token: string;
}

export interface StoredDocument {
  readonly key: string;
  /** 1 at creation, one more at every save. */
  readonly rev: number;
  readonly token: string;
  readonly head: DocumentHead;
  readonly value: unknown;
}

export type Created =
  | { readonly ok: true; readonly rev: 1 }
  /** The key exists, or `unique` is held: `key` is the document that stands there. */
  | {
      readonly ok: false;
      readonly reason: 'exists';
      readonly key: string;
      readonly rev: number;
      readonly token: string;
    };

export type Saved =
  | { readonly ok: true; readonly rev: number }
  | { readonly ok: false; readonly reason: 'lost' };

export interface DueRow {
  readonly key: string;
  readonly lookAt: number;
  readonly dueAt: number | null;
  readonly lane: string;
}

export interface Range {
  /** Exclusive bounds on keys. */
  readonly after?: string;
  readonly before?: string;
  readonly limit: number;
  readonly order: 'ascending' | 'descending';
}

export interface Save {
  readonly key: string;
  /** Must be the revision stored now, else `lost`. */
  readonly rev: number;
  readonly value: unknown;
  readonly head: DocumentHead;
  readonly token: string;
}

export interface Space {
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** normal · `low`: stop accepting · `lower`: stop claiming too; outcomes may use the reserve. */
  readonly water: 'normal' | 'low' | 'lower';
}

export interface Store {
  /** For people: "lmdb, every accept flushed". */
  readonly description: string;
  /** Only one process at a time writes: attempts of other workers are known to be over. */
  readonly exclusive: boolean;
  create(document: NewDocument): Promise<Created>;
  get(key: string): Promise<StoredDocument | undefined>;
  /** The immutable bytes that were created with the document. */
  getContent(key: string): Promise<Uint8Array | undefined>;
  save(save: Save): Promise<Saved>;
  /** Rows with lookAt ≤ now, oldest first; from every lane, at most `perLane` of each. */
  due(now: number, limits: { readonly rows: number; readonly perLane: number }): Promise<DueRow[]>;
  /** Keys below an index row (`index` = `<index>/<value>`), or with `keys/<prefix>` of all keys. */
  list(index: string, range: Range): Promise<string[]>;
  /** Streams immutable bytes; resolves to their number after they are flushed. */
  putBlob(key: string, chunks: AsyncIterable<Uint8Array>, purgeAt: number): Promise<number>;
  getBlob(key: string): AsyncIterable<Uint8Array> | undefined;
  /** Gives a blob its owner's purge time, so that it is no orphan any more. */
  keepBlob(key: string, purgeAt: number): Promise<void>;
  /** Removes closed or owner-less things with purgeAt ≤ now; the number removed. */
  purge(now: number, limit: number): Promise<number>;
  /** What is wrong with it, in an operator's words; undefined: nothing. */
  unhealthy(): string | undefined;
  space(): Space;
  close(): Promise<void>;
}
