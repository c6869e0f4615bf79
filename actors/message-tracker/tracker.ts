/**
 * The tracker (E1): what happened to a message, when, how long it took and why, as lines of text.
 *
 * Stages: two head lines (who, and where it stands now) → a line for each recorded step → what is
 * planned → where to look further. Pure: the reader's local time is handed in. An attempt's start
 * is shown only while its outcome is missing: then it is the news.
 */

import type { PlanStep } from '../../schemas/decision.js';
import type { Delivery, Outcome } from '../../schemas/delivery.js';
import { splitMessageKey } from '../../schemas/identifier.js';
import type { HistoryEntry, MessageDocument, MessageEvent } from '../../schemas/message.js';
import { bytesText, honestPhrase, spanText } from './words.js';

/** How times read where the reader is. */
export interface LocalTime {
  /** "14:02:11.204" */
  precise(at: number): string;
  /** "14:07:11" today, with the date on other days. */
  short(at: number): string;
}

export interface Telling {
  readonly document: MessageDocument;
  readonly history: readonly HistoryEntry[];
  readonly now: number;
  readonly time: LocalTime;
}

interface Line {
  readonly time: string;
  readonly since: string;
  readonly what: string;
  readonly detail: string;
}

const SHORT_CHARACTERS = 4;
const LABEL_WIDTH = 12;
/** "+135 ms", "email #1"; a longer one takes from what follows. */
const SINCE_WIDTH = 8;

/** The name under which people meet a message: its submission, with the recipient's number. */
export function messageName(key: string): string {
  const { submission, recipient } = splitMessageKey(key);
  return recipient === 0 ? submission : `${submission}.${recipient}`;
}

/** A unique ending that is easy to type. */
export function shortName(key: string): string {
  const { submission, recipient } = splitMessageKey(key);
  const ending = submission.slice(-SHORT_CHARACTERS);
  return recipient === 0 ? ending : `${ending}.${recipient}`;
}

/** The whole text for one message. */
export function describeMessage(telling: Telling): string[] {
  const lines = [...describeHistory(telling), ...describePlans(telling)];
  return [
    headline(telling.document),
    standing(telling),
    ...lines.map(textOf),
    pointers(telling.document),
  ];
}

/** Identifier, subject, sender and recipient. */
export function headline(document: MessageDocument): string {
  const { input, context } = document;
  const subject = input.header.subject === undefined ? '(no subject)' : `"${input.header.subject}"`;
  const sender = input.sender.address?.value ?? '(no sender)';
  const { recipient } = context;
  const to =
    recipient.kind === 'subscriber' ? recipient.via.value : `${recipient.via.value} (outside)`;
  const name = messageName(document.key);
  return `${name}  ${subject}  ${sender} (${input.sender.verification.how}) → ${to}`;
}

/** State, what it means, and when somebody looks again. */
export function standing({ document, now, time }: Telling): string {
  const parts = [stateText(document.state), meaning(document, time)];
  const { dueAt, closed } = document;
  if (!closed && dueAt !== null) {
    const wait = dueAt > now ? `in ${spanText(dueAt - now)}` : `due for ${spanText(now - dueAt)}`;
    parts.push(`next look ${time.short(dueAt)} (${wait})`);
  }
  if (document.senderTold !== undefined) parts.push(`sender: ${document.senderTold}`);
  return parts.join(' · ');
}

/** "failed, dead": a state as people read it. */
function stateText(state: string): string {
  return state.replace('.', ', ');
}

function meaning(document: MessageDocument, time: LocalTime): string {
  const { context, state } = document;
  if (state === 'routed.held' && context.heldUntil !== null) {
    return `held until ${time.short(context.heldUntil)}: ${context.because ?? 'by profile'}`;
  }
  if (!state.startsWith('dispatched')) return honestPhrase(document);
  const waits = context.deliveries.map(waitingFor).filter((text) => text !== undefined);
  return waits.length === 0 ? 'on its way' : `on its way, ${[...new Set(waits)].join(', ')}`;
}

