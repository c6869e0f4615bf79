/**
 * The message actor (DESIGN 3): received → stored → routed → dispatched → confirmed/failed.
 *
 * Pure: no I/O, clock or randomness; every event brings its time. Timers are not events in flight:
 * `context.dueAt` says when somebody must look again; the kernel then sends DUE. `confirmed` and
 * `failed` are not final, a late fact must still be heard. An event that a state does not take
 * changes nothing (the kernel answers `{ok:false}`).
 */

import { assign, setup } from 'xstate';
import type { MessageContext, MessageEvent, MessageInput } from '../../schemas/message.js';
import * as progress from './progress.js';
import { whyNotTold } from './telling.js';

/** Raised with every change that an older worker would not understand. */
export const MACHINE_VERSION = 1;

type Args = { context: MessageContext; event: MessageEvent };

/** The context after the event, or undefined where the deliveries do not take it. */
function after({ context, event }: Args): MessageContext | undefined {
  if (event.type === 'SENDING') return progress.attemptStarted(context, event);
  if (event.type === 'OUTCOME') return progress.outcomeNoted(context, event);
  if (event.type === 'ATTEMPT_LOST') return progress.attemptLost(context, event);
  if (event.type === 'RETRY') return progress.retriedNow(context, event);
  if (event.type === 'DUE') return progress.timePassed(context, event.at);
  return undefined;
}

function decided({ context, event }: Args): MessageContext {
  if (event.type !== 'ROUTED') return context;
  const { decision } = event;
  if (decision.kind === 'deliver') return progress.planned(context, decision.plan);
  if (decision.kind === 'refuse') return progress.ended(context, decision.because);
  return progress.held(context, decision.until, decision.because);
}

function commanded({ context, event }: Args): MessageContext {
  if (!('id' in event)) return context;
  const seen = progress.remember(context.seen, event.id);
  if (event.type === 'EDIT') return { ...context, seen, content: event.content };
  const anew = { ...progress.undecided(context, event.at), seen };
  if (event.type === 'REDIRECT') return { ...anew, recipient: event.to, expiresAt: null };
  if (event.type === 'RELEASE') return { ...anew, releasedBy: event.by };
  return event.type === 'RESEND' ? { ...anew, expiresAt: null } : anew;
}

const EXHAUSTED = 'all ways have failed';

