/** The outcome of an attempt whose `bytesSent` was not stored: nothing was sent, nothing counts. */

import type { Outcome } from '../schemas/delivery.js';

export const NOT_OURS = {
  result: 'postponed',
  afterMs: 0,
  status: '4.3.0',
  reason: 'nothing was sent: the delivery belongs to another worker or its address is gone',
} as const satisfies Outcome;
