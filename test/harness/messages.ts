/** Messages and plans for tests: plain data with the least that a test must say. */

import type { Plan } from '../../schemas/decision.js';
import type { DeliveryPolicy, Outcome } from '../../schemas/delivery.js';
import type { MessageEvent, MessageInput } from '../../schemas/message.js';

export const POLICY: DeliveryPolicy = {
  success: 'accepted',
  trials: 2,
  retryMs: [1000],
  expiryMs: 100_000,
  confirmWithinMs: 5000,
  onAmbiguous: 'retry',
};

export function makeInput(change: Partial<MessageInput> = {}): MessageInput {
  const via = { channel: 'loopback', value: 'r' };
  return {
    key: 'msg/0000000000000000.0',
    createdAt: 0,
    recipient: { kind: 'subscriber', account: 'r', via },
    sender: {
      address: { channel: 'loopback', value: 's' },
      verification: { verified: true, how: 'password' },
    },
    header: { priority: 'normal', size: 10 },
    origin: { channel: 'loopback', peer: 'test', startedAt: 0 },
    content: { kind: 'raw', channel: 'loopback', at: { in: 'own', key: 'msg/0000000000000000.0' } },
    report: { success: false, failure: true, delay: false },
    hops: 0,
    ...change,
  };
}

/** A plan of steps, each a list of device names on the loopback channel. */
export function makePlan(
  steps: readonly (readonly string[])[],
  change: { policy?: Partial<DeliveryPolicy>; confirms?: Plan['confirms']; waitMs?: number } = {},
): Plan {
  const policy = { ...POLICY, ...change.policy };
  return {
    confirms: change.confirms ?? 'any',
    steps: steps.map((names) => ({
      endpoints: names.map((name) => ({
        endpoint: name,
        address: { channel: 'loopback', value: name },
        policy,
      })),
      ...(change.waitMs === undefined ? {} : { waitMs: change.waitMs }),
    })),
  };
}

export function routed(plan: Plan, at = 0): MessageEvent {
  return { type: 'ROUTED', at, decision: { kind: 'deliver', plan, reasons: [] } };
}

/** The events that lead a new message to `dispatched`. */
export function toDispatched(plan: Plan, at = 0): MessageEvent[] {
  return [{ type: 'STORED', at }, routed(plan, at), { type: 'DISPATCHED', at }];
}

export function sending(attempt: string, at = 0): MessageEvent {
  const delivery = Number(attempt.split('.')[0]);
  return { type: 'SENDING', at, delivery, attempt, phase: 'bytesSent', worker: 'w1' };
}

export const OUTCOMES = {
  confirmed: { result: 'confirmed', level: 'delivered', status: '2.0.0', reason: 'ok' },
  accepted: { result: 'accepted', status: '2.0.0', reason: 'ok' },
  retry: { result: 'retry', status: '4.0.0', reason: 'busy' },
  ambiguous: { result: 'retry', status: '4.4.2', reason: 'cut', ambiguous: true },
  postponed: { result: 'postponed', status: '4.4.1', reason: 'paused', afterMs: 500 },
  failed: { result: 'failed', status: '5.0.0', reason: 'no' },
} as const satisfies Record<string, Outcome>;

export function outcome(
  attempt: string,
  kind: keyof typeof OUTCOMES,
  at = 0,
  delivery = Number(attempt.split('.')[0]),
): MessageEvent {
  const id = `${attempt}:${kind}:${delivery}:${at}`;
  return { type: 'OUTCOME', at, id, delivery, attempt, outcome: OUTCOMES[kind] };
}
