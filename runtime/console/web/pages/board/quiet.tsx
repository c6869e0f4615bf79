/** "Quiet 1 min": what comes waits, counted down, and goes on by itself. */

import { now, untilTime } from '../../clock.js';
import { Action } from '../../parts/action.js';
import { call } from '../../server/call.js';
import { endQuiet, quietNow, quietUntil } from '../settings/standing.js';
import { held, loadRecent } from './recent.js';
import { messagesWords } from './sayings.js';

const QUIET_MS = 60_000;

export function QuietMinute() {
  const until = quietNow.value?.until;
  if (until === undefined)
    return <Action run={() => quietUntil(now.value + QUIET_MS)}>Quiet 1 min</Action>;
  return (
    <div class="note warn row grow" role="status">
      <span class="grow">
        Held until {untilTime(until)}, {waitingWords()} waiting{' '}
        <span aria-hidden="true">({countdown(until - now.value)})</span>
      </span>
      <Action run={deliverNow}>Deliver now</Action>
    </div>
  );
}

function waitingWords(): string {
  return held.value === 0 ? 'nothing' : messagesWords(held.value);
}

async function deliverNow(): Promise<void> {
  await endQuiet();
  await call('message.deliverNow', {});
  await loadRecent();
}

/** "0:42" */
function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${String(seconds % 60).padStart(2, '0')}`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} m`;
}
