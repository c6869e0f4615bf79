/**
 * The console as the gateway sees it: calls, documents, and the live line of each page. The
 * gateway has checked origin, session and size; the console checks rights.
 */

import type { DoorAnswer } from '../../actors/machinery.js';
import type { PageFrame, ServerFrame } from '../../schemas/console.js';
import type { Answer } from '../control.js';
import type { SignedInSession } from '../sessions.js';

/** One WebSocket of a page. */
export interface Line {
  readonly signedIn: SignedInSession;
  readonly peer: string;
  /** Bytes not yet taken; the gateway closes a line above its limit. */
  backlog(): number;
  send(frame: ServerFrame): void;
  onFrame(run: (frame: PageFrame) => void): void;
  onClose(run: () => void): void;
  close(): void;
}

export interface CallerFacts {
  readonly signedIn: SignedInSession;
  readonly peer: string;
}

export interface Console {
  /** One of `ConsoleCalls`; what it cannot do is an answer, never a rejection. */
  call(name: string, argument: unknown, caller: CallerFacts): Promise<Answer>;
  /** Whether this account may send this call with a long text in it; none may, unless said so. */
  takesLarge?(name: string, signedIn: SignedInSession): boolean;
  /**
   * GET documents below `/api/`: `body` (a mail's HTML), `part` (an attachment), `raw`; with
   * headers of their own that keep them harmless. Undefined: there is no such document.
   */
  document(
    name: string,
    query: Readonly<Record<string, string>>,
    caller: CallerFacts,
  ): Promise<DoorAnswer | undefined>;
  /** Told of each line that opens. */
  line(line: Line): void;
  stop(): Promise<void>;
}
