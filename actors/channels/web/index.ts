/**
 * The web channel: messages written in the browser, shown on the pages that are open, and told by
 * notifications (web push) where none is. State lives in the channel made here: the receiver hears
 * of pages, the deliverer writes to them.
 */

import type { Channel } from '../../channel.js';
import { parseAddress } from './address.js';
import { readWire, writeWire } from './codec.js';
import { PUSH_SERVICES, type WebConfig, WebConfigSchema } from './config.js';
import { deliverTo } from './deliver.js';
import { Pages } from './pages.js';
import { receiveFrom } from './receive.js';

const NAME = 'web';
const DAY_MS = 86_400_000;

export function createWeb(): Channel<WebConfig> {
  const pages = new Pages();
  /** What the settings say, once an agent was made with them. */
  let services: readonly string[] = PUSH_SERVICES;
  return {
    name: NAME,
    description: 'The browser: messenger, open pages, notifications.',
    facts: {
      policy: {
        success: 'delivered',
        trials: 3,
        retryMs: [1000, 5000],
        expiryMs: DAY_MS,
        confirmWithinMs: 60_000,
        onAmbiguous: 'retry',
      },
      keeps: false,
      accountAddress: '{name}',
      device: 'Browser',
      page: 'messenger',
    },
    config: WebConfigSchema,
    address: (text) => parseAddress(NAME, text, services),
    receive: (context) => receiveFrom(NAME, pages, context),
    deliver(context) {
      services = context.config.push.services;
      return deliverTo(pages, context);
    },
    read: readWire,
    write: writeWire,
  };
}
