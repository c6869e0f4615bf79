/** The email delivery agent's surroundings in memory: jobs without a store, a context, a clock. */

import type { TestContext } from 'node:test';
import type { Deliverer, DeliveryJob } from '../../actors/channel.js';
import type { EmailConfig } from '../../actors/channels/email/config.js';
import { deliverMail } from '../../actors/channels/email/deliver.js';
import { MailSink, type SinkOptions } from '../../actors/channels/email/peer.js';
import type { Clock, DeliverContext, Log } from '../../actors/machinery.js';
import { systemClock } from '../../runtime/clock.js';
import { createTokens } from '../../runtime/tokens.js';
import type { FormattedCopy } from '../../schemas/delivery.js';
import type { MessageInput } from '../../schemas/message.js';
import type { Umf } from '../../schemas/umf.js';
import { makeInput, POLICY } from './messages.js';
import { emailConfig } from './receive-context.js';

export const MAIL = Buffer.from(
  'From: Anna <anna@example.net>\r\nTo: demo@example.com\r\nSubject: Hello\r\n' +
    'Date: Mon, 23 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@example.net>\r\n\r\n' +
    'Anybody there?\r\n.a line with a dot\r\n..and two\r\n',
);
/** As sent by `job` when nothing else is said. */
export const KEY = 'msg/0123456789abcdef.0';

const quiet: Log = { debug() {}, info() {}, warn() {}, error() {} };

export function deliverContext(
  changes: Record<string, unknown>,
  clock: Clock = systemClock(),
): DeliverContext<EmailConfig> {
  const tokens = createTokens(Buffer.from('secret of the tests'), clock);
  const secret = (_name: string, bytes: number) => Promise.resolve(new Uint8Array(bytes));
  return { config: emailConfig(changes), clock, log: quiet, tokens, secret };
}

export function startSink(t: TestContext, options: SinkOptions = {}): Promise<MailSink> {
  return MailSink.start(options).then((sink) => {
    t.after(() => sink.stop());
    return sink;
  });
}

/** An agent which sends everything to the sink, as its smart host. */
export function agentTo(
  t: TestContext,
  sink: Pick<MailSink, 'port'>,
  deliver: Record<string, unknown> = {},
): Deliverer {
  return agent(t, { smartHost: `127.0.0.1:${sink.port}`, deliver });
}

export function agent(t: TestContext, changes: Record<string, unknown>, clock?: Clock): Deliverer {
  const deliverer = deliverMail(deliverContext(changes, clock));
  t.after(() => deliverer.stop());
  return deliverer;
}

export interface JobOptions {
  readonly to?: string;
  readonly raw?: Uint8Array;
  readonly umf?: Umf;
  readonly message?: Partial<MessageInput>;
  readonly success?: 'accepted' | 'delivered';
  readonly bytesSent?: (copy: FormattedCopy) => Promise<boolean>;
}

/** A delivery of MAIL to r@example.org, unless said otherwise. */
export function job(options: JobOptions = {}): DeliveryJob {
  const address = { channel: 'email', value: options.to ?? 'r@example.org' };
  const { umf, raw = MAIL } = options;
  return {
    message: makeInput({
      key: KEY,
      createdAt: Date.UTC(2026, 10, 23),
      recipient: {
        kind: 'subscriber',
        account: 'demo',
        via: { channel: 'email', value: 'demo@example.com' },
      },
      sender: {
        address: { channel: 'email', value: 'anna@example.net' },
        verification: { verified: true, how: 'DKIM ok' },
      },
      origin: { channel: 'email', peer: '192.0.2.7', startedAt: 0 },
      ...options.message,
    }),
    delivery: {
      id: 1,
      step: 0,
      address,
      policy: { ...POLICY, success: options.success ?? 'accepted' },
      phase: 'ready',
      trials: 0,
      dueAt: 0,
      expiresAt: 1_000_000,
    },
    attempt: '1.1',
    possibleDuplicate: false,
    raw: () => Promise.resolve(umf ? undefined : { channel: 'email', bytes: raw }),
    written: () => Promise.reject(new Error('only raw or UMF')),
    umf: () => (umf ? Promise.resolve(umf) : Promise.reject(new Error('only raw'))),
    bytesSent: options.bytesSent ?? (() => Promise.resolve(true)),
  };
}
