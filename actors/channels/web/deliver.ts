/**
 * Delivers to the browser: to the open pages of a name (here), or by web push to a subscription
 * (push.ts).
 *
 * Stages on pages: is one open? → what it shows → `bytesSent` → one frame to each page → the first
 * page that has it says so. Invariant: a page that does not answer leaves the attempt ambiguous.
 */

import type { Outcome } from '../../../schemas/delivery.js';
import type { Deliverer, DeliveryJob } from '../../channel.js';
import { readShown } from '../../conversion/shown.js';
import type { DeliverContext } from '../../machinery.js';
import { NOT_OURS } from '../../not-ours.js';
import { subscriptionOf } from './address.js';
import type { WebConfig } from './config.js';
import type { Pages } from './pages.js';
import { Push } from './push.js';

const CAPACITY = 500;
const PER_LANE = 20;

export function deliverTo(pages: Pages, context: DeliverContext<WebConfig>): Deliverer {
  const push = new Push(context);
  return {
    limits: { capacity: CAPACITY, perLane: Math.max(PER_LANE, context.config.push.perService) },
    deliver(job) {
      const subscription = subscriptionOf(job.delivery.address.value);
      if (subscription !== undefined) return push.deliver(job, subscription);
      return showOn(pages, job, context);
    },
    lane({ value }) {
      const subscription = subscriptionOf(value);
      return subscription === undefined ? value : new URL(subscription.endpoint).host;
    },
    paused: (lane) => push.paused(lane),
    absent({ value }, account) {
      const isThere = subscriptionOf(value) !== undefined || pages.isOpen({ name: value, account });
      return isThere ? undefined : noPage(value);
    },
    stop() {
      pages.stop();
      return push.stop();
    },
  };
}

function noPage(name: string): string {
  return `no page of ${name} is open`;
}

async function showOn(
  pages: Pages,
  job: DeliveryJob,
  { clock, config }: DeliverContext<WebConfig>,
): Promise<Outcome> {
  const name = job.delivery.address.value;
  const { recipient } = job.message;
  const nobody: Outcome = { result: 'retry', status: '4.2.1', reason: noPage(name), peer: name };
  if (recipient.kind !== 'subscriber') return nobody;
  const to = { name, account: recipient.account };
  if (!pages.isOpen(to)) return nobody;
  const frame = {
    kind: 'deliver',
    key: job.message.key,
    delivery: job.delivery.id,
    attempt: job.attempt,
    possibleDuplicate: job.possibleDuplicate,
    ...(await readShown(await job.written(), job.message.sender)),
  };
  const bytes = Buffer.from(JSON.stringify(frame));
  if (!(await job.bytesSent({ head: '', body: { bytes } }))) return NOT_OURS;
  const offered = await pages.offer(to, frame, { clock, ms: config.answerMs });
  if (offered === 'took') {
    const reason = 'an open page has it';
    return { result: 'confirmed', level: 'delivered', status: '2.0.0', reason, peer: name };
  }
  if (offered === 'nobody') return nobody;
  const reason =
    offered === 'closed'
      ? 'every page was closed before it answered'
      : `no page answered within ${config.answerMs} ms`;
  return { result: 'retry', ambiguous: true, status: '4.4.2', reason, peer: name };
}
