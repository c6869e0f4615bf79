/**
 * The `web:` section of patchboard.yaml: the messenger's limits, the plain form, live delivery and
 * web push. Times end in Ms, sizes in Bytes.
 */

import Type, { type Static } from 'typebox';

const SECOND = 1000;
const KIB = 1024;
const MIB = 1024 * KIB;

/** The push services of the browsers of 2026: Chromium, Firefox, Edge, Safari. */
export const PUSH_SERVICES = [
  'fcm.googleapis.com',
  'push.services.mozilla.com',
  'notify.windows.com',
  'push.apple.com',
];

const Limits = Type.Object(
  {
    sizeBytes: Type.Integer({
      default: 25 * MIB,
      minimum: KIB,
      description: 'A message written in the browser, with its attachments.',
    }),
    files: Type.Integer({ default: 100, minimum: 0, description: 'Attachments of one message.' }),
    recipients: Type.Integer({ default: 100, minimum: 1, description: 'Of one message.' }),
    textCharacters: Type.Integer({
      default: 1_000_000,
      minimum: 1,
      description: 'The text of one message.',
    }),
    formPerPeerPerMinute: Type.Integer({
      default: 6,
      minimum: 1,
      description: 'Messages a minute by the plain form from one address that is not signed in.',
    }),
  },
  { default: {}, additionalProperties: false, description: 'Limits on what a browser sends.' },
);

const Push = Type.Object(
  {
    services: Type.Array(Type.String({ minLength: 1 }), {
      default: PUSH_SERVICES,
      maxItems: 100,
      description:
        'Hosts that notifications may be sent to, each with everything below it, by https on ' +
        'port 443; or whole origins such as https://push.example.org:8443. None: no web push.',
    }),
    connectMs: Type.Integer({
      default: 10 * SECOND,
      minimum: 1,
      description: 'Until the line to the push service is open.',
    }),
    answerMs: Type.Integer({
      default: 30 * SECOND,
      minimum: 1,
      description: 'From the last byte to the answer of the push service.',
    }),
    perService: Type.Integer({
      default: 20,
      minimum: 1,
      description: 'Notifications on their way to one push service at once.',
    }),
  },
  { default: {}, additionalProperties: false, description: 'Notifications for closed pages.' },
);

export const WebConfigSchema = Type.Object(
  {
    domain: Type.String({
      default: 'patchboard.localhost',
      follows: 'domain',
      minLength: 1,
      description: 'Stands in the identifiers of messages that are written in the browser.',
    }),
    form: Type.Union([Type.Literal('off'), Type.Literal('signedIn'), Type.Literal('everybody')], {
      default: 'signedIn',
      description:
        'Who may use the plain form at /c/web/form?to=NAME: nobody, who is signed in, or ' +
        'everybody; what comes from somebody unknown is marked so.',
    }),
    answerMs: Type.Integer({
      default: 10 * SECOND,
      minimum: 1,
      description: 'How long the answer of an open page is awaited.',
    }),
    limits: Limits,
    push: Push,
  },
  {
    default: {},
    additionalProperties: false,
    description: 'The browser: messenger, plain form, open pages, notifications.',
  },
);

export type WebConfig = Static<typeof WebConfigSchema>;
