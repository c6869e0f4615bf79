/**
 * The ledger of a simulated run, balanced when everything has come to its end: nothing lost,
 * nothing twice that is not recorded, no end without somebody told. What does not add up is told
 * with the number of the law that it breaks.
 */

import { followingIdentifier, ownKind } from '../../actors/message-tracker/own-submission.js';
import type { Standing } from '../../runtime/kernel/logic.js';
import { replay } from '../../runtime/kernel/replay.js';
import { messageKey } from '../../schemas/identifier.js';
import type { Wish } from './senders.js';
import type { Entry, Flushed, Watch } from './watch.js';
import type { World } from './world.js';

/** A device answers, or is given up, well within this. */
const ANSWERED_WITHIN_MS = 60_000;

export interface Balance {
  readonly accepted: number;
  readonly confirmed: number;
  readonly failed: number;
  readonly copies: number;
}

export interface Books {
  readonly world: World;
  readonly watch: Watch;
  readonly wishes: readonly Wish[];
  /** Channels that keep messages: nothing arrives anywhere. */
  readonly keeping: ReadonlySet<string>;
  /** Whether a worker, by the name in the history, was alive at that time. */
  readonly wasAlive: (worker: string, time: number) => boolean;
}

/** Balances everything; what is wrong becomes the world's violations. */
export function balance(books: Books): Balance {
  const { watch, wishes } = books;
  for (const wish of wishes) checkWish(books, wish);
  for (const flushed of watch.messages.values()) checkMessage(books, flushed);
  const states = [...watch.messages.values()].map(({ document }) => document.state);
  return {
    accepted: wishes.reduce((sum, { to, ids }) => sum + (ids.size > 0 ? to.length : 0), 0),
    confirmed: states.filter((state) => state === 'confirmed').length,
    failed: states.filter((state) => state.startsWith('failed')).length,
    copies: watch.arrivals.length,
  };
}

/** Accepted once, and one message for each recipient. */
function checkWish({ world, watch }: Books, { reference, to, ids }: Wish): void {
  const own = [...watch.messages.values()].filter(
    ({ document }) => document.input.header.subject === reference,
  );
  if (ids.size === 0) world.violate('law 1', `${reference} never got an answer`);
  if (ids.size > 1) {
    world.violate('law 13', `${reference} is ${ids.size} submissions: ${[...ids].join(', ')}`);
  }
  for (const [n, name] of to.entries()) {
    const account = watch.accountNamed(name)?.id;
    const found = own.filter(({ document }) => {
      const { recipient } = document.input;
      return recipient.kind === 'subscriber' && recipient.account === account;
    });
    const what = `${reference} for ${name}`;
    if (found.length > 1) world.violate('law 13', `${what} is ${found.length} messages`);
    if (found.length > 0) continue;
    if (n === 0) world.violate('law 1', `${what} was acknowledged and is lost`);
    else world.violate('law 4', `${what} was never created from its outbox`);
  }
}

function checkMessage(books: Books, flushed: Flushed): void {
  const { world } = books;
  const { document, history } = flushed;
  const { key, state } = document;
  if (!document.closed) world.violate('law 9', `${key} never ended: it is ${state}`);
  const replayed = replay(document, history);
  if (!replayed.ok) {
    const { step, expected, got } = replayed;
    world.violate('law 12', `replay of ${key}: step ${step} gives ${got}, not ${expected}`);
  }
  if (state.startsWith('failed')) checkTold(books, flushed);
  checkArrivals(books, flushed);
  checkOutcomes(books, flushed);
}

