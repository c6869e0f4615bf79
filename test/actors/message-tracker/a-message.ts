/** Messages made up for the tracker's tests. */

import type { Delivery, DeliveryPolicy } from '../../../schemas/delivery.js';
import type {
  HistoryEntry,
  MessageContext,
  MessageDocument,
  MessageEvent,
} from '../../../schemas/message.js';

/** Tests read times as milliseconds since this. */
export const START = 1_700_000_000_000;
export const KEY = 'msg/m3k9x7q2w4t8h5b1.0';

const POLICY: DeliveryPolicy = {
  success: 'delivered',
  trials: 5,
  retryMs: [60_000],
  expiryMs: 86_400_000,
  confirmWithinMs: 60_000,
  onAmbiguous: 'retry',
};

export function aDelivery(given: Partial<Delivery>): Delivery {
  return {
    id: 0,
    step: 0,
    endpoint: 'mobile',
    address: { channel: 'pager', value: '0012345' },
    policy: POLICY,
    phase: 'ready',
    trials: 0,
    dueAt: START,
    expiresAt: START + POLICY.expiryMs,
    ...given,
  };
}

export function anEntry(event: MessageEvent, state: string, tookMs: number): HistoryEntry {
  return { event, state, tookMs, worker: 'w1' };
}

export function aMessage(
  given: Omit<Partial<MessageDocument>, 'context'> & { context?: Partial<MessageContext> },
): MessageDocument {
  const to = {
    kind: 'subscriber',
    account: 'demo',
    via: { channel: 'pager', value: 'demo' },
  } as const;
  const content = { kind: 'raw', channel: 'pager', at: { in: 'own', key: KEY } } as const;
  const input = {
    key: KEY,
    createdAt: START + 5,
    recipient: to,
    sender: {
      address: { channel: 'pager', value: 'ops@example.org' },
      verification: { verified: true, how: 'DKIM ok' },
    },
    header: { subject: 'Server room 31 °C', priority: 'normal', size: 2100 },
    origin: { channel: 'pager', peer: '192.0.2.7, TLS 1.3', startedAt: START },
    content,
    report: { success: false, failure: true, delay: false },
    hops: 0,
  } as const;
  const context = {
    recipient: to,
    content,
    deliveries: [],
    stepsStarted: 1,
    nextStepAt: null,
    heldUntil: null,
    expiresAt: null,
    dueAt: null,
    round: 0,
    seen: [],
    ...given.context,
  };
  return {
    key: KEY,
    machineVersion: 1,
    state: 'stored',
    input,
    outbox: [],
    history: [],
    historyMoved: 0,
    closed: false,
    dueAt: null,
    lookAt: null,
    looks: 0,
    purgeAt: START + 1e9,
    savedAt: START,
    ...given,
    context,
  };
}
