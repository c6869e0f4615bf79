/**
 * Reports (D4): tells a sender what became of a message, on the sender's own channel. Pure.
 *
 * Stages: can the sender safely be told → the facts of RFC 3464 from the deliveries → plain words.
 * Invariants: where the sender is not told, the reason comes back to be recorded (law 9). A sender
 * learns the address it wrote to and how far the message came, never a subscriber's own endpoints.
 */

import type { Recipient } from '../../schemas/address.js';
import type { Delivery } from '../../schemas/delivery.js';
import { instantText } from '../../schemas/instant.js';
import type { HistoryEntry, MessageDocument, ReportAction } from '../../schemas/message.js';
import type { Submission } from '../../schemas/submission.js';
import { whyNotTold } from '../message-manager/telling.js';
import { followingIdentifier, messageName, ownSubmission, subjectOf } from './own-submission.js';

/** Longest diagnostic: a peer's reply may be long, a report field is one line. */
const DIAGNOSTIC_CHARACTERS_MAX = 500;

const HEADINGS: Readonly<Record<ReportAction, string>> = {
  failed: 'Not delivered',
  delayed: 'Delayed',
  delivered: 'Delivered',
  relayed: 'Passed on',
};

/** Enhanced status codes (RFC 3463) for what no delivery gave a better one. */
const STATUS: Readonly<Record<ReportAction, string>> = {
  failed: '5.0.0',
  delayed: '4.0.0',
  delivered: '2.0.0',
  relayed: '2.0.0',
};
const STATUS_EXPIRED = '4.4.7';

export type Reported = { readonly submission: Submission } | { readonly told: string };

interface Facts {
  readonly status: string;
  readonly diagnostic: string;
  readonly remote?: string;
}

function wished(document: MessageDocument, action: ReportAction): boolean {
  const { report } = document.input;
  if (action === 'failed') return report.failure;
  return action === 'delayed' ? report.delay : report.success;
}

/** One line without control characters, bounded: it goes into header-like fields. */
function oneLine(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
  return line.length > DIAGNOSTIC_CHARACTERS_MAX
    ? `${line.slice(0, DIAGNOSTIC_CHARACTERS_MAX - 1)}…`
    : line;
}

/** A peer's words, without the subscriber's own addresses in them. */
function discreet(document: MessageDocument, text: string): string {
  const { recipient, deliveries } = document.context;
  if (recipient.kind === 'outside') return oneLine(text);
  const hidden = deliveries
    .map((delivery) => delivery.address.value)
    .filter((value) => value !== '' && value !== recipient.via.value);
  return oneLine(
    hidden.reduce((rest, value) => {
      const pattern = new RegExp(value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'gi');
      return rest.replace(pattern, '(an address of the recipient)');
    }, text),
  );
}

/** The delivery whose outcome tells most about the action. */
function decisive(document: MessageDocument, action: ReportAction): Delivery | undefined {
  const phases = action === 'failed' ? ['failed'] : ['confirmed', 'accepted'];
  const all = document.context.deliveries.filter((delivery) => delivery.last !== undefined);
  const fitting = action === 'delayed' ? all : all.filter(({ phase }) => phases.includes(phase));
  return fitting.toSorted((a, b) => (a.last?.at ?? 0) - (b.last?.at ?? 0)).at(-1);
}

function isOutcome(
  entry: HistoryEntry,
): entry is HistoryEntry & { event: { readonly type: 'OUTCOME' } } {
  return entry.event.type === 'OUTCOME';
}

/** Who said so: told of somebody outside only, a subscriber's next hops are the subscriber's. */
function remoteOf(document: MessageDocument, delivery: Delivery | undefined): string | undefined {
  if (delivery === undefined || document.context.recipient.kind !== 'outside') return undefined;
  const outcome = document.history
    .filter(isOutcome)
    .findLast((entry) => entry.event.delivery === delivery.id);
  return outcome?.event.outcome.peer;
}

function refusedStatus(document: MessageDocument): string | undefined {
  const routed = document.history.findLast((entry) => entry.event.type === 'ROUTED')?.event;
  if (routed?.type !== 'ROUTED' || routed.decision.kind !== 'refuse') return undefined;
  return routed.decision.status;
}

