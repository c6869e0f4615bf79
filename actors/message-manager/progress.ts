/**
 * How a message gets on: pure functions over its context, the machine's guards and actions.
 * Each `…ed` function returns the context after an event, or undefined where it is not taken.
 *
 * A plan's step starts all its deliveries at once. The next step starts when every delivery of the
 * started ones has failed, or when the step's waiting time is over unconfirmed. A confirmed
 * delivery is never routed again because its twin failed.
 */

import type { Plan } from '../../schemas/decision.js';
import type { Delivery } from '../../schemas/delivery.js';
import type { MessageContext, MessageEvent, MessageInput } from '../../schemas/message.js';
import {
  deliveryDueAt,
  isOpen,
  loseAttempt,
  noteOutcome,
  passTime,
  startAttempt,
} from './deliveries.js';
import { whyNotTold } from './telling.js';

type EventOf<Type extends MessageEvent['type']> = Extract<MessageEvent, { type: Type }>;

/** How many identifiers of observations a message remembers (law 3). */
export const SEEN_MAX = 16;

/** RFC 5321 4.5.4.1 leaves it open; so long most mail servers wait before they tell of a delay. */
export const DELAY_TOLD_AFTER_MS = 4 * 3_600_000;

export function birth(input: MessageInput): MessageContext {
  return {
    input,
    recipient: input.recipient,
    content: input.content,
    deliveries: [],
    stepsStarted: 0,
    nextStepAt: null,
    heldUntil: null,
    expiresAt: input.header.expiry ?? null,
    dueAt: input.createdAt,
    round: 0,
    seen: [],
  };
}

export function remember(seen: readonly string[], id: string): readonly string[] {
  return [...seen, id].slice(-SEEN_MAX);
}

function earliest(...times: (number | null)[]): number | null {
  const known = times.filter((time) => time !== null && Number.isFinite(time));
  return known.length === 0 ? null : Math.min(...(known as number[]));
}

function withDueAt(context: MessageContext): MessageContext {
  const due = context.deliveries.map(deliveryDueAt);
  // A confirmed message does not expire any more; what is open ends by its own time.
  const expiresAt = isConfirmed(context) ? null : context.expiresAt;
  const dueAt = earliest(...due, context.nextStepAt, expiresAt, delayDueAt(context));
  return { ...context, dueAt };
}

/** When the sender is to be told, once, that a way was tried and the message still waits. */
function delayDueAt({ input, deliveries, delayTold }: MessageContext): number | null {
  if (!input.report.delay || delayTold === true || whyNotTold(input) !== undefined) return null;
  const waiting = deliveries.filter(({ phase, last }) => phase === 'ready' && last !== undefined);
  const since = waiting.map(({ expiresAt, policy }) => expiresAt - policy.expiryMs);
  return since.length === 0 ? null : Math.min(...since) + DELAY_TOLD_AFTER_MS;
}

export function held(context: MessageContext, until: number, because: string): MessageContext {
  const dueAt = earliest(until, context.expiresAt);
  return { ...context, heldUntil: until, because, dueAt };
}

export function planned(context: MessageContext, plan: Plan): MessageContext {
  const { because: _, ...rest } = context;
  return { ...rest, plan, heldUntil: null };
}

/** Back to `stored`: it is decided anew. */
export function undecided(context: MessageContext, at: number): MessageContext {
  const { plan: _, because: __, ...rest } = context;
  const round = context.round + 1;
  return { ...rest, round, heldUntil: null, nextStepAt: null, stepsStarted: 0, dueAt: at };
}

/** Dispatch freezes {endpoint, address} of every delivery (law 7). */
export function dispatched(context: MessageContext, at: number): MessageContext {
  const fresh = { ...context, stepsStarted: 0, nextStepAt: null };
  return startStep({ ...fresh, deliveries: [] }, at, firstId(context));
}

function firstId(context: MessageContext): number {
  return context.deliveries.reduce((next, delivery) => Math.max(next, delivery.id + 1), 0);
}

function startStep(context: MessageContext, at: number, id: number): MessageContext {
  const step = context.plan?.steps[context.stepsStarted];
  if (step === undefined) return context;
  const started: Delivery[] = step.endpoints.map((planned, i) => ({
    id: id + i,
    step: context.stepsStarted,
    ...(planned.endpoint === undefined ? {} : { endpoint: planned.endpoint }),
    address: planned.address,
    policy: planned.policy,
    phase: 'ready',
    trials: 0,
    dueAt: at,
    expiresAt: at + planned.policy.expiryMs,
  }));
  const stepsStarted = context.stepsStarted + 1;
  const more = stepsStarted < (context.plan?.steps.length ?? 0);
  const nextStepAt = more && step.waitMs !== undefined ? at + step.waitMs : null;
  const deliveries = [...context.deliveries, ...started];
  return withDueAt({ ...context, deliveries, stepsStarted, nextStepAt });
}

export function nextStepStarted(context: MessageContext, at: number): MessageContext {
  return startStep(context, at, firstId(context));
}