function waitingFor(delivery: Delivery): string | undefined {
  const { channel } = delivery.address;
  if (delivery.phase === 'accepted') return `waiting for ${channel} receipt`;
  if (delivery.phase === 'sending') return `${channel} is being sent`;
  if (delivery.phase !== 'ready') return undefined;
  return delivery.trials === 0 ? `${channel} is next` : `${channel} will be tried again`;
}

/** One line for each recorded step, the oldest first. */
export function describeHistory({ document, history, time }: Telling): Line[] {
  const { input } = document;
  const startedAt = input.origin.startedAt;
  const size = bytesText(input.header.size);
  const origin = [input.origin.channel, input.origin.peer, size].filter((text) => text !== '');
  const received = {
    time: time.precise(startedAt),
    since: '',
    what: 'received',
    detail: origin.join(', '),
  };
  const answered = new Set(history.map(({ event }) => attemptOf(event, 'OUTCOME')));
  const shown = history.filter(({ event }) => {
    const started = attemptOf(event, 'SENDING');
    return started === undefined || !answered.has(started);
  });
  return [
    received,
    ...shown.flatMap((entry) =>
      stepLines(entry, document).map((line, index) => ({
        ...line,
        time: index === 0 ? time.precise(entry.event.at) : '',
        since: index === 0 && line.since === '' ? since(entry) : line.since,
      })),
    ),
  ];
}

function attemptOf(event: MessageEvent, type: 'SENDING' | 'OUTCOME'): string | undefined {
  return event.type === type ? event.attempt : undefined;
}

function since(entry: HistoryEntry): string {
  return entry.tookMs < 1 ? '' : `+${spanText(entry.tookMs)}`;
}

type Step = Omit<Line, 'time'>;

function step(what: string, detail: string): Step {
  return { since: '', what, detail };
}

function stepLines(entry: HistoryEntry, document: MessageDocument): Step[] {
  const { event, state } = entry;
  switch (event.type) {
    case 'STORED':
      return [step('stored', 'flushed')];
    case 'ROUTED':
      return routedLines(event.decision);
    case 'DISPATCHED':
      return [step('dispatched', state === 'dispatched.waiting' ? '' : state)];
    case 'SENDING':
      return [attemptLine(document, event, '… sending', `${event.phase} by ${event.worker}`)];
    case 'OUTCOME':
      return [outcomeLine(document, event)];
    case 'ATTEMPT_LOST':
      return [attemptLine(document, event, '? unknown', 'the worker is gone; it may have arrived')];
    case 'DUE':
      return [step('due', `now ${stateText(state)}`)];
    case 'STUCK':
      return [step('stuck', `looked at ${event.looks} times and never moved`)];
    case 'REDIRECT':
      return [step('redirected', `to ${event.to.via.value} by ${event.by}`)];
    default:
      return [step(event.type.toLowerCase(), `by ${event.by}, now ${stateText(state)}`)];
  }
}

function routedLines(decision: (MessageEvent & { type: 'ROUTED' })['decision']): Step[] {
  const version =
    decision.accountVersion === undefined ? '' : `account v${decision.accountVersion}`;
  const profile = decision.profile === undefined ? '' : `profile ${decision.profile}`;
  const from = [profile, version].filter((text) => text !== '').join(', ');
  const chosen = decision.reasons.filter((reason) => reason.effect !== 'noted');
  const reasons = chosen.map((reason) => step('', `${reason.rule}: ${reason.text}`));
  if (decision.kind === 'deliver') {
    const plan = planText(decision.plan.steps);
    return [step('routed', from === '' ? plan : `${from}: ${plan}`), ...reasons];
  }
  const word = decision.kind === 'hold' ? 'held' : 'refused';
  return [
    step(word, [decision.because, from].filter((text) => text !== '').join(', ')),
    ...reasons,
  ];
}

