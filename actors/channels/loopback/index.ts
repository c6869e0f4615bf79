/**
 * The loopback channel: devices inside the switch. The template of a channel, the simulation's
 * edge, and under other names the stand-in for channels that do not exist yet.
 */

import type { DeliveryPolicy } from '../../../schemas/delivery.js';
import type { Channel } from '../../channel.js';
import { readWire, writeWire } from './codec.js';
import { type LoopbackConfig, LoopbackConfigSchema } from './config.js';
import { deliverTo } from './deliver.js';
import { LoopbackPeer } from './peer.js';
import { receiveFrom } from './receive.js';

export { type Behaviour, LoopbackPeer, type Received, type SendAnswer } from './peer.js';

export type LoopbackChannel = Channel<LoopbackConfig> & { readonly peer: LoopbackPeer };

/** The name of a device. */
const DEVICE = /^[\p{L}\p{N}][\p{L}\p{N}._@+-]{0,127}$/u;

const POLICY: DeliveryPolicy = {
  success: 'accepted',
  trials: 3,
  retryMs: [1000, 10_000],
  expiryMs: 86_400_000,
  confirmWithinMs: 60_000,
  onAmbiguous: 'retry',
};

/** A channel of this name with devices of its own. */
export function createLoopback(name: string, peer = new LoopbackPeer()): LoopbackChannel {
  return {
    peer,
    name,
    description: `Devices inside the switch itself (${name}).`,
    facts: {
      policy: POLICY,
      keeps: false,
    },
    config: LoopbackConfigSchema,
    address(text) {
      if (DEVICE.test(text)) return { ok: true, address: { channel: name, value: text } };
      const message = `"${text.slice(0, 80)}" is no device; use letters, digits and . _ @ + -.`;
      return { ok: false, code: 'ADDRESS_SYNTAX', message };
    },
    receive: (context) => receiveFrom(name, peer, context),
    deliver: (context) => deliverTo(peer, context),
    read: readWire,
    write: writeWire,
  };
}