/** A code whose class fits the action (RFC 3464 2.3.3); what does not fit gives way. */
function statusOf(
  document: MessageDocument,
  action: ReportAction,
  delivery: Delivery | undefined,
): string {
  if (document.state === 'failed.expired') return STATUS_EXPIRED;
  const refused = document.state === 'failed.refused' ? refusedStatus(document) : undefined;
  const status = refused ?? delivery?.last?.status ?? STATUS[action];
  const classes = action === 'failed' ? '45' : STATUS[action].charAt(0);
  const fits = /^\d\.\d{1,3}\.\d{1,3}$/.test(status) && classes.includes(status.charAt(0));
  return fits ? status : STATUS[action];
}

function factsOf(document: MessageDocument, action: ReportAction): Facts {
  const delivery = decisive(document, action);
  const words = delivery?.last?.reason ?? document.context.because ?? HEADINGS[action];
  const remote = remoteOf(document, delivery);
  return {
    status: statusOf(document, action, delivery),
    diagnostic: discreet(document, words),
    ...(remote !== undefined && { remote: oneLine(remote) }),
  };
}

function sentence(document: MessageDocument, action: ReportAction, to: string): string {
  switch (action) {
    case 'failed':
      return `Your message to ${to} could not be delivered. It will not be tried again.`;
    case 'delayed':
      return `Your message to ${to} has not arrived yet. It is still being tried; do nothing.`;
    case 'relayed':
      return `Your message to ${to} was taken by the next system. That one promised no more.`;
    case 'delivered': {
      const kept = document.context.deliveries.every(
        ({ phase, level }) => phase !== 'confirmed' || level === 'kept',
      );
      const end = kept ? "is kept for the recipient, who hasn't been seen to read it" : 'arrived';
      return `Your message to ${to} ${end}.`;
    }
  }
}

/** What happened on each way, when; the endpoint's address stays the subscriber's. */
function wayLine(document: MessageDocument, delivery: Delivery): string[] {
  const { last, trials, address, phase } = delivery;
  if (last === undefined) return [];
  const outside = document.context.recipient.kind === 'outside';
  const where = outside ? `${address.channel}, ${address.value}` : address.channel;
  const tries = trials === 1 ? 'one try' : `${trials} tries`;
  const words = `${last.status} ${discreet(document, last.reason)}`;
  return [`  ${instantText(last.at)}  ${where}: ${phase} after ${tries}: ${words}`];
}

function linesOf(document: MessageDocument, action: ReportAction, facts: Facts): string[] {
  const { input, context } = document;
  const ways = context.deliveries.flatMap((delivery) => wayLine(document, delivery));
  const told = input.header.reference === undefined ? [] : [`Your id:  ${input.header.reference}`];
  return [
    sentence(document, action, context.recipient.via.value),
    '',
    `Subject:  ${subjectOf(document)}`,
    `Taken:    ${instantText(input.createdAt)}`,
    ...(action === 'failed' ? [`Why:      ${facts.status} ${facts.diagnostic}`] : []),
    ...(ways.length === 0 ? [] : ['', 'What was tried:', ...ways]),
    '',
    ...told.map(oneLine),
    `Our id:   ${messageName(document)}`,
  ];
}

/**
 * The report on a message to its sender, or why the sender is not told.
 * @param request.id the outbox entry's: the report's identifier follows from it
 * @param request.to the sender as a recipient; absent: the address outside
 */
export function reportSubmission(
  document: MessageDocument,
  request: {
    readonly action: ReportAction;
    readonly id: string;
    readonly to?: Recipient | undefined;
  },
): Reported {
  const { input } = document;
  const { action } = request;
  const why = whyNotTold(input);
  if (why !== undefined) return { told: `not told: ${why}` };
  if (!wished(document, action)) return { told: `not told: the sender asked for no such report` };
  const address = input.sender.address;
  if (address === undefined) return { told: 'not told: the reverse path is null' };
  const facts = factsOf(document, action);
  const { via } = document.context.recipient;
  const { envelopeId, originalRecipient } = input.report;
  return {
    submission: ownSubmission(document, {
      kind: 'report',
      id: followingIdentifier(document, request.id),
      to: [request.to ?? { kind: 'outside', via: address }],
      subject: `${HEADINGS[action]}: ${subjectOf(document)}`,
      lines: linesOf(document, action, facts),
      report: {
        of: input.header.reference ?? messageName(document),
        ...(envelopeId !== undefined && { originalEnvelopeId: envelopeId }),
        recipients: [
          {
            address: { channel: via.channel, address: via.value },
            ...(originalRecipient !== undefined && { originalRecipient }),
            action,
            ...facts,
          },
        ],
      },
    }),
  };
}