/** "xmpp, else sms; email after 5 m": ways, in the order in which they are taken. */
export function planText(steps: readonly PlanStep[]): string {
  let text = '';
  let waitMs: number | undefined;
  for (const one of steps) {
    const ways = one.endpoints.map((planned) => planned.address.channel).join(' and ');
    if (text === '') text = ways;
    else text += waitMs === undefined ? `, else ${ways}` : `; ${ways} after ${spanText(waitMs)}`;
    waitMs = one.waitMs;
  }
  return text;
}

function deliveryLabel(document: MessageDocument, id: number, attempt: string): string {
  const delivery = document.context.deliveries.find((candidate) => candidate.id === id);
  const trial = attempt.split('.')[1];
  const channel = delivery?.address.channel ?? `way ${id}`;
  return trial === undefined ? channel : `${channel} #${trial}`;
}

function attemptLine(
  document: MessageDocument,
  event: { readonly delivery: number; readonly attempt: string },
  what: string,
  detail: string,
): Step {
  return { since: deliveryLabel(document, event.delivery, event.attempt), what, detail };
}

function outcomeLine(document: MessageDocument, event: MessageEvent & { type: 'OUTCOME' }): Step {
  const { outcome } = event;
  const took = event.tookMs === undefined ? '' : spanText(event.tookMs);
  const peer = outcome.peer === undefined ? '' : `by ${outcome.peer}`;
  const after = outcome.result === 'postponed' ? `again in ${spanText(outcome.afterMs)}` : '';
  const reason = outcome.reason === '' ? outcome.status : outcome.reason;
  const doubt = outcome.ambiguous === true ? 'may have arrived' : '';
  const detail = [reason, peer, doubt, after, took].filter((text) => text !== '').join(', ');
  return attemptLine(document, event, outcomeWord(outcome), detail);
}

function outcomeWord(outcome: Outcome): string {
  if (outcome.result === 'confirmed') return `✓ ${outcome.level}`;
  const words = { accepted: '… accepted', retry: '↻ not yet', postponed: '· not tried' };
  return outcome.result === 'failed' ? '✗ failed' : words[outcome.result];
}

/** What will happen if nothing else does. */
export function describePlans({ document, now, time }: Telling): Line[] {
  if (!document.state.startsWith('dispatched')) return [];
  const { deliveries, nextStepAt, plan, stepsStarted } = document.context;
  const retries = deliveries
    .filter((delivery) => delivery.phase === 'ready' && delivery.dueAt > now)
    .map((delivery) => ({
      time: time.short(delivery.dueAt),
      since: delivery.address.channel,
      what: 'planned',
      detail: `trial ${delivery.trials + 1} of ${delivery.policy.trials}`,
    }));
  const next = plan?.steps[stepsStarted];
  if (next === undefined) return retries;
  const channels = next.endpoints.map((planned) => planned.address.channel).join(' and ');
  const when = nextStepAt === null ? '' : time.short(nextStepAt);
  const detail = nextStepAt === null ? 'if all ways before fail' : 'if still unconfirmed';
  return [...retries, { time: when, since: channels, what: 'planned', detail }];
}

function textOf(line: Line): string {
  const time = line.time.padEnd(LABEL_WIDTH);
  const middle = `${line.since.padEnd(SINCE_WIDTH)} ${line.what}`.padEnd(SINCE_WIDTH + LABEL_WIDTH);
  return `${time}   ${middle} ${line.detail}`.trimEnd();
}

function pointers(document: MessageDocument): string {
  const short = shortName(document.key);
  const why = `why: patchboard explain ${short}`;
  const { state } = document;
  if (state.startsWith('failed')) return `${why}    again: patchboard dead resend ${short}`;
  if (state === 'routed.held') return `${why}    now: patchboard queue release ${short}`;
  if (document.closed || state === 'confirmed') return why;
  return `${why}    now: patchboard queue retry ${short}`;
}
