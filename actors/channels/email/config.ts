/**
 * The `email:` section of patchboard.yaml: every setting of the email channel, what it means and
 * its default. Times end in Ms, sizes in Bytes. One file, so that an operator finds all of it.
 */

import Type, { type Static } from 'typebox';
import { deliverProperties } from './deliver-settings.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const MIB = 1024 * 1024;

const Listen = Type.String({
  default: '127.0.0.1:2525',
  pattern: '^(\\[[0-9a-fA-F:.]+\\]|[^:\\s]+):\\d{1,5}$',
  form: 'host:port',
  description: 'Address and port for incoming mail; port 0 takes a free one; [::]:25 is every one.',
});

const Submission = Type.Object(
  {
    enabled: Type.Boolean({
      default: true,
      description: 'Offer AUTH, so that subscribers may send mail to the outside.',
    }),
    plaintext: Type.Union([Type.Literal('never'), Type.Literal('loopback')], {
      default: 'loopback',
      description: 'AUTH without TLS: never, or for clients on this computer only.',
    }),
    senders: Type.Union([Type.Literal('own'), Type.Literal('any')], {
      default: 'own',
      description: 'MAIL FROM of a signed-in subscriber: one of its own addresses, or any.',
    }),
  },
  { default: {}, additionalProperties: false, description: 'Mail from signed-in subscribers.' },
);

const Tls = Type.Object(
  {
    key: Type.Optional(Type.String({ description: 'File with the private key (PEM).' })),
    cert: Type.Optional(Type.String({ description: 'File with the certificate chain (PEM).' })),
    required: Type.Boolean({
      default: false,
      description: 'Refuse mail on lines without TLS, except from this computer.',
    }),
  },
  {
    default: {},
    additionalProperties: false,
    description: 'Incoming TLS; without key and cert STARTTLS is not offered.',
  },
);

const Limits = Type.Object(
  {
    connections: Type.Integer({
      default: 1000,
      minimum: 1,
      description: 'Connections at once; one more is answered 421.',
    }),
    connectionsPerPeer: Type.Integer({
      default: 50,
      minimum: 1,
      description: 'Connections at once from one address (IPv6: one /64).',
    }),
    ratePerPeerPerMinute: Type.Integer({
      default: 600,
      minimum: 1,
      description: 'Mails a minute from one address (IPv6: one /64) without signing in.',
    }),
    loopback: Type.Union([Type.Literal('exempt'), Type.Literal('counted')], {
      default: 'exempt',
      description: 'Whether the limits per peer hold for clients on this computer.',
    }),
    recipients: Type.Integer({
      default: 1000,
      minimum: 100,
      description: 'Recipients of one mail; the next ones are answered 452.',
    }),
    errors: Type.Integer({
      default: 100,
      minimum: 1,
      description: 'Refused commands of one connection, then it is closed with 421.',
    }),
    sizeBytes: Type.Integer({
      default: 50 * MIB,
      minimum: 1024,
      description: 'Size of a mail; a larger one is answered 552.',
    }),
    idleTimeoutMs: Type.Integer({
      default: 5 * MINUTE,
      minimum: 1,
      description: 'A connection that is silent for so long is closed.',
    }),
    commandTimeoutMs: Type.Integer({
      default: 5 * MINUTE,
      minimum: 1,
      description: 'From the end of one command to the end of the next, however it trickles.',
    }),
    dataTimeoutMs: Type.Integer({
      default: 10 * MINUTE,
      minimum: 1,
      description: 'From DATA to the final dot, however steadily the sender trickles.',
    }),
    hops: Type.Integer({
      default: 50,
      minimum: 1,
      description: 'Received lines in a mail; more mean a loop and are answered 554.',
    }),
  },
  { default: {}, additionalProperties: false, description: 'Limits on incoming mail.' },
);

const Verify = Type.Object(
  {
    mode: Type.Union([Type.Literal('on'), Type.Literal('off')], {
      default: 'on',
      description: 'Check SPF, DKIM, DMARC and ARC of mail from other computers.',
    }),
    timeoutMs: Type.Integer({
      default: 10 * SECOND,
      minimum: 1,
      description: 'No answer within this time means "unknown", never a refusal.',
    }),
    local: Type.Union([Type.Literal('trust'), Type.Literal('doubt'), Type.Literal('check')], {
      default: 'trust',
      description:
        'Mail from this computer: trust its sender, doubt it, or check it as any other. ' +
        'Behind a mail server on the same computer: doubt.',
    }),
  },
  { default: {}, additionalProperties: false, description: 'Is the sender who it says it is?' },
);

export const EmailConfigSchema = Type.Object(
  {
    listen: Listen,
    hostname: Type.String({
      default: 'patchboard.localhost',
      follows: 'domain',
      pattern: '^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$',
      form: 'a name such as mail.example.org',
      description: 'Name of this switch in greetings, Received lines and reports.',
    }),
    domains: Type.Array(Type.String(), {
      default: ['patchboard.localhost'],
      follows: 'domain',
      minItems: 1,
      description: 'Our mail domains: an unknown address in one of them is refused (550 5.1.1).',
    }),
    submission: Submission,
    tls: Tls,
    limits: Limits,
    verify: Verify,
    ...deliverProperties,
  },
  { default: {}, additionalProperties: false, description: 'The email channel.' },
);

export type EmailConfig = Static<typeof EmailConfigSchema>;
