/** Arbitrary UMFs for properties: every optional field, every shape of a part, odd characters. */

import fc from 'fast-check';
import type { Part, Party, Umf } from '../../schemas/umf.js';

/** Any UTF-16 at all: control characters, halves of pairs, white space at the ends. */
export const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ maxLength: 40 }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 8 })
    .map((codes) => String.fromCharCode(...codes)),
  fc.constantFrom(
    '0012345',
    ' x ',
    '\t\n x\r\n',
    '&amp;<![CDATA[]]>',
    '\\u0000',
    '\u0000',
    '',
    'true',
    '1e3',
    ']]>',
  ),
);

const party: fc.Arbitrary<Party> = fc.record(
  { channel: fc.constantFrom('email', 'sms'), address: anyText, name: anyText },
  { requiredKeys: ['channel', 'address'], noNullPrototype: true },
);

const about = {
  mediaType: fc.constantFrom('text/plain', 'text/html', 'image/png', 'application/x-odd'),
  parameters: fc.dictionary(anyText, anyText, { maxKeys: 3, noNullPrototype: true }),
  disposition: fc.constantFrom('inline' as const, 'attachment' as const),
  filename: anyText,
  contentId: anyText,
};

export const anyPart: fc.Arbitrary<Part> = fc.letrec<{ part: Part }>((tie) => ({
  part: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.record(
      { ...about, text: anyText },
      { requiredKeys: ['mediaType', 'text'], noNullPrototype: true },
    ),
    fc.record(
      { ...about, bytes: fc.uint8Array({ maxLength: 50 }) },
      { requiredKeys: ['mediaType', 'bytes'], noNullPrototype: true },
    ),
    fc.record(
      { ...about, parts: fc.array(tie('part'), { maxLength: 3 }) },
      { requiredKeys: ['mediaType', 'parts'], noNullPrototype: true },
    ),
  ),
})).part;

const field = fc.record({ name: anyText, value: anyText }, { noNullPrototype: true });
const time = fc.integer({ min: Date.UTC(1, 0) + 1, max: Date.UTC(9999, 0) });

export const anyUmf: fc.Arbitrary<Umf> = fc.record(
  {
    uid: anyText,
    from: party,
    to: fc.array(party, { maxLength: 3 }),
    subject: anyText,
    body: anyPart,
    alert: fc.record(
      { visual: anyText, audible: anyText },
      { requiredKeys: [], noNullPrototype: true },
    ),
    priority: fc.constantFrom(
      'low' as const,
      'normal' as const,
      'high' as const,
      'urgent' as const,
    ),
    securityLevel: fc.constantFrom('open' as const, 'normal' as const, 'secret' as const),
    conversation: fc.record(
      { id: anyText, message: anyText, inReplyTo: anyText, references: fc.array(anyText) },
      { requiredKeys: ['id'], noNullPrototype: true },
    ),
    sentAt: time,
    desiredTime: time,
    expiry: time,
    carrier: anyText,
    agent: fc.record(
      { channel: fc.constantFrom('email', 'im'), fields: fc.array(field, { maxLength: 4 }) },
      { noNullPrototype: true },
    ),
    report: fc.record(
      {
        of: anyText,
        originalEnvelopeId: anyText,
        recipients: fc.array(
          fc.record(
            {
              address: party,
              originalRecipient: anyText,
              action: fc.constantFrom('failed' as const, 'delayed' as const, 'delivered' as const),
              status: anyText,
              diagnostic: anyText,
              remote: anyText,
            },
            { requiredKeys: ['address', 'action', 'status', 'diagnostic'], noNullPrototype: true },
          ),
          { maxLength: 2 },
        ),
      },
      { requiredKeys: ['of', 'recipients'], noNullPrototype: true },
    ),
  },
  { requiredKeys: ['uid', 'to', 'body', 'priority', 'securityLevel'], noNullPrototype: true },
);