export const messageMachine = setup({
  types: {} as { context: MessageContext; events: MessageEvent; input: MessageInput },
  guards: {
    taken: (args) => after(args) !== undefined,
    isNew: ({ context, event }) => 'id' in event && !context.seen.includes(event.id),
    decidedToHold: ({ event }) => event.type === 'ROUTED' && event.decision.kind === 'hold',
    decidedToRefuse: ({ event }) => event.type === 'ROUTED' && event.decision.kind === 'refuse',
    holdIsOver: ({ context, event }) => context.heldUntil !== null && event.at >= context.heldUntil,
    expiredUntold: ({ context, event }) =>
      progress.isExpired(context, event.at) && whyNotTold(context.input) !== undefined,
    expired: ({ context, event }) => progress.isExpired(context, event.at),
    satisfied: ({ context }) => progress.isSatisfied(context),
    exhaustedButOneWay: ({ context }) =>
      progress.isExhausted(context) && progress.hasNextStep(context),
    exhaustedOutside: ({ context }) =>
      progress.isExhausted(context) &&
      context.recipient.kind === 'outside' &&
      whyNotTold(context.input) === undefined,
    exhausted: ({ context }) => progress.isExhausted(context),
    partlyFailed: ({ context }) => progress.isPartlyFailed(context),
    retrying: ({ context }) => progress.isRetrying(context),
    waiting: ({ context }) => !progress.isPartlyFailed(context) && !progress.isRetrying(context),
    confirmsLate: (args) =>
      args.event.type === 'OUTCOME' &&
      args.event.outcome.result === 'confirmed' &&
      after(args) !== undefined,
    failsLate: (args) =>
      args.event.type === 'OUTCOME' &&
      args.event.outcome.result === 'failed' &&
      after(args) !== undefined,
  },
  actions: {
    take: assign((args) => after(args) ?? args.context),
    decide: assign(decided),
    obey: assign(commanded),
    release: assign(({ context, event }) => progress.undecided(context, event.at)),
    dispatch: assign(({ context, event }) => progress.dispatched(context, event.at)),
    startNextStep: assign(({ context, event }) => progress.nextStepStarted(context, event.at)),
    end: assign(({ context }) => progress.ended(context)),
    endExhausted: assign(({ context }) => progress.ended(context, EXHAUSTED)),
    endExpired: assign(({ context }) => progress.ended(context, 'its time was over')),
    endStuck: assign(({ context }) =>
      progress.ended(context, 'it was looked at many times and never moved'),
    ),
  },
}).createMachine({
  id: 'message',
  context: ({ input }) => progress.birth(input),
  initial: 'received',
  states: {
    received: {
      on: { STORED: 'stored' },
    },
    stored: {
      on: {
        ROUTED: [
          { guard: 'decidedToHold', target: 'routed.held', actions: 'decide' },
          { guard: 'decidedToRefuse', target: 'failed.refused', actions: 'decide' },
          { target: 'routed.planned', actions: 'decide' },
        ],
        DUE: [
          { guard: 'expiredUntold', target: 'failed.dead', actions: 'endExpired' },
          { guard: 'expired', target: 'failed.expired', actions: 'endExpired' },
        ],
        REDIRECT: { guard: 'isNew', target: 'stored', actions: 'obey' },
        STUCK: { target: 'failed.dead', actions: 'endStuck' },
      },
    },
    routed: {
      initial: 'planned',
      on: {
        STUCK: { target: 'failed.dead', actions: 'endStuck' },
      },
      states: {
        planned: {
          on: { DISPATCHED: { target: '#message.dispatched', actions: 'dispatch' } },
        },
        held: {
          on: {
            DUE: [
              { guard: 'expiredUntold', target: '#message.failed.dead', actions: 'endExpired' },
              { guard: 'expired', target: '#message.failed.expired', actions: 'endExpired' },
              { guard: 'holdIsOver', target: '#message.stored', actions: 'release' },
            ],
            RELEASE: { guard: 'isNew', target: '#message.stored', actions: 'obey' },
            REVIEW: { guard: 'isNew', target: '#message.stored', actions: 'obey' },
            REDIRECT: { guard: 'isNew', target: '#message.stored', actions: 'obey' },
          },
        },
      },
    },
    dispatched: {
      initial: 'waiting',
      on: {
        SENDING: { guard: 'taken', actions: 'take' },
        OUTCOME: { guard: 'taken', actions: 'take' },
        ATTEMPT_LOST: { guard: 'taken', actions: 'take' },
        RETRY: { guard: 'taken', actions: 'take' },
        DUE: [
          { guard: 'expiredUntold', target: 'failed.dead', actions: 'endExpired' },
          { guard: 'expired', target: 'failed.expired', actions: 'endExpired' },
          { guard: 'taken', actions: 'take' },
        ],
        STUCK: { target: 'failed.dead', actions: 'endStuck' },
      },
      always: [
        { guard: 'satisfied', target: 'confirmed', actions: 'end' },
        { guard: 'exhaustedButOneWay', actions: 'startNextStep' },
        { guard: 'exhaustedOutside', target: 'failed.returned', actions: 'endExhausted' },
        { guard: 'exhausted', target: 'failed.dead', actions: 'endExhausted' },
      ],
      states: {
        waiting: {
          always: [
            { guard: 'partlyFailed', target: 'partlyFailed' },
            { guard: 'retrying', target: 'retrying' },
          ],
        },
        retrying: {
          always: [
            { guard: 'partlyFailed', target: 'partlyFailed' },
            { guard: 'waiting', target: 'waiting' },
          ],
        },
        partlyFailed: {},
      },
    },
    confirmed: {
      on: {
        OUTCOME: [
          { guard: 'failsLate', target: 'dispatched', actions: 'take' },
          { guard: 'taken', actions: 'take' },
        ],
        RESEND: { guard: 'isNew', target: 'stored', actions: 'obey' },
        REDIRECT: { guard: 'isNew', target: 'stored', actions: 'obey' },
      },
    },
    failed: {
      initial: 'dead',
      on: {
        OUTCOME: { guard: 'confirmsLate', target: 'confirmed', actions: 'take' },
        RESEND: { guard: 'isNew', target: 'stored', actions: 'obey' },
        REDIRECT: { guard: 'isNew', target: 'stored', actions: 'obey' },
        EDIT: { guard: 'isNew', actions: 'obey' },
      },
      states: { dead: {}, expired: {}, refused: {}, returned: {} },
    },
  },
});