/** No silent end: the sender was told, or an operator, or it is recorded why not. */
function checkTold({ world, watch }: Books, { document }: Flushed): void {
  const { key, state, input, context, senderTold } = document;
  const { round } = context;
  const mayTell = input.sender.address !== undefined && input.sender.verification.verified;
  if (mayTell && input.report.failure) {
    const report = messageKey(followingIdentifier(document, `report.${round}.failed`), 0);
    if (!watch.messages.has(report) || senderTold === undefined) {
      world.violate('law 9', `${key} is ${state} and its sender was never told`);
    }
  }
  if (state !== 'failed.dead' || ownKind(document) === 'deadNotice') return;
  const notice = messageKey(followingIdentifier(document, `dead.${round}`), 0);
  if (!watch.messages.has(notice)) {
    world.violate('law 9', `${key} is dead and no operator was told`);
  }
}

/** What is confirmed arrived; what arrived twice is recorded (laws 5, 6). */
function checkArrivals({ world, watch, keeping }: Books, { document, history }: Flushed): void {
  const { key } = document;
  for (const delivery of document.context.deliveries) {
    const what = `${key} delivery ${delivery.id} to ${delivery.address.value}`;
    const copies = watch.arrivals.filter(
      (arrival) => arrival.messageKey === key && arrival.delivery === delivery.id,
    );
    const keeps = keeping.has(delivery.address.channel);
    if (delivery.phase === 'confirmed' && !keeps && copies.length === 0) {
      world.violate('law 6', `${what} is confirmed and never arrived`);
    }
    const attempts = new Set(copies.map(({ attempt }) => attempt));
    if (attempts.size < copies.length) world.violate('law 5', `${what}: one attempt sent twice`);
    const doubtful = doubtfulAttempts(history, delivery.id);
    const unrecorded = copies.length > 1 && delivery.possibleDuplicate !== true;
    if (copies.length > 1 + doubtful || unrecorded) {
      const words = `${copies.length} copies, ${doubtful} attempts of unknown end`;
      world.violate('law 5', `${what}: ${words}, possibleDuplicate ${!unrecorded}`);
    }
    const unsaid = copies.slice(1).some(({ possibleDuplicate }) => !possibleDuplicate);
    if (unsaid) world.violate('law 5', `${what}: the agent was not told that it is a repetition`);
  }
}

/** Attempts of which nobody heard: their worker died, time ended them, the peer was silent. */
function doubtfulAttempts(history: readonly Entry[], delivery: number): number {
  const sent = history.filter(
    ({ event }) => event.type === 'SENDING' && event.delivery === delivery,
  );
  return sent.filter(({ event }) => {
    const attempt = event.type === 'SENDING' ? event.attempt : '';
    const outcome = history.find((one) => isOutcomeOf(one, attempt))?.event;
    return outcome?.type !== 'OUTCOME' || outcome.outcome.ambiguous === true;
  }).length;
}

function isOutcomeOf({ event }: Entry, attempt: string): boolean {
  return event.type === 'OUTCOME' && event.attempt === attempt;
}

/** Who lived while its attempt was ended by time had its outcome, and it was lost (law 3). */
function checkOutcomes({ world, wasAlive }: Books, { document, history }: Flushed): void {
  const replayed = replay(document, history);
  if (!replayed.ok) return;
  for (const [i, sent] of history.entries()) {
    const { event } = sent;
    if (event.type !== 'SENDING') continue;
    const runs = ({ context }: Standing): boolean =>
      context.deliveries.some(
        ({ phase, attempt }) => phase === 'sending' && attempt?.id === event.attempt,
      );
    const end = replayed.steps.findIndex((standing, k) => k > i && !runs(standing));
    const ended = end < 0 ? undefined : history[end];
    const lastedMs = (ended?.storedAt ?? world.time) - sent.storedAt;
    if (ended !== undefined && ended.event.type !== 'DUE') continue;
    if (lastedMs < ANSWERED_WITHIN_MS) continue;
    if (!wasAlive(sent.worker, sent.storedAt + ANSWERED_WITHIN_MS)) continue;
    const words = 'its worker lived and had it, yet time had to end the attempt';
    world.violate('law 3', `the outcome of ${document.key} ${event.attempt} was lost: ${words}`);
  }
}
