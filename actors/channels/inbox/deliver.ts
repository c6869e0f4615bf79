/**
 * Keeps a message for its subscriber. The message is in the store already, so keeping it is a fact
 * and no I/O: no byte leaves, nobody else becomes responsible, `bytesSent` is not asked.
 *
 * Invariant: the level is `kept`, never `delivered` (nobody has seen it yet).
 */

import type { Deliverer } from '../../channel.js';

/** Nothing is waited for; more at once would only make one group commit larger. */
const AT_ONCE = 1000;

export function keep(): Deliverer {
  return {
    limits: { capacity: AT_ONCE, perLane: AT_ONCE },
    deliver: () =>
      Promise.resolve({
        result: 'confirmed',
        level: 'kept',
        status: '2.0.0',
        reason: 'kept in the inbox',
      }),
    lane: () => 'inbox',
    paused: () => undefined,
    stop: () => Promise.resolve(),
  };
}
