/** Words of the board: people, times, and the one sentence on top. Pure. */

import { spanText } from '../../../../../actors/message-tracker/words.js';
import type { MessageSummary, PartySummary } from '../../../../../schemas/console.js';
import { untilTime } from '../../clock.js';

export function partyName(party: PartySummary): string {
  return party.name ?? party.address ?? 'nobody who can be answered';
}

/** “Hello”, or that there is no subject. */
export function sentence(subject: string): string {
  return subject === '' ? 'without a subject' : `“${subject}”`;
}

export function titled(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** "9 ms", "1.4 s", "4 m 58 s": as it stands on a cord. */
export function spanWords(ms: number): string {
  const span = Math.max(0, ms);
  if (span >= 1000 && span < 60_000) return `${(span / 1000).toFixed(1)} s`;
  return spanText(span);
}

/** "1 message", "7 messages" */
export function messagesWords(count: number): string {
  return count === 1 ? '1 message' : `${count} messages`;
}

export interface Standing {
  readonly name: string;
  readonly isLost: boolean;
  /** Undefined: not loaded yet. */
  readonly recent: readonly MessageSummary[] | undefined;
  readonly quietUntil: number | undefined;
  readonly held: number;
}

/** One sentence that is true of any state. */
export function standingSentence(standing: Standing): string {
  const { recent, quietUntil, held } = standing;
  if (standing.isLost) return 'The line is cut. What the switch took is safe.';
  if (recent === undefined) return 'One moment…';
  if (quietUntil !== undefined) {
    const waiting = held === 0 ? 'nothing waits' : waitWords(held);
    return `Quiet until ${untilTime(quietUntil)}: ${waiting}.`;
  }
  if (recent.length === 0) return `Welcome, ${standing.name}. Send yourself a first message.`;
  const failed = recent.filter(({ word }) => word === 'failed').length;
  const running = recent.filter(({ word }) => word === 'on its way').length - held;
  if (held > 0) return `${titled(waitWords(held))}.`;
  if (running > 0) return `${messagesWords(running)} on ${running === 1 ? 'its' : 'their'} way.`;
  if (recent[0]?.word === 'failed') return `The newest message failed. See below why.`;
  if (failed > 0) return `All quiet; ${messagesWords(failed)} of the newest failed.`;
  return 'All well: nothing waits, nothing has failed.';
}

function waitWords(held: number): string {
  return `${messagesWords(held)} ${held === 1 ? 'waits' : 'wait'}`;
}
