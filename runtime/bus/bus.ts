/**
 * The bus's port. A hint says "look at X"; the store is the truth (law 2). The bus is a bounded
 * window: when it is full it drops, and the sweep brings the hint again.
 */

export interface Hint {
  readonly key: string;
  /** Fairness group: usually a destination. */
  readonly lane: string;
  /** A copy of the document, to save a read. May be stale; never trusted for a write. */
  readonly copy?: unknown;
}

export interface Work {
  /** Takes no new hints; resolves when the running ones are done. */
  stop(): Promise<void>;
}

export interface Bus {
  readonly description: string;
  /** False: the window was full and the hint is dropped. */
  hint(queue: string, hint: Hint): boolean;
  /**
   * Runs `handler` for hints of `queue`: at most `capacity` at once, at most `perLane` of one lane,
   * lanes in turn. A rejected handler is the handler's bug: it is counted, the hint is gone.
   */
  work(
    queue: string,
    limits: { readonly capacity: number; readonly perLane: number },
    handler: (hint: Hint) => Promise<void>,
  ): Work;
  broadcast(subject: string, payload: unknown): void;
  subscribe(subject: string, handler: (payload: unknown) => void): Work;
  /** Hints that wait, by queue, for metrics. */
  depth(): Readonly<Record<string, number>>;
  unhealthy(): string | undefined;
  close(): Promise<void>;
}
