/**
 * The settings of the core: one schema gives their names, types, defaults and documentation.
 *
 * A channel adds its own section under its name (`Channel.config`). Four keywords of ours stand
 * in such a schema beside JSON Schema's: `unit: 'ms' | 'bytes'` lets a person write "30d" or
 * "64KiB" where the program reads a number (a name that ends in `Ms` or `Bytes` implies it), and
 * `secret: true` masks the value and lets it come from a credentials directory; `follows: 'domain'`
 * takes that setting's value as long as none of its own is given.
 * Invariant: every setting has a default or is optional, so that no file at all is a valid one.
 */

import Type, { type Static, type TInteger, type TString } from 'typebox';

const DOMAIN = '^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?$';
const PUBLIC_URL =
  '^(https://[^/?#@\\s]+|http://(localhost|127(\\.[0-9]+){3}|\\[::1\\])(:[0-9]+)?)/?$';
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const MIB = 1024 * 1024;

/** A time span: "250ms", "30s", "5m", "2h", "30d", "1y", or a number of milliseconds. */
export function span(defaultMs: number, description: string): TInteger {
  return Type.Integer({ minimum: 0, default: defaultMs, unit: 'ms', description });
}

/** An amount of bytes: "64KiB", "25MiB", "1GB", or a number of bytes. */
export function size(defaultBytes: number, description: string): TInteger {
  return Type.Integer({ minimum: 0, default: defaultBytes, unit: 'bytes', description });
}

/** Text that is never shown: `config print` masks it. */
export function secret(description: string): TString {
  return Type.String({ secret: true, description });
}

/** "host:port" with IPv6 hosts in brackets; port 0 takes a free one; "off" does not listen. */
export function listenAddress(defaultAddress: string, description: string): TString {
  const pattern = '^(off|(\\[[0-9a-fA-F:.]+\\]|[^\\s:\\[\\]]+):[0-9]{1,5})$';
  const form = 'host:port, or off';
  return Type.String({ pattern, form, default: defaultAddress, description });
}

/** What an operator may change of a channel's delivery policy (D1); see `DeliveryPolicy`. */
export const PolicySchema = Type.Object(
  {
    success: Type.Optional(
      Type.Enum(['accepted', 'delivered', 'read'], {
        description: 'The level at which a delivery counts as confirmed.',
      }),
    ),
    trials: Type.Optional(Type.Integer({ minimum: 1, description: 'Attempts before it fails.' })),
    retryMs: Type.Optional(
      Type.Array(Type.Integer({ minimum: 0, unit: 'ms' }), {
        minItems: 1,
        description: 'Waiting times between trials; the last one repeats.',
      }),
    ),
    expiryMs: Type.Optional(
      Type.Integer({ minimum: 0, unit: 'ms', description: 'After this time it is given up.' }),
    ),
    confirmWithinMs: Type.Optional(
      Type.Integer({ minimum: 0, unit: 'ms', description: 'How long to wait for a receipt.' }),
    ),
    onAmbiguous: Type.Optional(
      Type.Enum(['retry', 'hold'], {
        description: 'When nobody knows whether an attempt arrived: again, or ask a person.',
      }),
    ),
  },
  { additionalProperties: false },
);

export const CoreConfigSchema = Type.Object(
  {
    domain: Type.String({
      pattern: DOMAIN,
      form: 'a domain such as example.org',
      default: 'patchboard.localhost',
      description: 'The domain whose addresses belong to subscribers.',
    }),
    data: Type.String({
      minLength: 1,
      default: './data',
      description: 'Directory of everything that is kept. Falls to $STATE_DIRECTORY.',
    }),
    operator: Type.String({
      minLength: 1,
      default: 'operator',
      description: 'Account whose inbox gets dead messages and warnings.',
    }),
    http: Type.Object(
      {
        listen: listenAddress('127.0.0.1:2580', 'The page, /healthz, /readyz and /metrics.'),
        publicUrl: Type.Optional(
          Type.String({
            pattern: PUBLIC_URL,
            form: 'https://name, without a path',
            description: 'Where browsers find the page, behind a proxy with TLS.',
          }),
        ),
        trustProxy: Type.Array(Type.String({ minLength: 2 }), {
          default: [],
          description: 'Proxies whose X-Forwarded headers count: addresses or networks.',
        }),
        sessionIdleMs: span(14 * DAY_MS, 'A session that is not used for so long ends.'),
        sessionMs: span(90 * DAY_MS, 'After this time one signs in again in any case.'),
      },
      { additionalProperties: false, default: {} },
    ),
    log: Type.Object(
      {
        level: Type.Enum(['debug', 'info', 'warn', 'error', 'silent'], {
          default: 'info',
          description: 'debug, info, warn, error or silent.',
        }),
        format: Type.Enum(['auto', 'pretty', 'json'], {
          default: 'auto',
          description: 'auto: pretty on a terminal, else JSON.',
        }),
        addresses: Type.Enum(['hashed', 'plain'], {
          default: 'hashed',
          description: 'How addresses stand in logs.',
        }),
      },
      { additionalProperties: false, default: {} },
    ),
    retention: Type.Object(
      {
        history: span(90 * DAY_MS, 'Messages to the outside, reports: what happened, and content.'),
        archive: span(365 * DAY_MS, 'Messages to subscribers: their inboxes.'),
      },
      { additionalProperties: false, default: {} },
    ),
    disk: Type.Object(
      {
        reserveBytes: size(64 * MIB, 'Kept free for outcomes when the disk is full.'),
        lowBytes: size(512 * MIB, 'With less free space nothing is accepted.'),
        lowerBytes: size(128 * MIB, 'With less free space nothing is delivered either.'),
      },
      { additionalProperties: false, default: {} },
    ),
    drainMs: span(20_000, 'How long a stop waits for work under way.'),
    policy: Type.Record(Type.String(), PolicySchema, {
      default: {},
      description: 'Delivery policy by channel, over what the channel itself says.',
    }),
  },
  { additionalProperties: false },
);

export type CoreConfig = Static<typeof CoreConfigSchema>;

/** Everything a switch runs with: the core's settings and each channel's section by its name. */
export interface SwitchConfig extends CoreConfig {
  readonly channels: Readonly<Record<string, unknown>>;
}
