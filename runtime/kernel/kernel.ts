/** The kernel's port to the rest of the machinery: everything that happens to a message. */

import type { Accepted, Failure } from '../../actors/machinery.js';
import type { HistoryEntry, MessageDocument, MessageEvent } from '../../schemas/message.js';
import type { Submission } from '../../schemas/submission.js';

export type Applied =
  | { readonly ok: true; readonly document: MessageDocument }
  /** MESSAGE_UNKNOWN, MESSAGE_STATE (the state does not take it; nothing written), STORE_… */
  | Failure;

export interface Kernel {
  /** One flushed write for all of it (law 1); then `proceed` sets it on its way. */
  accept(submission: Submission): Promise<Accepted>;
  /** Applies an observation or a person's command: repeated until stored (law 3). */
  observe(key: string, event: MessageEvent): Promise<Applied>;
  read(key: string): Promise<MessageDocument | undefined>;
  /** All of it, the overflow documents too, oldest first. */
  history(key: string): Promise<readonly HistoryEntry[]>;
  /** Work of this process that is under way: attempts, saves. Resolves when there is none. */
  idle(): Promise<void>;
}
