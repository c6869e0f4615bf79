/**
 * What travels between the console's server side and its page: the shapes that calls answer with
 * (console-calls.ts), and the frames of the live line.
 *
 * Invariants: times are milliseconds since the epoch; keys are those of documents (`msg/…`), ids
 * what people read; nothing here holds a password, a token or, outside `message.body`, content.
 */

import type { Account, Role } from './account.js';
import type { Delivery } from './delivery.js';
import type { HistoryEntry, MessageContext, MessageEvent } from './message.js';

/** A jack of the board, and a way to write: what the page may know of a channel. */
export interface ChannelEntry {
  readonly name: string;
  readonly description: string;
  readonly receives: boolean;
  readonly delivers: boolean;
  readonly keeps: boolean;
  /** Its own line to the page, where it has one: see ChannelFacts.page. */
  readonly page?: 'messenger' | 'practice';
}

export interface Me {
  readonly account: Omit<Account, 'password'>;
  readonly may: { readonly operate: boolean };
  readonly channels: readonly ChannelEntry[];
  readonly version: string;
  readonly domain: string;
  /** This is the demo account of a new switch: what the first page shows. */
  readonly demo?: DemoHints;
  readonly now: number;
}

export interface DemoHints {
  /** The line that sends a first message, as typed into a shell. */
  readonly invitation?: string;
  /** How to pull the plug and put it in again. */
  readonly kill: string;
  readonly start: string;
}

/** A message in a list. */
export interface MessageSummary {
  readonly key: string;
  readonly id: string;
  readonly at: number;
  readonly direction: 'in' | 'out' | 'other';
  readonly from: PartySummary;
  readonly to: PartySummary;
  readonly subject: string;
  /** The honest word, and as part of a sentence. */
  readonly word: string;
  readonly phrase: string;
  readonly state: string;
  /** For its recipient: not opened yet. */
  readonly unread: boolean;
  readonly conversation: string;
  readonly priority: string;
  readonly size: number;
  /** The channel it came in by. */
  readonly in: string;
  readonly outs: readonly OutSummary[];
  readonly because?: string;
  readonly heldUntil?: number;
  readonly dueAt?: number;
  /** Revision of the document's history: larger is newer. */
  readonly steps: number;
  readonly savedAt: number;
}

export interface PartySummary {
  readonly name?: string;
  readonly address?: string;
  readonly channel?: string;
  /** How sure we are: "DKIM ok", "password"; of senders only. */
  readonly how?: string;
  readonly verified?: boolean;
}

export interface OutSummary {
  readonly delivery: number;
  readonly channel: string;
  readonly endpoint?: string;
  /** The subscriber's name for the device. */
  readonly device?: string;
  readonly phase: Delivery['phase'];
  readonly level?: string;
  readonly reason?: string;
  readonly at?: number;
}

/** A page of a list; `next` goes into the next call's `before`. */
export interface Listed<Item> {
  readonly items: readonly Item[];
  readonly next?: string;
}

export interface PartSummary {
  readonly index: number;
  readonly name: string;
  readonly mediaType: string;
  readonly bytes: number;
}

/** A message opened: its own document for HTML, text for the page. */
export interface Opened {
  readonly message: MessageSummary;
  readonly text: string;
  /** There is HTML: shown from `/api/body?key=…` in a sandboxed frame. */
  readonly html: boolean;
  /** Remote images and the like that were left out. */
  readonly remote: number;
  readonly parts: readonly PartSummary[];
  /** Where an answer goes and how, in words: "as mail to you@example.org". */
  readonly reply?: { readonly to: string; readonly how: string };
  /** "why here?" */
  readonly why: readonly string[];
}

/** What happened, without content: of an edit only how large the new content is. */
export type ShownEvent =
  | Exclude<MessageEvent, { readonly type: 'EDIT' | 'SENDING' }>
  | Omit<Extract<MessageEvent, { readonly type: 'SENDING' }>, 'copy'>
  | (Omit<Extract<MessageEvent, { readonly type: 'EDIT' }>, 'content'> & {
      readonly bytes?: number;
    });

/** One recorded step of a message, with the context that replay gives. */
export interface HistoryStep {
  /** Counts from 1, whatever part of the history is shown: it stands in links. */
  readonly number: number;
  readonly entry: Omit<HistoryEntry, 'event'> & { readonly event: ShownEvent };
  /** Absent where today's machine does not follow the record, and in a sender's course. */
  readonly context?: Omit<MessageContext, 'input' | 'content'>;
  /** Transitions of the chart that were taken, as ids of MachineDrawing.edges. */
  readonly taken: readonly string[];
  /** Guards that were asked, in order, and what each answered. */
  readonly guards: readonly { readonly edge: string; readonly held: boolean }[];
  /** The tracker's lines for this step: what, detail; times in them as RFC 3339. */
  readonly lines: readonly string[];
}

/** What will happen if nothing else does. */
export interface PlannedStep {
  readonly at: number | null;
  readonly text: string;
  /** The delivery whose lane it stands on. */
  readonly delivery?: number;
  /** The command of a person that makes it happen now. */
  readonly command?: 'retry' | 'release';
}

