/**
 * Web push (RFC 8030, 8188, 8291, 8292): a notification for a browser whose page is closed.
 *
 * Stages: is the service allowed? → a small payload, encrypted for this browser → the line →
 * `bytesSent` → the body → the service's answer. That the browser has it is told later, by its
 * service worker (receive.ts).
 *
 * Invariants: the payload holds who, what about and a key, never the text; what a service answers
 * is an outcome; a service that asks for time has its lane paused.
 */

import webpush from 'web-push';
import type { Outcome } from '../../../schemas/delivery.js';
import type { Priority } from '../../../schemas/umf.js';
import type { DeliveryJob } from '../../channel.js';
import { shorten } from '../../conversion/fitting.js';
import { readShown } from '../../conversion/shown.js';
import type { DeliverContext } from '../../machinery.js';
import { NOT_OURS } from '../../not-ours.js';
import { isAllowed, type Subscription } from './address.js';
import type { WebConfig } from './config.js';
import { type PushAnswer, type PushRequest, sendPush } from './push-request.js';
import { type VapidKeys, vapidKeys } from './vapid.js';

/** Where the service worker tells that it has a notification. */
export const RECEIVED_PATH = 'received';
/** Push services keep a notification for four weeks at most. */
const TTL_SECONDS_MAX = 28 * 86_400;
/** The payload has 4096 bytes at most (RFC 8291 4); a character has up to four. */
const FROM_CHARACTERS_MAX = 100;
const SUBJECT_CHARACTERS_MAX = 300;
/** When a service asks for time and does not say how much. */
const PAUSE_MS = 60_000;
const PAUSE_MS_MAX = 6 * 3_600_000;
const PAUSES_MAX = 1000;

const URGENCY: Readonly<Record<Priority, 'low' | 'normal' | 'high'>> = {
  low: 'low',
  normal: 'normal',
  high: 'high',
  urgent: 'high',
};

interface Pause {
  readonly until: number;
  readonly reason: string;
}

export class Push {
  readonly #context: DeliverContext<WebConfig>;
  readonly #pauses = new Map<string, Pause>();
  readonly #stopping = new Set<() => void>();
  #keys: Promise<VapidKeys> | undefined;

  constructor(context: DeliverContext<WebConfig>) {
    this.#context = context;
  }

  paused(lane: string): Pause | undefined {
    const pause = this.#pauses.get(lane);
    if (pause === undefined || pause.until > this.#context.clock.now()) return pause;
    this.#pauses.delete(lane);
    return undefined;
  }

  stop(): Promise<void> {
    for (const stop of [...this.#stopping]) stop();
    return Promise.resolve();
  }

  async deliver(job: DeliveryJob, subscription: Subscription): Promise<Outcome> {
    const { clock, config } = this.#context;
    const peer = new URL(subscription.endpoint).host;
    if (!isAllowed(subscription.endpoint, config.push.services)) {
      const reason = `${peer} is no push service that this switch knows; see web.push.services`;
      return { result: 'failed', status: '5.7.1', reason, peer };
    }
    const payload = await this.#payload(job);
    const answer = await sendPush(await this.#request(job, subscription, payload), {
      clock,
      connectMs: config.push.connectMs,
      answerMs: config.push.answerMs,
      stopping: this.#stopping,
      mayWrite: () => job.bytesSent({ head: '', body: { bytes: payload } }),
    });
    const outcome = outcomeOf(answer, peer, clock.now());
    if (outcome.result === 'retry' && outcome.afterMs !== undefined) {
      this.#pause(peer, { until: clock.now() + outcome.afterMs, reason: outcome.reason });
    }
    return outcome;
  }

  #pause(lane: string, pause: Pause): void {
    if (this.#pauses.size >= PAUSES_MAX) this.#pauses.clear();
    this.#pauses.set(lane, pause);
  }

  async #payload(job: DeliveryJob): Promise<Buffer> {
    const { message, delivery } = job;
    const shown = await readShown(await job.written(), job.message.sender);
    const { channel } = delivery.address;
    return Buffer.from(
      JSON.stringify({
        from: shorten(shown.from, FROM_CHARACTERS_MAX),
        subject: shorten(shown.subject, SUBJECT_CHARACTERS_MAX),
        key: message.key,
        open: `/m/${message.key.slice('msg/'.length)}`,
        received: `/c/${channel}/${RECEIVED_PATH}`,
        token: this.#context.tokens.sign('receipt', message.key, delivery.id),
      }),
    );
  }

  async #request(
    job: DeliveryJob,
    { endpoint, p256dh, auth }: Subscription,
    payload: Buffer,
  ): Promise<PushRequest> {
    const { clock, config, secret } = this.#context;
    this.#keys ??= vapidKeys(secret);
    const leftSeconds = Math.floor((job.delivery.expiresAt - clock.now()) / 1000);
    const details = webpush.generateRequestDetails({ endpoint, keys: { p256dh, auth } }, payload, {
      vapidDetails: { subject: `mailto:postmaster@${config.domain}`, ...(await this.#keys) },
      TTL: Math.min(TTL_SECONDS_MAX, Math.max(0, leftSeconds)),
      urgency: URGENCY[job.message.header.priority],
      contentEncoding: 'aes128gcm',
    });
    const body: unknown = details.body;
    if (!(body instanceof Uint8Array)) throw new Error('a notification without a body');
    return { endpoint, headers: headersOf(details.headers), body };
  }
}

function headersOf(headers: object): Record<string, string | number> {
  const own: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string' || typeof value === 'number') own[name] = value;
  }
  return own;
}

function outcomeOf(answer: PushAnswer, peer: string, now: number): Outcome {
  if (answer.kind === 'withheld') return NOT_OURS;
  if (answer.kind === 'trouble') {
    const reason = `${peer}: ${answer.why}`;
    const trouble = { result: 'retry', status: '4.4.1', reason, peer } as const;
    return answer.sent ? { ...trouble, status: '4.4.2', ambiguous: true } : trouble;
  }
  const { status } = answer;
  const said = { reason: `${peer} answered ${status}`, peer };
  if (status >= 200 && status < 300) return { ...said, result: 'accepted', status: '2.0.0' };
  if (status === 404 || status === 410) {
    const reason = `${said.reason}: the browser's subscription is over; subscribe again`;
    return { result: 'failed', status: '5.1.6', reason, peer };
  }
  if (status === 429 || answer.retryAfter !== undefined) {
    const afterMs = retryAfterMs(answer.retryAfter, now);
    return { ...said, result: 'retry', status: '4.3.2', afterMs };
  }
  if (status >= 500) return { ...said, result: 'retry', status: '4.3.0' };
  return { ...said, result: 'failed', status: status === 413 ? '5.3.4' : '5.7.0' };
}

/** Seconds, or a date (RFC 9110 10.2.3), bounded. */
function retryAfterMs(text: string | undefined, now: number): number {
  if (text === undefined) return PAUSE_MS;
  const ms = /^\d+$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isFinite(ms) ? Math.min(PAUSE_MS_MAX, Math.max(0, ms)) : PAUSE_MS;
}
