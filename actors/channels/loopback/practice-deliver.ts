/**
 * Delivers to practice devices, over the line of the page that shows them.
 *
 * Stages: does a page show it? → what it shows → `bytesSent` → one frame to each such page → the
 * first page that has it says so.
 */

import type { Outcome } from '../../../schemas/delivery.js';
import type { Deliverer, DeliveryJob } from '../../channel.js';
import { readShown } from '../../conversion/shown.js';
import type { DeliverContext } from '../../machinery.js';
import { NOT_OURS } from '../../not-ours.js';
import type { OfferedFrame } from '../../page-offers.js';
import type { LoopbackConfig } from './config.js';
import type { Devices, Shown } from './practice.js';

const CAPACITY = 200;
const PER_DEVICE = 20;

export function deliverToDevices(
  devices: Devices,
  context: DeliverContext<LoopbackConfig>,
): Deliverer {
  return {
    limits: { capacity: CAPACITY, perLane: PER_DEVICE },
    deliver: (job) => deliver(devices, job, context),
    lane: ({ value }) => value,
    paused: () => undefined,
    absent: ({ value }, account) => devices.absent(value, account),
    async stop() {
      devices.offers.stop();
    },
  };
}

async function deliver(
  devices: Devices,
  job: DeliveryJob,
  context: DeliverContext<LoopbackConfig>,
): Promise<Outcome> {
  const device = job.delivery.address.value;
  if (reachable(devices, job).length === 0) return unreachable(devices, job);
  const frame = await frameOf(job);
  const bytes = Buffer.from(JSON.stringify(frame));
  if (!(await job.bytesSent({ head: '', body: { bytes } }))) return NOT_OURS;
  // Whoever closed meanwhile was sent nothing.
  const pages = reachable(devices, job);
  if (pages.length === 0) return unreachable(devices, job);
  const within = { clock: context.clock, ms: context.config.answerMs };
  const how = await devices.offers.offer(pages, frame, within);
  if (how === 'took') {
    const reason = 'the device has it';
    return { result: 'confirmed', level: 'delivered', status: '2.0.0', reason, peer: device };
  }
  const reason =
    how === 'closed'
      ? 'the page that shows the device was closed before it answered'
      : `no answer within ${context.config.answerMs} ms`;
  return { result: 'retry', ambiguous: true, status: '4.4.2', reason, peer: device };
}

/** The pages of the recipient that show the device and are on the net. */
function reachable(devices: Devices, { message, delivery }: DeliveryJob): Shown[] {
  const { recipient } = message;
  if (recipient.kind !== 'subscriber') return [];
  const shown = devices.of(delivery.address.value, recipient.account);
  return shown.filter(({ offline }) => !offline);
}

function unreachable(devices: Devices, { message, delivery }: DeliveryJob): Outcome {
  const { recipient } = message;
  const device = delivery.address.value;
  const absent =
    recipient.kind === 'subscriber' ? devices.absent(device, recipient.account) : undefined;
  const reason = absent ?? `no page of its owner shows the device ${device}`;
  return { result: 'retry', status: '4.4.1', reason, peer: device };
}

async function frameOf(job: DeliveryJob): Promise<OfferedFrame> {
  return {
    kind: 'message',
    device: job.delivery.address.value,
    key: job.message.key,
    attempt: job.attempt,
    possibleDuplicate: job.possibleDuplicate,
    at: job.message.createdAt,
    ...(await readShown(await job.written(), job.message.sender)),
  };
}