export interface MessageHistory {
  readonly message: MessageSummary;
  /** Times in `headline`, `standing` and lines are RFC 3339: the page shows them local. */
  readonly headline: string;
  readonly standing: string;
  readonly machine: string;
  /** `course`: what a sender may know, the states alone. */
  readonly shows: 'whole' | 'course';
  /** As it was born, before its first step; absent like a step's context. */
  readonly birth?: HistoryStep['context'];
  readonly steps: readonly HistoryStep[];
  /** In words: which steps of a long history are not here. */
  readonly omitted?: string;
  readonly planned: readonly PlannedStep[];
  /** The first difference to today's machine, in words. */
  readonly differs?: string;
  /** Ids of the same submission's messages to others, for who may see them; bounded. */
  readonly others: readonly string[];
}

/** Any machine as nodes and edges; node ids are dotted paths (`routed.held`). */
export interface MachineDrawing {
  readonly name: string;
  readonly version?: number;
  readonly initial: string;
  readonly nodes: readonly MachineNode[];
  readonly edges: readonly MachineEdge[];
}

export interface MachineNode {
  readonly id: string;
  readonly label: string;
  readonly parent?: string;
  readonly kind: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  readonly initial: boolean;
}

export interface MachineEdge {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  /** The event; '' for one that is taken at once. */
  readonly event: string;
  readonly guard?: string;
}

/** "Needs you": what, why, and the one button. */
export interface Need {
  readonly kind: 'dead' | 'overdue' | 'paused' | 'unconfirmed' | 'trouble';
  readonly title: string;
  readonly cause: string;
  readonly count: number;
  readonly oldestMs: number;
  readonly action?: { readonly label: string; readonly link: string };
}

export interface Tile {
  readonly name: string;
  readonly label: string;
  readonly count: number;
  readonly oldestMs: number;
  /** Counting stopped at a limit: there are at least so many. */
  readonly partial: boolean;
}

export interface Overview {
  readonly sentence: string;
  readonly well: boolean;
  readonly tiles: readonly Tile[];
  readonly needs: readonly Need[];
  readonly jacks: readonly JackSummary[];
  readonly workers: readonly WorkerSummary[];
  readonly store: string;
  readonly bus: string;
  readonly refusing?: string;
  readonly health: readonly HealthLine[];
}

/** One thing that was looked at, as `patchboard doctor` tells it. */
export interface HealthLine {
  readonly verdict: 'ok' | 'warning' | 'problem';
  readonly about: string;
  readonly text: string;
  readonly remedy?: string;
}

export interface JackSummary {
  readonly channel: string;
  readonly side: 'in' | 'out';
  readonly address?: string;
  readonly paused?: { readonly until: number; readonly reason: string };
}

export interface WorkerSummary {
  readonly name: string;
  readonly roles: readonly string[];
  readonly startedAt: number;
  readonly pid: number;
  readonly memoryBytes: number;
  /** Hints that wait, by queue. */
  readonly waiting: Readonly<Record<string, number>>;
}

/**
 * One column of the rates: accepted and finished in `everyMs`, the failed ones among the finished;
 * handling times in ms, from the sender's first word to the first outcome, of what was not held.
 */
export interface RatePoint {
  readonly at: number;
  readonly accepted: number;
  readonly finished: number;
  readonly failed: number;
  readonly p50: number | null;
  readonly p99: number | null;
}

export interface QueueGroup {
  readonly what: string;
  readonly cause: string;
  readonly total: number;
  readonly oldestMs: number;
}

export interface SessionSummary {
  readonly id: string;
  readonly createdAt: number;
  readonly seenAt: number;
  readonly peer: string;
  readonly program: string;
  readonly current: boolean;
}

export interface AccountSummary {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly Role[];
  readonly addresses: readonly string[];
  readonly devices: number;
  readonly profile: string;
  readonly quietUntil?: number;
  readonly hasPassword: boolean;
}

export interface AuditEntry {
  readonly at: number;
  readonly by: string;
  readonly what: string;
  readonly of: string;
}

/**
 * Frames of the live line (WebSocket `/live`). The server begins with `hello`; the page answers
 * with what it has seen. A change carries a number, larger than every one before; a page that
 * missed some gets them again, or `reset` where they are not kept any more: then it lists anew.
 */
export type ServerFrame =
  | { readonly topic: 'hello'; readonly epoch: string; readonly version: string }
  | { readonly topic: 'message'; readonly seq: number; readonly message: MessageSummary }
  | { readonly topic: 'account'; readonly seq: number; readonly account: Me['account'] }
  | { readonly topic: 'caughtUp'; readonly seq: number }
  | { readonly topic: 'reset'; readonly seq: number }
  /** Operators who asked for the board: what moved since the last such frame. */
  | { readonly topic: 'board'; readonly moves: readonly BoardMove[] }
  /** One's session has ended: sign in again. */
  | { readonly topic: 'signedOut' }
  /** A channel's own frame. */
  | { readonly topic: 'channel'; readonly channel: string; readonly frame: unknown };

/** A message moved from one jack to another; `count` of them where many did at once. */
export interface BoardMove {
  readonly in: string;
  readonly out: string;
  readonly count: number;
  readonly failing: number;
  /** The last one of them, to open it. */
  readonly message: MessageSummary;
}

export type PageFrame =
  | {
      readonly topic: 'since';
      readonly epoch?: string;
      readonly seq?: number;
      /** The operator's board too. */
      readonly board?: boolean;
    }
  | { readonly topic: 'channel'; readonly channel: string; readonly frame: unknown };
