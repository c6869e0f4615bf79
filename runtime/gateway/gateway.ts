/**
 * The web door (`http.listen`): health and metrics, the page and its login, the console's calls,
 * the channels' own paths, the live line.
 *
 * Invariants: nothing but health, metrics and the login answers to who is not signed in, except a
 * channel's path that says so itself; requests and lines from another origin are refused; on a
 * plain HTTP address that is not this computer nothing signs in.
 */

import type { Authenticator, Door } from '../../actors/machinery.js';
import type { Console } from '../console/console.js';
import type { Sessions } from '../sessions.js';

/** Who signs people in, once the switch is there. */
export interface Behind {
  readonly sessions: Sessions;
  readonly authenticator: Authenticator;
}

export interface Gateway {
  /** Where it listens: "127.0.0.1:2580". */
  readonly address: string;
  /** Where browsers find it: "http://localhost:2580", or `http.publicUrl`. */
  readonly url: string;
  doorOf(channel: string): Door;
  /** From now on the console answers; before it, and after `shut`, requests get 503. */
  open(console: Console, behind: Behind): void;
  /** Takes nothing new and closes pages; resolves when what runs is answered, or took too long. */
  shut(): Promise<void>;
  /** Shuts, then listens no more. */
  stop(): Promise<void>;
}
