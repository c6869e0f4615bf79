/**
 * Delivers to the devices of the peer: the template of a delivery agent.
 *
 * Stages: does the device answer? → what is sent → `bytesSent` → the device has it → its answer.
 * Invariant: between `bytesSent` and the device nothing waits, as with the last byte on a wire.
 */

import type { Address } from '../../../schemas/address.js';
import type { Outcome } from '../../../schemas/delivery.js';
import type { Deliverer, DeliveryJob } from '../../channel.js';
import type { DeliverContext } from '../../machinery.js';
import { NOT_OURS } from '../../not-ours.js';
import type { LoopbackConfig } from './config.js';
import type { LoopbackPeer } from './peer.js';

const CAPACITY = 200;
const PER_DEVICE = 20;

const REFUSALS: Readonly<Record<string, Outcome>> = {
  offline: { result: 'retry', status: '4.4.1', reason: 'the device is offline' },
  busy: { result: 'retry', status: '4.2.0', reason: 'the device is busy' },
  permanent: { result: 'failed', status: '5.0.0', reason: 'the device refuses messages' },
};

export function deliverTo(peer: LoopbackPeer, context: DeliverContext<LoopbackConfig>): Deliverer {
  const { clock, config } = context;

  async function deliver(job: DeliveryJob): Promise<Outcome> {
    const device = job.delivery.address.value;
    const behaviour = peer.next(device);
    const refusal = REFUSALS[behaviour];
    if (refusal !== undefined) return { ...refusal, peer: device };
    const bytes = await job.written();
    if (!(await job.bytesSent({ head: '', body: { bytes } }))) return NOT_OURS;
    peer.took({
      device,
      messageKey: job.message.key,
      delivery: job.delivery.id,
      attempt: job.attempt,
      possibleDuplicate: job.possibleDuplicate,
      bytes,
    });
    const facts = { peer: device, peerReference: `${job.message.key}/${job.attempt}` };
    if (behaviour === 'silence') return silence(device);
    if (behaviour === 'accept') {
      return { ...facts, result: 'accepted', status: '2.0.0', reason: 'the device took it' };
    }
    const reason = 'the device confirmed it';
    return { ...facts, result: 'confirmed', level: 'delivered', status: '2.0.0', reason };
  }

  function silence(device: string): Promise<Outcome> {
    return new Promise((resolve) => {
      clock.after(config.answerMs, () =>
        resolve({
          result: 'retry',
          ambiguous: true,
          status: '4.4.2',
          reason: `no answer within ${config.answerMs} ms`,
          peer: device,
        }),
      );
    });
  }

  return {
    limits: { capacity: CAPACITY, perLane: PER_DEVICE },
    deliver,
    lane: (address: Address) => address.value,
    paused: () => undefined,
    stop: () => Promise.resolve(),
  };
}