function replaced(context: MessageContext, delivery: Delivery): MessageContext {
  const deliveries = context.deliveries.map((old) => (old.id === delivery.id ? delivery : old));
  return withDueAt({ ...context, deliveries });
}

function find(context: MessageContext, id: number): Delivery | undefined {
  return context.deliveries.find((delivery) => delivery.id === id);
}

export function attemptStarted(
  context: MessageContext,
  event: EventOf<'SENDING'>,
): MessageContext | undefined {
  const delivery = find(context, event.delivery);
  const { attempt: id, phase, worker, at } = event;
  const after = delivery && startAttempt(delivery, { id, phase, worker, at });
  return after && replaced(context, after);
}

export function outcomeNoted(
  context: MessageContext,
  event: EventOf<'OUTCOME'>,
): MessageContext | undefined {
  if (context.seen.includes(event.id)) return undefined;
  const delivery = find(context, event.delivery);
  const after = delivery && noteOutcome(delivery, event);
  if (after === undefined) return undefined;
  return { ...replaced(context, after), seen: remember(context.seen, event.id) };
}

export function attemptLost(
  context: MessageContext,
  event: EventOf<'ATTEMPT_LOST'>,
): MessageContext | undefined {
  const delivery = find(context, event.delivery);
  const after = delivery && loseAttempt(delivery, event.attempt, event.at);
  return after && replaced(context, after);
}

/** What is due at `at`; undefined when nothing is. */
export function timePassed(context: MessageContext, at: number): MessageContext | undefined {
  const deliveries = context.deliveries.map((delivery) => passTime(delivery, at));
  const changed = deliveries.some((delivery, i) => delivery !== context.deliveries[i]);
  const stepDue = context.nextStepAt !== null && context.nextStepAt <= at;
  const delayAt = delayDueAt({ ...context, deliveries });
  const delayDue = delayAt !== null && delayAt <= at;
  if (!changed && !stepDue && !delayDue) return undefined;
  const told = delayDue ? ({ delayTold: true } as const) : {};
  const after = { ...context, ...told, deliveries };
  if (stepDue && !isConfirmed(after)) return nextStepStarted(after, at);
  // Confirmed in the meantime: the next step is not needed, and its time is due no more.
  return withDueAt(stepDue ? { ...after, nextStepAt: null } : after);
}

/** A person wants every waiting delivery tried now. */
export function retriedNow(
  context: MessageContext,
  event: EventOf<'RETRY'>,
): MessageContext | undefined {
  const { id, at } = event;
  if (context.seen.includes(id)) return undefined;
  const waits = (delivery: Delivery) => delivery.phase === 'ready' && delivery.dueAt > at;
  if (!context.deliveries.some(waits)) return undefined;
  const deliveries = context.deliveries.map((delivery) =>
    waits(delivery) ? { ...delivery, dueAt: at } : delivery,
  );
  return withDueAt({ ...context, deliveries, seen: remember(context.seen, id) });
}

export function isExpired(context: MessageContext, at: number): boolean {
  if (context.expiresAt === null || at < context.expiresAt) return false;
  return !context.deliveries.some(
    (delivery) => delivery.phase === 'sending' || delivery.phase === 'confirmed',
  );
}

function isConfirmed(context: MessageContext): boolean {
  return context.deliveries.some((delivery) => delivery.phase === 'confirmed');
}

/**
 * Whether the plan's condition for success holds. `any`: one confirmation, and no twin in its first
 * trial (each endpoint gets its copy). `all`: every started delivery has ended, one confirmed.
 */
export function isSatisfied(context: MessageContext): boolean {
  if (!isConfirmed(context)) return false;
  const open = context.deliveries.filter(isOpen);
  if (context.plan?.confirms === 'all') return open.length === 0;
  return open.every((delivery) => delivery.phase === 'ready' && delivery.trials > 0);
}

/** Every started delivery has failed. */
export function isExhausted(context: MessageContext): boolean {
  return !isConfirmed(context) && !context.deliveries.some(isOpen);
}

export function hasNextStep(context: MessageContext): boolean {
  return context.stepsStarted < (context.plan?.steps.length ?? 0);
}

/** D2: some way has failed, others are still open. */
export function isPartlyFailed(context: MessageContext): boolean {
  return context.deliveries.some((delivery) => delivery.phase === 'failed');
}

export function isRetrying(context: MessageContext): boolean {
  return context.deliveries.some((delivery) => delivery.phase === 'ready' && delivery.trials > 0);
}

/** The end of a round: what is still open is not needed any more, and nothing is due. */
export function ended(context: MessageContext, because?: string): MessageContext {
  const deliveries = context.deliveries.map((delivery) =>
    isOpen(delivery) ? { ...delivery, phase: 'skipped' as const } : delivery,
  );
  const { because: before, ...rest } = context;
  const why = because ?? before;
  const reason = why === undefined ? {} : { because: why };
  return { ...rest, ...reason, deliveries, nextStepAt: null, heldUntil: null, dueAt: null };
}
