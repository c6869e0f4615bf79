/**
 * What may happen to one delivery: pure functions from a delivery and a fact to the delivery after
 * it, or undefined where the delivery does not take the fact.
 *
 * Invariants: `trials` counts attempts that were made, never postponements; an end (confirmed,
 * failed, skipped) is left only by a fact from outside (a late bounce, a late receipt), never by
 * time; an attempt that passed `bytesSent` without an answer makes a possible duplicate.
 */

import type { Delivery, Level, Outcome } from '../../schemas/delivery.js';

/** RFC 5321 4.5.3.2.6: the answer to the dot may take ten minutes; then the attempt is lost. */
const ANSWER_WITHIN_MS = 11 * 60_000;

const LEVELS: readonly Level[] = ['accepted', 'kept', 'delivered', 'read'];

export function isOpen(delivery: Delivery): boolean {
  return (
    delivery.phase === 'ready' || delivery.phase === 'sending' || delivery.phase === 'accepted'
  );
}

/** Whether somebody may take it now. */
export function isTakeable(delivery: Delivery, now: number): boolean {
  return delivery.phase === 'ready' && delivery.dueAt <= now && now < delivery.expiresAt;
}

/** The attempt that a worker would make next. */
export function nextAttempt(delivery: Delivery, nonce: string): string {
  return `${delivery.id}.${delivery.trials + 1}.${nonce}`;
}

function trialOf(attempt: string): number {
  return Number(attempt.split('.')[1]);
}

function withLast(delivery: Delivery, at: number, outcome: Outcome): Delivery {
  return { ...delivery, last: { at, status: outcome.status, reason: outcome.reason } };
}

/** Law 5: the attempt is recorded before the byte that makes the peer responsible. */
export function startAttempt(
  delivery: Delivery,
  attempt: { id: string; phase: 'claimed' | 'bytesSent'; worker: string; at: number },
): Delivery | undefined {
  const { id, phase, worker, at } = attempt;
  const taken = { id, phase, worker, at };
  if (delivery.phase === 'ready') {
    if (trialOf(id) !== delivery.trials + 1) return undefined;
    const dueAt = at + ANSWER_WITHIN_MS;
    return { ...delivery, phase: 'sending', trials: delivery.trials + 1, attempt: taken, dueAt };
  }
  const goesOn = delivery.phase === 'sending' && delivery.attempt?.id === id;
  if (!goesOn || delivery.attempt?.phase !== 'claimed' || phase !== 'bytesSent') return undefined;
  return { ...delivery, attempt: taken, dueAt: at + ANSWER_WITHIN_MS };
}

/** Takes the outcome of an attempt, or a late fact about the delivery. */
export function noteOutcome(
  delivery: Delivery,
  fact: { attempt: string; outcome: Outcome; at: number },
): Delivery | undefined {
  const { attempt, outcome, at } = fact;
  const isLate = attempt === '' || !isRunning(delivery, attempt);
  if (!isLate) return noteAnswer(delivery, { attempt, outcome, at });
  const isKnown = attempt === '' ? delivery.trials > 0 : delivery.attempt?.id === attempt;
  return isKnown ? noteLate(delivery, outcome, at) : undefined;
}

function isRunning(delivery: Delivery, attempt: string): boolean {
  if (delivery.phase === 'sending') return delivery.attempt?.id === attempt;
  return delivery.phase === 'ready' && trialOf(attempt) === delivery.trials + 1;
}

function noteAnswer(
  delivery: Delivery,
  fact: { attempt: string; outcome: Outcome; at: number },
): Delivery {
  const { outcome, at } = fact;
  const noted = withLast(delivery, at, outcome);
  if (outcome.result === 'postponed') {
    const dueAt = at + outcome.afterMs;
    return delivery.phase === 'ready' ? { ...noted, dueAt } : lose(noted, at);
  }
  const trials = delivery.phase === 'ready' ? delivery.trials + 1 : delivery.trials;
  const tried = { ...noted, trials };
  if (outcome.result === 'confirmed') return confirm(tried, outcome.level);
  if (outcome.result === 'accepted') return accept(tried, at);
  if (outcome.result === 'failed') return { ...tried, phase: 'failed' };
  if (outcome.ambiguous === true) return lose(tried, at, outcome.afterMs);
  return retry(tried, at, outcome.afterMs);
}

