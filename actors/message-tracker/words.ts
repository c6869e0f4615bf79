/**
 * The honest words for where a message is: pure.
 *
 * Invariant: silence is never called success. What only the archive holds is "kept in inbox"; what
 * a peer took over without a receipt is "unknown", although the switch has done its part.
 */

import type { Level } from '../../schemas/delivery.js';
import type { MessageDocument } from '../../schemas/message.js';

export type HonestWord =
  | 'on its way'
  | 'delivered'
  | 'read'
  | 'kept in inbox'
  | 'failed'
  | 'unknown';

const WORD_OF_LEVEL: Readonly<Record<Level, HonestWord>> = {
  accepted: 'unknown',
  kept: 'kept in inbox',
  delivered: 'delivered',
  read: 'read',
};
const RANK: readonly Level[] = ['accepted', 'kept', 'delivered', 'read'];

/** The one word (or three) for a message's state. */
export function honestWord(document: MessageDocument): HonestWord {
  if (document.state.startsWith('failed')) return 'failed';
  if (document.state !== 'confirmed') return 'on its way';
  return WORD_OF_LEVEL[bestLevel(document)];
}

function bestLevel(document: MessageDocument): Level {
  const levels = document.context.deliveries
    .filter((delivery) => delivery.phase === 'confirmed')
    .map((delivery) => RANK.indexOf(delivery.level ?? 'accepted'));
  return RANK[Math.max(0, ...levels)] ?? 'accepted';
}

/** The word as a sentence's part; an unknown arrival says what is known. */
export function honestPhrase(document: MessageDocument): string {
  const word = honestWord(document);
  if (word === 'unknown') return 'handed on, arrival unknown (no receipt)';
  const because = document.context.because;
  return word === 'failed' && because !== undefined ? `failed: ${because}` : word;
}

const UNITS = [
  { name: 'd', ms: 86_400_000 },
  { name: 'h', ms: 3_600_000 },
  { name: 'm', ms: 60_000 },
  { name: 's', ms: 1000 },
] as const;

/** "9 ms", "4 m 58 s", "5 h 02 m", "2 d": at most two units, the lower one in two digits. */
export function spanText(spanMs: number): string {
  if (spanMs < 1000) return `${Math.max(0, Math.round(spanMs))} ms`;
  const index = UNITS.findIndex((unit) => spanMs >= unit.ms);
  const [unit, lower] = [UNITS[index], UNITS[index + 1]];
  if (unit === undefined) return `${spanMs} ms`;
  const whole = Math.floor(spanMs / unit.ms);
  const rest = lower === undefined ? 0 : Math.floor((spanMs % unit.ms) / lower.ms);
  if (lower === undefined || rest === 0) return `${whole} ${unit.name}`;
  return `${whole} ${unit.name} ${String(rest).padStart(2, '0')} ${lower.name}`;
}

/** "300 B", "2.1 kB", "14 MB". */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let [value, unit] = [bytes / 1000, 0];
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
