/**
 * The registered loopback channel: practice devices on signed-in pages. Apart from the template in
 * index.ts, which a new channel copies whole.
 */

import type { Channel } from '../../channel.js';
import { writeShown } from '../../conversion/shown.js';
import type { LoopbackConfig } from './config.js';
import { createLoopback } from './index.js';
import { Devices } from './practice.js';
import { deliverToDevices } from './practice-deliver.js';
import { receiveFromDevices } from './practice-receive.js';

/** Each with devices of its own. */
export function createPractice(): Channel<LoopbackConfig> {
  const devices = new Devices();
  const { name, facts, config, address, read } = createLoopback('loopback');
  return {
    name,
    description: 'Practice devices, shown on signed-in pages.',
    facts: { ...facts, page: 'practice' },
    config,
    address,
    receive: (context) => receiveFromDevices(name, devices, context),
    deliver: (context) => deliverToDevices(devices, context),
    read,
    write: writeShown,
  };
}
