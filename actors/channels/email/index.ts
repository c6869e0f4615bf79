/** The email channel: mail by SMTP in and out (RFC 5321), MIME ⇄ UMF. */

import type { DeliveryPolicy } from '../../../schemas/delivery.js';
import type { Channel } from '../../channel.js';
import { parseMailbox } from './address.js';
import { readMail, writeMail } from './codec.js';
import { type EmailConfig, EmailConfigSchema } from './config.js';
import { deliverMail } from './deliver.js';
import { receive } from './receive.js';
import { setup } from './setup.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** RFC 5321 4.5.4.1: two tries in the first hour, then every few hours, four to five days. */
const POLICY: DeliveryPolicy = {
  success: 'accepted',
  trials: 40,
  retryMs: [MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR],
  expiryMs: 5 * 24 * HOUR,
  confirmWithinMs: 4 * HOUR,
  onAmbiguous: 'retry',
};

export const email: Channel<EmailConfig> = {
  name: 'email',
  description: 'Mail by SMTP.',
  facts: {
    policy: POLICY,
    keeps: false,
    accountAddress: '{name}@{domain}',
    invitation: {
      label: 'mail',
      url: 'smtp://{listen}',
      command: [
        'curl',
        'smtp://{listen}',
        '--mail-from',
        'you@example.org',
        '--mail-rcpt',
        '{to}',
        '-H',
        'Subject: Hello',
        '-F',
        '=Anybody there?',
      ],
    },
  },
  config: EmailConfigSchema,
  setup,
  address(text) {
    const mailbox = parseMailbox(text);
    // The key, not the value: a subscriber is found whatever the case of the local part.
    return mailbox.ok ? { ok: true, address: { channel: 'email', value: mailbox.key } } : mailbox;
  },
  receive,
  deliver: deliverMail,
  read: readMail,
  write(umf, address) {
    return writeMail(umf, {
      from: {
        address: umf.from?.address ?? 'postmaster@localhost',
        ...(umf.from?.name !== undefined && { name: umf.from.name }),
      },
      to: [{ address: address.value }],
      messageId: umf.conversation?.message ?? `<${umf.uid}@patchboard.localhost>`,
      date: umf.sentAt ?? 0,
      hostname: 'patchboard.localhost',
    });
  },
};
