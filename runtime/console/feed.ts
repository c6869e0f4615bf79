/**
 * The live feed: what happens to messages and accounts, to the pages of who may know.
 *
 * Stages: a stored step marks its message for the recipient's and the sender's account → once in
 * FLUSH_MS each marked message becomes one numbered frame, kept in the account's ring and sent to
 * its pages → a page that connects again gets what it missed from the ring, else `reset`.
 * Invariants: nothing is kept for accounts without a page, now or a short while ago; rings, marks
 * and what waits for a slow page are bounded: what is too much becomes one `reset`; numbers never
 * repeat within an epoch; an account gets only its own messages, each as it may see it.
 */

import { may } from '../../actors/authentication-manager/rights.js';
import type { Clock, Timer } from '../../actors/machinery.js';
import type { Account } from '../../schemas/account.js';
import type { PageFrame, ServerFrame } from '../../schemas/console.js';
import type { MessageDocument } from '../../schemas/message.js';
import type { Step } from '../core.js';
import { visible } from '../operations/on-accounts.js';
import type { Line } from './console.js';
import { createMoves, type Moves } from './feed-moves.js';
import { maySee, summaryOf } from './summary.js';

/** Steps of one message within this time are one frame. */
export const FLUSH_MS = 25;
/** Moves on the board: at most ten frames a second. */
export const BOARD_FLUSH_MS = 100;
/** Frames that an account's pages may have missed. */
export const RING_MAX = 256;
/** A page that has so much not taken yet gets nothing more until it has. */
export const BACKLOG_MAX_BYTES = 256 * 1024;
const BACKLOG_LOOK_MS = 250;
/** How long an account's ring outlives its last page, and how many such rings there are. */
export const KEPT_MS = 120_000;
const KEPT_ACCOUNTS_MAX = 1_000;
const EPOCH_BYTES = 9;

type Numbered = Extract<ServerFrame, { readonly topic: 'message' | 'account' }>;

/** What the feed needs of the switch, once there is one. */
export interface FeedSource {
  readonly version: string;
  account(id: string): Promise<Account | undefined>;
}

export interface Feed {
  /** For CoreParts.stepped: costs nothing while nobody looks. */
  stepped(step: Step): void;
  /** For CoreParts.accountChanged. */
  accountChanged(accountId: string): void;
  /** From now on lines are served. */
  open(source: FeedSource): void;
  line(line: Line): void;
  /** Tells the pages of this session that it has ended, and closes them. */
  signedOut(sessionId: string): void;
  stop(): void;
}

interface OpenLine {
  readonly line: Line;
  readonly watch: Watch;
  /** Has said what it saw: it hears the rest. */
  isLive: boolean;
  board: boolean;
  /** Took too little: it will be reset when it has caught up. */
  behind?: Timer;
}

/** One account that somebody looks at, or did a short while ago. */
interface Watch {
  account: Account;
  readonly lines: Set<OpenLine>;
  ring: Numbered[];
  /** The highest number that is not in the ring any more. */
  floor: number;
  readonly marked: Map<string, MessageDocument>;
  overflowed: boolean;
  kept?: Timer;
}

function accountOf({ context }: MessageDocument): string | undefined {
  return context.recipient.kind === 'subscriber' ? context.recipient.account : undefined;
}

export function createFeed(clock: Clock): Feed {
  return new LiveFeed(clock);
}

