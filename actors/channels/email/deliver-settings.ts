/** The email delivery agent's part of the settings; config.ts joins it with the receiver's. */

import Type, { type Static } from 'typebox';

const milliseconds = (value: number, description: string) =>
  Type.Integer({ minimum: 1, maximum: 86_400_000, default: value, description });

/** RFC 5321 4.5.3.2 gives the least times; connecting is ours to choose. */
const timeouts = Type.Object(
  {
    connectMs: milliseconds(30_000, 'Opening the TCP connection.'),
    greetingMs: milliseconds(300_000, 'Until the greeting, and for each answer before MAIL.'),
    commandMs: milliseconds(300_000, 'MAIL, RCPT and DATA until 354.'),
    dataMs: milliseconds(180_000, 'Each block of the message.'),
    answerMs: milliseconds(600_000, 'From the final dot to the answer.'),
  },
  { default: {}, additionalProperties: false },
);

const deliver = Type.Object(
  {
    perDestination: Type.Integer({
      minimum: 1,
      maximum: 1000,
      default: 20,
      description: 'Connections to one destination at once.',
    }),
    capacity: Type.Integer({
      minimum: 1,
      maximum: 10_000,
      default: 200,
      description: 'Connections at once in one worker.',
    }),
    messagesPerConnection: Type.Integer({ minimum: 1, default: 1000 }),
    idleMs: milliseconds(10_000, 'How long an unused connection is kept.'),
    port: Type.Integer({
      minimum: 1,
      maximum: 65_535,
      default: 25,
      description: 'The port of mail hosts found by DNS.',
    }),
    tls: Type.Union(
      [
        Type.Literal('opportunistic'),
        Type.Literal('require'),
        Type.Literal('verify'),
        Type.Literal('off'),
      ],
      {
        default: 'opportunistic',
        description:
          'opportunistic: TLS where offered, any certificate; require: never without TLS; ' +
          'verify: and with a valid certificate; off: never TLS.',
      },
    ),
    timeouts,
  },
  { default: {}, additionalProperties: false },
);

export const deliverProperties = {
  deliver,
  smartHost: Type.Optional(
    Type.String({
      pattern: '^[^\\s:]+(:\\d{1,5})?$|^\\[[0-9A-Fa-f:.]+\\](:\\d{1,5})?$',
      form: 'host:port',
      description: 'host:port that takes all outgoing mail; absent: mail hosts by DNS.',
    }),
  ),
  smartHostAuth: Type.Optional(
    Type.Object(
      { user: Type.String({ minLength: 1 }), password: Type.String({ minLength: 1 }) },
      { additionalProperties: false, description: 'Sent over TLS or to this computer only.' },
    ),
  ),
  dnsServers: Type.Array(Type.String(), {
    default: [],
    maxItems: 8,
    description: 'Name servers to ask, "192.0.2.53" or "127.0.0.1:5353"; none: the system\'s.',
  }),
  dkim: Type.Optional(
    Type.Object(
      {
        domain: Type.String({ minLength: 1 }),
        selector: Type.String({ minLength: 1 }),
        keyFile: Type.String({ minLength: 1, description: 'PEM, RSA or Ed25519.' }),
      },
      { additionalProperties: false, description: 'Signs what the switch writes (RFC 6376).' },
    ),
  ),
  bounceDomain: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        'Domain of bounce+ and reply+ addresses; its mail must come to this switch. ' +
        'Absent: the first of the own domains.',
    }),
  ),
};

export type DeliverSettings = Static<typeof deliver>;
