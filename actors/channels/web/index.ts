/** The web channel: messages written in the browser, and shown on the pages that are open. */

import type { Channel } from '../../channel.js';
import { readWire, writeWire } from './codec.js';
import { type WebConfig, WebConfigSchema } from './config.js';

/** An account's name. */
const NAME = /^[a-z0-9][a-z0-9.-]{0,127}$/;

export function createWeb(): Channel<WebConfig> {
  return {
    name: 'web',
    description: 'The browser: messenger and live inbox.',
    facts: {
      policy: {
        success: 'delivered',
        trials: 3,
        retryMs: [1000, 5000],
        expiryMs: 86_400_000,
        confirmWithinMs: 60_000,
        onAmbiguous: 'retry',
      },
      keeps: false,
      accountAddress: '{name}',
      device: 'Browser',
      page: 'messenger',
    },
    config: WebConfigSchema,
    address(text) {
      const value = text.trim().toLowerCase();
      if (NAME.test(value)) return { ok: true, address: { channel: 'web', value } };
      const message = `"${text.slice(0, 80)}" is no name of a subscriber: use a-z, 0-9, dot, dash.`;
      return { ok: false, code: 'ADDRESS_SYNTAX', message };
    },
    read: readWire,
    write: writeWire,
  };
}
