/**
 * Delivers to practice devices, over the line of the page that shows them.
 *
 * Stages: does a page show it? → what it shows → `bytesSent` → one frame to each such page → the
 * first page that has it says so.
 */

import type { Outcome } from '../../../schemas/delivery.js';
import type { Deliverer, DeliveryJob } from '../../channel.js';
import { readShown } from '../../conversion/shown.js';
import type { DeliverContext, Timer } from '../../machinery.js';
import type { LoopbackConfig } from './config.js';
import type { Devices, Offer, Shown } from './practice.js';

const CAPACITY = 200;
const PER_DEVICE = 20;

const NOT_OURS: Outcome = {
  result: 'postponed',
  afterMs: 0,
  status: '4.3.0',
  reason: 'nothing was sent: the delivery belongs to another worker or its address is gone',
};

/** A frame that waits for an answer. */
interface Message {
  readonly attempt: string;
  readonly [name: string]: unknown;
}

export function deliverToDevices(
  devices: Devices,
  context: DeliverContext<LoopbackConfig>,
): Deliverer {
  return {
    limits: { capacity: CAPACITY, perLane: PER_DEVICE },
    deliver: (job) => deliver(devices, job, context),
    lane: ({ value }) => value,
    paused: () => undefined,
    absent: ({ value }) => devices.absent(value),
    async stop() {
      for (const one of devices.waiting) one.end('closed');
    },
  };
}

async function deliver(
  devices: Devices,
  job: DeliveryJob,
  context: DeliverContext<LoopbackConfig>,
): Promise<Outcome> {
  const device = job.delivery.address.value;
  if (reachable(devices, job).length === 0) return unreachable(devices, device);
  const frame = await frameOf(job);
  const bytes = Buffer.from(JSON.stringify(frame));
  if (!(await job.bytesSent({ head: '', body: { bytes } }))) return NOT_OURS;
  // Whoever closed meanwhile was sent nothing.
  const pages = reachable(devices, job);
  if (pages.length === 0) return unreachable(devices, device);
  const how = await offer({ devices, pages: new Set(pages) }, frame, context);
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

function unreachable(devices: Devices, device: string): Outcome {
  const reason = devices.absent(device) ?? `no page of its owner shows the device ${device}`;
  return { result: 'retry', status: '4.4.1', reason, peer: device };
}

async function frameOf(job: DeliveryJob): Promise<Message> {
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

function offer(
  { devices, pages }: { readonly devices: Devices; readonly pages: Set<Shown> },
  frame: Message,
  { clock, config }: DeliverContext<LoopbackConfig>,
): Promise<'took' | 'closed' | 'silence'> {
  return new Promise((resolve) => {
    let timer: Timer | undefined;
    const one: Offer = {
      pages,
      end(how) {
        timer?.cancel();
        devices.waiting.delete(one);
        for (const { offers } of pages) {
          if (offers.get(frame.attempt) === one) offers.delete(frame.attempt);
        }
        resolve(how);
      },
    };
    timer = clock.after(config.answerMs, () => one.end('silence'));
    devices.waiting.add(one);
    for (const { offers } of pages) offers.set(frame.attempt, one);
    for (const { page } of pages) page.send(frame);
  });
}
