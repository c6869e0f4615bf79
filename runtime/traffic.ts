/**
 * What the kernel's steps mean for logs and metrics. Told after a step is stored; nothing here can
 * change or delay a message.
 */

import type { Log } from '../actors/machinery.js';
import { messageName } from '../actors/message-tracker/tracker.js';
import type { Delivery } from '../schemas/delivery.js';
import type { HistoryEntry, MessageDocument, MessageEvent } from '../schemas/message.js';
import type { Step } from './core.js';
import type { Metrics } from './metrics.js';

export interface Traffic {
  stepped(step: Step): void;
  attempted(attempt: { channel: string; outcome: string; tookMs: number }): void;
}

/** Logs and counts what happens to messages. */
export function observeTraffic(log: Log, metrics: Metrics): Traffic {
  return {
    stepped({ before, held }) {
      const { document } = held;
      const fresh = freshEntries(before, document);
      if (before === undefined) tellAccepted(log, metrics, document);
      for (const entry of fresh) {
        metrics.handled(entry.event.type.toLowerCase(), entry.tookMs);
        if (entry.event.type === 'OUTCOME') tellOutcome(log, document, entry.event, entry);
      }
      if (isEnd(document.state) && document.state !== before?.state) {
        metrics.finished(document.state);
        const { because } = document.context;
        const facts = { messageId: messageName(document.key), ...(because && { because }) };
        if (document.state === 'confirmed') log.debug('message.confirmed', facts);
        else log.warn(`message.${document.state}`, facts);
      }
    },
    attempted: (attempt) => metrics.attempted(attempt),
  };
}

function isEnd(state: string): boolean {
  return state === 'confirmed' || state.startsWith('failed');
}

/** The entries of this step: those after the last one that stood there before. */
function freshEntries(
  before: MessageDocument | undefined,
  document: MessageDocument,
): readonly HistoryEntry[] {
  const last = before?.history.at(-1);
  if (last === undefined) return document.history;
  return document.history.slice(document.history.lastIndexOf(last) + 1);
}

function tellAccepted(log: Log, metrics: Metrics, document: MessageDocument): void {
  const { input } = document;
  metrics.accepted(input.origin.channel);
  log.info('message.accepted', {
    messageId: messageName(document.key),
    channel: input.origin.channel,
    from: input.sender.address?.value ?? '',
    to: input.recipient.via.value,
    subject: input.header.subject ?? '',
    durationMs: Math.max(0, document.savedAt - input.origin.startedAt),
  });
}

/** An archive knows its subscriber by an identifier; people know the address. */
function whereTo(document: MessageDocument, delivery: Delivery | undefined): string {
  const { recipient } = document.context;
  const value = delivery?.address.value ?? '';
  return recipient.kind === 'subscriber' && recipient.account === value
    ? recipient.via.value
    : value;
}

function tellOutcome(
  log: Log,
  document: MessageDocument,
  event: MessageEvent & { type: 'OUTCOME' },
  entry: HistoryEntry,
): void {
  const { outcome } = event;
  const delivery = document.context.deliveries.find((one) => one.id === event.delivery);
  const facts = {
    messageId: messageName(document.key),
    channel: delivery?.address.channel ?? '',
    to: whereTo(document, delivery),
    attempt: event.attempt,
    status: outcome.status,
    ...(outcome.reason === '' ? {} : { reason: outcome.reason }),
    ...(outcome.result === 'confirmed' ? { confirmation: outcome.level } : {}),
    ...(event.tookMs === undefined ? {} : { durationMs: event.tookMs }),
    sinceAcceptMs: Math.max(0, event.at - document.input.origin.startedAt),
    worker: entry.worker,
  };
  const name = `delivery.${outcome.result}`;
  if (outcome.result === 'failed') log.warn(name, facts);
  else log.info(name, facts);
}
