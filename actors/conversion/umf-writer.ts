/**
 * UMF → XML (schemas/umf.xsd). One function per type of the schema, in its order.
 *
 * Invariants: the reader gives back exactly what was written; text that XML 1.0 cannot hold, or
 * that an XML reader would change, is escaped as the schema says.
 */

import { XMLBuilder } from 'fast-xml-parser';
import type {
  AgentSection,
  Alert,
  Conversation,
  Part,
  Party,
  Report,
  Umf,
} from '../../schemas/umf.js';
import { XML_DEPTH_MAX } from './xml-tree.js';

export const UMF_NAMESPACE = 'urn:patchboard:umf:1';

/** An element as the builder wants it with `preserveOrder`. */
type Node = Record<string, unknown>;

const builder = new XMLBuilder({
  preserveOrder: true,
  ignoreAttributes: false,
  format: false,
  maxNestedTags: XML_DEPTH_MAX,
});

/** Writes a UMF as an XML document in UTF-8. */
export function writeUmf(umf: Umf): string {
  const children = [
    text('uid', umf.uid),
    ...(umf.from ? [party('from', umf.from)] : []),
    ...umf.to.map((to) => party('to', to)),
    ...optional('subject', umf.subject),
    part('body', umf.body),
    ...(umf.alert ? [alert(umf.alert)] : []),
    ...(umf.conversation ? [conversation(umf.conversation)] : []),
    ...time('sentAt', umf.sentAt),
    ...time('desiredTime', umf.desiredTime),
    ...time('expiry', umf.expiry),
    ...optional('carrier', umf.carrier),
    ...(umf.agent ? [agent(umf.agent)] : []),
    ...(umf.report ? [report(umf.report)] : []),
  ];
  const { priority, securityLevel } = umf;
  const root = element('umf', children, { xmlns: UMF_NAMESPACE, priority, securityLevel });
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build([root])}\n`;
}

function element(
  name: string,
  children: readonly Node[],
  attributes: Readonly<Record<string, string>> = {},
): Node {
  const named = Object.entries(attributes).map(([key, value]) => [`@_${key}`, value]);
  return named.length > 0
    ? { [name]: children, ':@': Object.fromEntries(named) }
    : { [name]: children };
}

/** What XML 1.0 (2.2) does not allow, and CR, which a reader turns into LF (2.11). */
const NEEDS_ESCAPE = /(?![\t\n])[\p{Cc}\p{Cs}\ufffe\uffff]/u;

function text(name: string, value: string): Node {
  if (!NEEDS_ESCAPE.test(value)) return element(name, [{ '#text': value }]);
  const escaped = value.replace(/\\|(?![\t\n])[\p{Cc}\p{Cs}\ufffe\uffff]/gu, (character) =>
    character === '\\' ? '\\\\' : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return element(name, [{ '#text': escaped }], { escaped: 'true' });
}

function optional(name: string, value: string | undefined): Node[] {
  return value === undefined ? [] : [text(name, value)];
}

function time(name: string, ms: number | undefined): Node[] {
  return ms === undefined ? [] : [element(name, [{ '#text': new Date(ms).toISOString() }])];
}

function party(name: string, value: Party): Node {
  return element(name, [
    text('channel', value.channel),
    text('address', value.address),
    ...optional('name', value.name),
  ]);
}

function named(tag: string, name: string, value: string): Node {
  return element(tag, [text('name', name), text('value', value)]);
}

function part(name: string, value: Part): Node {
  const parameters = Object.entries(value.parameters ?? {});
  return element(
    name,
    [
      text('mediaType', value.mediaType),
      ...(value.parameters
        ? [
            element(
              'parameters',
              parameters.map(([key, held]) => named('parameter', key, held)),
            ),
          ]
        : []),
      ...optional('filename', value.filename),
      ...optional('contentId', value.contentId),
      content(value),
    ],
    value.disposition ? { disposition: value.disposition } : {},
  );
}

function content(value: Part): Node {
  if (value.parts)
    return element(
      'parts',
      value.parts.map((inner) => part('part', inner)),
    );
  if (value.text !== undefined) return text('text', value.text);
  const { buffer, byteOffset, byteLength } = value.bytes ?? new Uint8Array();
  const base64 = Buffer.from(buffer, byteOffset, byteLength).toString('base64');
  return element('bytes', [{ '#text': base64 }]);
}

function alert(value: Alert): Node {
  const { visual, audible } = value;
  return element('alert', [...optional('visual', visual), ...optional('audible', audible)]);
}

function conversation(value: Conversation): Node {
  return element('conversation', [
    text('id', value.id),
    ...optional('message', value.message),
    ...optional('inReplyTo', value.inReplyTo),
    ...(value.references
      ? [
          element(
            'references',
            value.references.map((id) => text('reference', id)),
          ),
        ]
      : []),
  ]);
}

function agent(value: AgentSection): Node {
  return element('agent', [
    text('channel', value.channel),
    ...value.fields.map((field) => named('field', field.name, field.value)),
  ]);
}

function report(value: Report): Node {
  return element('report', [
    text('of', value.of),
    ...optional('originalEnvelopeId', value.originalEnvelopeId),
    ...value.recipients.map((told) =>
      element(
        'recipient',
        [
          party('address', told.address),
          ...optional('originalRecipient', told.originalRecipient),
          text('status', told.status),
          text('diagnostic', told.diagnostic),
          ...optional('remote', told.remote),
        ],
        { action: told.action },
      ),
    ),
  ]);
}
