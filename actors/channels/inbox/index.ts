/** The inbox: the place where a subscriber's messages are kept, and their last resort. */

import type { Channel } from '../../channel.js';
import { readKept, writeKept } from './codec.js';
import { type InboxConfig, InboxConfigSchema } from './config.js';
import { keep } from './deliver.js';

/** An account's identifier, as accounts allow it. */
const ACCOUNT = /^[\w.@+-]{1,128}$/;

export const inbox: Channel<InboxConfig> = {
  name: 'inbox',
  description: 'Messages kept by the switch for their subscriber.',
  facts: {
    policy: {
      success: 'accepted',
      trials: 5,
      retryMs: [1000],
      expiryMs: 86_400_000,
      confirmWithinMs: 60_000,
      onAmbiguous: 'retry',
    },
    keeps: true,
  },
  config: InboxConfigSchema,
  address(text) {
    if (ACCOUNT.test(text)) return { ok: true, address: { channel: 'inbox', value: text } };
    const message = `"${text.slice(0, 80)}" is no inbox; write the identifier of an account.`;
    return { ok: false, code: 'ADDRESS_SYNTAX', message };
  },
  deliver: keep,
  read: readKept,
  write: writeKept,
};