function confirm(delivery: Delivery, level: Level): Delivery {
  return { ...delivery, phase: 'confirmed', level };
}

function accept(delivery: Delivery, at: number): Delivery {
  if (delivery.policy.success === 'accepted') return confirm(delivery, 'accepted');
  const dueAt = at + delivery.policy.confirmWithinMs;
  return { ...delivery, phase: 'accepted', level: 'accepted', dueAt };
}

function retry(delivery: Delivery, at: number, afterMs = 0): Delivery {
  const { policy, trials } = delivery;
  if (trials >= policy.trials) return { ...delivery, phase: 'failed' };
  const step = Math.min(trials, policy.retryMs.length) - 1;
  const waitMs = Math.max(afterMs, policy.retryMs[step] ?? 0);
  return { ...delivery, phase: 'ready', dueAt: at + waitMs };
}

/** Nobody knows whether the attempt arrived (law 5): the channel's policy says what now. */
export function lose(delivery: Delivery, at: number, afterMs?: number): Delivery {
  // Nothing was sent: safe to repeat, but a trial all the same, or it could go on for ever.
  if (delivery.attempt?.phase === 'claimed') return retry(delivery, at, afterMs);
  const doubtful = { ...delivery, possibleDuplicate: true as const };
  if (delivery.policy.onAmbiguous === 'retry') return retry(doubtful, at, afterMs);
  return {
    ...doubtful,
    phase: 'failed',
    last: { at, status: '4.4.2', reason: 'nobody knows whether it arrived; not sent again' },
  };
}

/** The worker that made the attempt is gone. */
export function loseAttempt(delivery: Delivery, attempt: string, at: number): Delivery | undefined {
  if (delivery.phase !== 'sending' || delivery.attempt?.id !== attempt) return undefined;
  const reason = 'the worker that sent it stopped before the answer';
  return { ...lose(delivery, at), last: { at, status: '4.4.2', reason } };
}

function noteLate(delivery: Delivery, outcome: Outcome, at: number): Delivery | undefined {
  const noted = withLast(delivery, at, outcome);
  if (outcome.result === 'failed') {
    // Whoever has read it has it, wherever else a copy did not arrive.
    const isRead = delivery.phase === 'confirmed' && delivery.level === 'read';
    const isOver = delivery.phase === 'failed' || delivery.phase === 'skipped';
    return isRead || isOver ? undefined : { ...noted, phase: 'failed' };
  }
  if (outcome.result !== 'confirmed') return undefined;
  if (delivery.phase !== 'confirmed') return confirm(noted, outcome.level);
  const before = LEVELS.indexOf(delivery.level ?? 'accepted');
  return LEVELS.indexOf(outcome.level) > before ? confirm(noted, outcome.level) : undefined;
}

/** What time alone does to a delivery; the same delivery when nothing is due. */
export function passTime(delivery: Delivery, at: number): Delivery {
  if (delivery.phase === 'ready' && at >= delivery.expiresAt) {
    const reason = `gave up after ${delivery.trials} trials: its time was over`;
    return { ...delivery, phase: 'failed', last: { at, status: '4.4.7', reason } };
  }
  if (delivery.phase === 'sending' && at >= delivery.dueAt) {
    const reason = 'no answer from the peer in time';
    return { ...lose(delivery, at), last: { at, status: '4.4.2', reason } };
  }
  if (delivery.phase === 'accepted' && at >= delivery.dueAt) {
    const reason = 'unconfirmed: the receipt that was due did not come';
    return { ...delivery, phase: 'failed', last: { at, status: '4.4.7', reason } };
  }
  return delivery;
}

/** When somebody must look at it again. */
export function deliveryDueAt(delivery: Delivery): number {
  if (delivery.phase === 'ready') return Math.min(delivery.dueAt, delivery.expiresAt);
  return isOpen(delivery) ? delivery.dueAt : Number.POSITIVE_INFINITY;
}