class LiveFeed implements Feed {
  readonly #clock: Clock;
  readonly #epoch: string;
  readonly #watches = new Map<string, Watch>();
  readonly #marked = new Set<Watch>();
  /** Those without a page, the one that lost its last page first in front. */
  readonly #kept = new Set<Watch>();
  readonly #moves: Moves = createMoves();
  readonly #boards = new Set<OpenLine>();
  #source: FeedSource | undefined;
  #seq = 0;
  #flush: Timer | undefined;
  #boardFlush: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#epoch = Buffer.from(clock.random(EPOCH_BYTES)).toString('base64url');
  }

  open(source: FeedSource): void {
    this.#source = source;
  }

  stepped({ before, held: { document } }: Step): void {
    if (this.#watches.size === 0) return;
    const to = accountOf(document);
    const from = document.input.sender.account;
    if (to !== undefined) this.#mark(to, document);
    if (from !== undefined && from !== to) this.#mark(from, document);
    const had = before && accountOf(before);
    if (had !== undefined && had !== to) this.#taken(had);
    if (this.#boards.size === 0 || !this.#moves.note(before, document)) return;
    this.#boardFlush ??= this.#clock.after(BOARD_FLUSH_MS, () => this.#flushBoard());
  }

  #mark(accountId: string, document: MessageDocument): void {
    const watch = this.#watches.get(accountId);
    if (watch === undefined) return;
    if (watch.marked.size >= RING_MAX && !watch.marked.has(document.key)) watch.overflowed = true;
    else watch.marked.set(document.key, document);
    this.#toFlush(watch);
  }

  /** A message was redirected away: pages that list it list anew. */
  #taken(accountId: string): void {
    const watch = this.#watches.get(accountId);
    if (watch === undefined) return;
    watch.overflowed = true;
    this.#toFlush(watch);
  }

  #toFlush(watch: Watch): void {
    this.#marked.add(watch);
    this.#flush ??= this.#clock.after(FLUSH_MS, () => this.#flushMarked());
  }

  #flushMarked(): void {
    this.#flush = undefined;
    for (const watch of this.#marked) {
      if (watch.overflowed) this.#resetAll(watch);
      else for (const document of watch.marked.values()) this.#tellMessage(watch, document);
      watch.marked.clear();
      watch.overflowed = false;
    }
    this.#marked.clear();
  }

  #tellMessage(watch: Watch, document: MessageDocument): void {
    // Redirected away meanwhile, or marked for an account that has lost the right to see it.
    if (!maySee(document, watch.account)) return;
    const message = summaryOf(document, watch);
    this.#tell(watch, { topic: 'message', seq: this.#next(), message });
  }

  #next(): number {
    this.#seq += 1;
    return this.#seq;
  }

  #tell(watch: Watch, frame: Numbered): void {
    watch.ring.push(frame);
    if (watch.ring.length > RING_MAX) watch.floor = watch.ring.shift()?.seq ?? watch.floor;
    for (const open of watch.lines) if (open.isLive) this.#send(open, frame);
  }

  /** Too much at once to tell one by one: lists are loaded anew. */
  #resetAll(watch: Watch): void {
    const seq = this.#next();
    watch.ring = [];
    watch.floor = seq;
    for (const open of watch.lines) if (open.isLive) this.#send(open, { topic: 'reset', seq });
  }

  #send(open: OpenLine, frame: ServerFrame): void {
    if (open.behind !== undefined) return;
    if (open.line.backlog() <= BACKLOG_MAX_BYTES) open.line.send(frame);
    else if (frame.topic !== 'board') this.#waitFor(open);
  }

  #waitFor(open: OpenLine): void {
    open.behind = this.#clock.after(BACKLOG_LOOK_MS, () => {
      delete open.behind;
      if (!open.watch.lines.has(open)) return;
      if (open.line.backlog() > 0) this.#waitFor(open);
      else open.line.send({ topic: 'reset', seq: this.#seq });
    });
  }

  #flushBoard(): void {
    this.#boardFlush = undefined;
    const moves = this.#moves.take();
    for (const open of this.#boards) {
      const { account } = open.watch;
      const seen = moves.map(({ last, ...move }) => ({
        ...move,
        message: summaryOf(last, { account }),
      }));
      this.#send(open, { topic: 'board', moves: seen });
    }
  }

  line(line: Line): void {
    const source = this.#source;
    if (source === undefined) {
      line.close();
      return;
    }
    const watch = this.#watchOf(line.signedIn.account);
    const open: OpenLine = { line, watch, isLive: false, board: false };
    watch.lines.add(open);
    line.onClose(() => this.#closed(open));
    line.onFrame((frame) => {
      if (frame.topic === 'since') this.#since(open, frame);
    });
    line.send({ topic: 'hello', epoch: this.#epoch, version: source.version });
  }

  #watchOf(account: Account): Watch {
    const found = this.#watches.get(account.id);
    if (found === undefined) {
      // Above every number given out: what happened while nobody looked was not numbered.
      const floor = this.#next();
      const fresh = { account, lines: new Set<OpenLine>(), ring: [], floor };
      const watch: Watch = { ...fresh, marked: new Map(), overflowed: false };
      this.#watches.set(account.id, watch);
      return watch;
    }
    found.kept?.cancel();
    delete found.kept;
    this.#kept.delete(found);
    if (account.version > found.account.version) found.account = account;
    return found;
  }

  #since(open: OpenLine, frame: Extract<PageFrame, { topic: 'since' }>): void {
    const { watch, line } = open;
    open.board = frame.board === true;
    this.#boardOf(open);
    if (open.isLive) return;
    open.isLive = true;
    const { epoch, seq } = frame;
    if (epoch !== this.#epoch || seq === undefined || seq < watch.floor || seq > this.#seq) {
      line.send({ topic: 'reset', seq: this.#seq });
      return;
    }
    for (const missed of watch.ring) if (missed.seq > seq) line.send(missed);
    line.send({ topic: 'caughtUp', seq: this.#seq });
  }

  /** The board is for who may see everybody's envelopes; the right may come and go. */
  #boardOf(open: OpenLine): void {
    const shown = open.board && may(open.watch.account, 'message.track');
    if (shown) this.#boards.add(open);
    else this.#boards.delete(open);
  }

  #closed(open: OpenLine): void {
    const { watch } = open;
    open.behind?.cancel();
    watch.lines.delete(open);
    this.#boards.delete(open);
    if (watch.lines.size > 0 || this.#watches.get(watch.account.id) !== watch) return;
    watch.kept = this.#clock.after(KEPT_MS, () => this.#forget(watch));
    this.#kept.add(watch);
    const [oldest] = this.#kept;
    if (this.#kept.size > KEPT_ACCOUNTS_MAX && oldest !== undefined) this.#forget(oldest);
  }

  #forget(watch: Watch): void {
    watch.kept?.cancel();
    this.#kept.delete(watch);
    this.#marked.delete(watch);
    this.#watches.delete(watch.account.id);
  }

  accountChanged(accountId: string): void {
    const watch = this.#watches.get(accountId);
    if (watch === undefined || this.#source === undefined) return;
    this.#source.account(accountId).then(
      (account) => this.#accountIs(watch, account),
      // The store cannot be read: the next change, or a reload of the page, tells it.
      () => {},
    );
  }

  #accountIs(watch: Watch, account: Account | undefined): void {
    if (this.#watches.get(watch.account.id) !== watch) return;
    if (account === undefined) {
      for (const { line } of watch.lines) this.#end(line);
      this.#forget(watch);
      return;
    }
    if (account.version <= watch.account.version) return;
    watch.account = account;
    for (const open of watch.lines) this.#boardOf(open);
    this.#tell(watch, { topic: 'account', seq: this.#next(), account: visible(account) });
  }

  signedOut(sessionId: string): void {
    for (const { lines } of this.#watches.values()) {
      for (const { line } of lines) if (line.signedIn.session.id === sessionId) this.#end(line);
    }
  }

  #end(line: Line): void {
    line.send({ topic: 'signedOut' });
    line.close();
  }

  stop(): void {
    this.#flush?.cancel();
    this.#boardFlush?.cancel();
    for (const watch of this.#watches.values()) {
      watch.kept?.cancel();
      for (const open of watch.lines) open.behind?.cancel();
    }
    this.#watches.clear();
    this.#kept.clear();
    this.#marked.clear();
    this.#boards.clear();
  }
}
