/**
 * Looking at a message: whatever its state says must happen next, one thing after the other, until
 * it waits for the world. The same look serves a new message, a hint of the sweep, and recovery.
 *
 * Stages: outbox → what time has made due → a decision for what is undecided → hints for the
 * deliveries that somebody may take. Invariant: looking is always safe; what is not due is left.
 */

import type { Clock, Log } from '../../actors/machinery.js';
import { isTakeable } from '../../actors/message-manager/deliveries.js';
import type { Delivery } from '../../schemas/delivery.js';
import type { MessageEvent } from '../../schemas/message.js';
import type { Bus } from '../bus/bus.js';
import type { Committer, Held } from '../kernel/commit.js';
import type { Routing } from './route.js';

export const LOOK_QUEUE = 'look';
/** Deliveries of a channel nobody here delivers by: their attempt says so. */
const NO_AGENT_QUEUE = 'deliver';
/** Looks that lose a race are begun again so often; then the sweep comes back. */
const LOOK_TRIES_MAX = 3;

export interface LookParts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly committer: Committer;
  readonly routing: Routing;
  readonly laneOf: (delivery: Delivery) => string;
  readonly queueOf: (delivery: Delivery) => string;
  readonly carryOut: (held: Held) => Promise<void>;
}

export interface DeliveryHint {
  readonly held: Held;
  readonly delivery: number;
}

export interface Looking {
  /** @param copy may be stale: what loses the race is looked at again, as stored. */
  look(key: string, copy?: Held | undefined): Promise<void>;
  /** Hints for the deliveries that may be taken now; false where one was dropped. */
  hintDeliveries(held: Held): boolean;
}

/** A queue for each channel: what one cannot take now is in no other's way. */
export function deliverQueue(channel?: string): string {
  return channel === undefined ? NO_AGENT_QUEUE : `${NO_AGENT_QUEUE}.${channel}`;
}

export function deliveryHintKey(key: string, delivery: number): string {
  return `${key}#${delivery}`;
}

/** Its next save is at hand, so that none is needed for the outbox alone. */
function isSavedSoon({ document }: Held, now: number): boolean {
  const { deliveries } = document.context;
  return document.state.startsWith('dispatched') && deliveries.some((one) => isTakeable(one, now));
}

export function createLooking(parts: LookParts): Looking {
  const { bus, clock, committer } = parts;

  function hintDeliveries(held: Held): boolean {
    const now = clock.now();
    let all = true;
    for (const delivery of held.document.context.deliveries) {
      if (!isTakeable(delivery, now)) continue;
      const copy: DeliveryHint = { held, delivery: delivery.id };
      const key = deliveryHintKey(held.document.key, delivery.id);
      all = bus.hint(parts.queueOf(delivery), { key, lane: parts.laneOf(delivery), copy }) && all;
    }
    return all;
  }

  /** The document after its outbox was carried out and, if nothing else will, saved so. */
  async function settleOutbox(held: Held): Promise<Held | undefined> {
    if (held.document.outbox.length === 0) return held;
    await parts.carryOut(held);
    if (isSavedSoon(held, clock.now())) return held;
    const committed = await committer.decide(held, []);
    return committed.ok ? committed.held : undefined;
  }

  async function settleTime(held: Held): Promise<Held | undefined> {
    const { dueAt } = held.document.context;
    const now = clock.now();
    if (dueAt === null || dueAt > now) return held;
    const committed = await committer.decide(held, [{ type: 'DUE', at: now }]);
    if (committed.ok) return committed.held;
    return committed.reason === 'lost' ? undefined : held;
  }

  async function settleRoute(held: Held): Promise<Held | undefined> {
    const { state, input, context } = held.document;
    if (state !== 'stored' && state !== 'routed.planned') return held;
    const events: MessageEvent[] = [];
    const at = clock.now();
    if (state === 'stored') {
      const { recipient, releasedBy } = context;
      const decision = await parts.routing.decide({ input, recipient, releasedBy });
      if (decision === undefined) return undefined;
      events.push({ type: 'ROUTED', at, decision });
      if (decision.kind === 'deliver') events.push({ type: 'DISPATCHED', at });
    } else events.push({ type: 'DISPATCHED', at });
    const committed = await committer.decide(held, events);
    return committed.ok ? committed.held : undefined;
  }

  async function lookOnce(held: Held): Promise<boolean> {
    let standing: Held | undefined = held;
    for (const settle of [settleTime, settleRoute, settleOutbox]) {
      standing = standing && (await settle(standing));
    }
    if (standing === undefined) return false;
    if (!standing.document.closed) hintDeliveries(standing);
    return true;
  }

  async function look(key: string, copy?: Held | undefined): Promise<void> {
    for (let tries = 0; tries < LOOK_TRIES_MAX; tries += 1) {
      const held = tries === 0 && copy !== undefined ? copy : await committer.load(key);
      if (held === undefined || (await lookOnce(held))) return;
    }
  }

  return { look, hintDeliveries };
}
