/**
 * XML → UMF, as strict as schemas/umf.xsd: one function per type of the schema, in its order.
 *
 * Invariants: an element that the schema does not have at that place, one that is missing, text
 * between elements or a value outside its range is a Failure with line and column; nothing is
 * coerced: what looks like a number stays text.
 */

import type {
  AgentSection,
  Alert,
  Conversation,
  Part,
  Party,
  Priority,
  Report,
  SecurityLevel,
  Umf,
} from '../../schemas/umf.js';
import type { Failure } from '../machinery.js';
import { UMF_NAMESPACE } from './umf-writer.js';
import { parseXml, type XmlElement, XmlError } from './xml-tree.js';

/** Of one body, all levels together. */
export const UMF_PARTS_MAX = 1000;
/** Of every text but a part's own. */
export const UMF_TEXT_CHARACTERS_MAX = 1024 * 1024;

export type UmfRead = { readonly ok: true; readonly umf: Umf } | Failure;

/** Reads a UMF document. Never throws; every fault is named with its place. */
export function readUmf(xml: string | Uint8Array): UmfRead {
  try {
    return { ok: true, umf: readRoot(parseXml(xml)) };
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    const { line, column } = error.at;
    const message = `The XML is refused at ${line}:${column}: ${error.message}.`;
    return { ok: false, code: 'XML_INVALID', message };
  }
}

/** Takes the children of an element in the order of the schema. */
class Children {
  readonly #element: XmlElement;
  #next = 0;

  constructor(element: XmlElement, attributes: readonly string[] = []) {
    this.#element = element;
    if (element.namespace !== UMF_NAMESPACE) {
      throw new XmlError(`<${element.name}> is not of the namespace ${UMF_NAMESPACE}`, element);
    }
    for (const name of element.attributes.keys()) {
      if (attributes.includes(name)) continue;
      throw new XmlError(`<${element.name}> has no attribute ${name.slice(0, 80)}`, element);
    }
  }

  /** The next child if it has this name. */
  optional<T>(name: string, read: (element: XmlElement) => T): T | undefined {
    const child = this.#element.children[this.#next];
    if (child?.name !== name) return undefined;
    this.#next += 1;
    return read(child);
  }

  required<T>(name: string, read: (element: XmlElement) => T): T {
    const child = this.#element.children[this.#next];
    if (child?.name === name) {
      this.#next += 1;
      return read(child);
    }
    const instead = child ? `, not <${child.name.slice(0, 80)}>` : '';
    throw new XmlError(
      `<${this.#element.name}> must have <${name}> here${instead}`,
      child ?? this.#element,
    );
  }

  all<T>(name: string, read: (element: XmlElement) => T): T[] {
    const found: T[] = [];
    while (this.#element.children[this.#next]?.name === name) found.push(this.required(name, read));
    return found;
  }

  /** Nothing is left, and nothing but white space stood between. */
  end(): void {
    const child = this.#element.children[this.#next];
    const { name } = this.#element;
    if (child)
      throw new XmlError(`<${child.name.slice(0, 80)}> is not allowed in <${name}>`, child);
    if (!/^[ \t\r\n]*$/.test(this.#element.text)) {
      throw new XmlError(`text is not allowed in <${name}>`, this.#element);
    }
  }
}

/** A value if present, as a property that is absent if not. */
function maybe<K extends string, T>(key: K, value: T | undefined): { readonly [P in K]?: T } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: T });
}

function oneOf<T extends string>(element: XmlElement, name: string, values: readonly T[]): T {
  const written = element.attributes.get(name);
  const found = values.find((value) => value === written);
  if (found !== undefined) return found;
  throw new XmlError(`${name} of <${element.name}> must be one of ${values.join(', ')}`, element);
}

const PRIORITIES: readonly Priority[] = ['low', 'normal', 'high', 'urgent'];
const LEVELS: readonly SecurityLevel[] = ['open', 'normal', 'confidential', 'secret'];

function readRoot(element: XmlElement): Umf {
  if (element.name !== 'umf') {
    throw new XmlError(`the root must be <umf>, not <${element.name.slice(0, 80)}>`, element);
  }
  const children = new Children(element, ['priority', 'securityLevel']);
  const budget = { parts: UMF_PARTS_MAX };
  const umf = {
    uid: children.required('uid', readText),
    ...maybe('from', children.optional('from', readParty)),
    to: children.all('to', readParty),
    ...maybe('subject', children.optional('subject', readText)),
    body: children.required('body', (body) => readPart(body, budget)),
    ...maybe('alert', children.optional('alert', readAlert)),
    priority: oneOf(element, 'priority', PRIORITIES),
    securityLevel: oneOf(element, 'securityLevel', LEVELS),
    ...maybe('conversation', children.optional('conversation', readConversation)),
    ...maybe('sentAt', children.optional('sentAt', readTime)),
    ...maybe('desiredTime', children.optional('desiredTime', readTime)),
    ...maybe('expiry', children.optional('expiry', readTime)),
    ...maybe('carrier', children.optional('carrier', readText)),
    ...maybe('agent', children.optional('agent', readAgent)),
    ...maybe('report', children.optional('report', readReport)),
  };
  children.end();
  return umf;
}

function leafText(element: XmlElement, most: number, attributes: readonly string[]): string {
  new Children(element, attributes);
  const child = element.children[0];
  if (child) {
    throw new XmlError(`<${child.name.slice(0, 80)}> is not allowed in <${element.name}>`, child);
  }
  if (element.text.length <= most) return element.text;
  throw new XmlError(`<${element.name}> is longer than ${most} characters`, element);
}

function readText(element: XmlElement): string {
  return unescapeText(element, leafText(element, UMF_TEXT_CHARACTERS_MAX, ['escaped']));
}

function readLongText(element: XmlElement): string {
  return unescapeText(element, leafText(element, Number.MAX_SAFE_INTEGER, ['escaped']));
}

function unescapeText(element: XmlElement, text: string): string {
  if (!element.attributes.has('escaped')) return text;
  oneOf(element, 'escaped', ['true']);
  return text.replace(/\\(?:(\\)|u([0-9a-fA-F]{4}))?/g, (_all, backslash, code) => {
    if (backslash !== undefined) return '\\';
    if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
    throw new XmlError(`<${element.name}> has a backslash that escapes nothing`, element);
  });
}

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?Z$/;

function readTime(element: XmlElement): number {
  const text = leafText(element, 100, []).trim();
  const ms = TIME.test(text) ? Date.parse(text) : Number.NaN;
  // Date.parse takes 30 February for 1 March; the schema does not.
  if (!Number.isNaN(ms) && new Date(ms).toISOString().slice(0, 10) === text.slice(0, 10)) return ms;
  throw new XmlError(`<${element.name}> must be a time such as 2026-01-31T12:00:00Z`, element);
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function readBytes(element: XmlElement): Uint8Array {
  const text = leafText(element, Number.MAX_SAFE_INTEGER, []).replace(/[ \t\r\n]+/g, '');
  const bytes = Buffer.from(text, 'base64');
  // Re-encoding finds what a pattern would, without its stack on long text.
  const right = text.length < 1000 ? BASE64.test(text) : bytes.toString('base64') === text;
  if (!right) throw new XmlError(`<${element.name}> is not base64`, element);
  return new Uint8Array(bytes);
}

function readParty(element: XmlElement): Party {
  const children = new Children(element);
  const party = {
    channel: children.required('channel', readText),
    address: children.required('address', readText),
    ...maybe('name', children.optional('name', readText)),
  };
  children.end();
  return party;
}

const DISPOSITIONS = ['inline', 'attachment'] as const;

function readPart(element: XmlElement, budget: { parts: number }): Part {
  budget.parts -= 1;
  if (budget.parts < 0) throw new XmlError(`more than ${UMF_PARTS_MAX} parts`, element);
  const children = new Children(element, ['disposition']);
  const disposed = element.attributes.has('disposition');
  const about = {
    mediaType: children.required('mediaType', readText),
    ...maybe('parameters', children.optional('parameters', readParameters)),
    ...maybe('disposition', disposed ? oneOf(element, 'disposition', DISPOSITIONS) : undefined),
    ...maybe('filename', children.optional('filename', readText)),
    ...maybe('contentId', children.optional('contentId', readText)),
  };
  const text = children.optional('text', readLongText);
  if (text !== undefined) {
    children.end();
    return { ...about, text };
  }
  const bytes = children.optional('bytes', readBytes);
  if (bytes !== undefined) {
    children.end();
    return { ...about, bytes };
  }
  const parts = children.required('parts', (list) => readParts(list, budget));
  children.end();
  return { ...about, parts };
}

function readParts(element: XmlElement, budget: { parts: number }): Part[] {
  const children = new Children(element);
  const parts = children.all('part', (part) => readPart(part, budget));
  children.end();
  return parts;
}

function readNamed(element: XmlElement): { readonly name: string; readonly value: string } {
  const children = new Children(element);
  const named = {
    name: children.required('name', readText),
    value: children.required('value', readText),
  };
  children.end();
  return named;
}

function readParameters(element: XmlElement): Readonly<Record<string, string>> {
  const children = new Children(element);
  const named = children.all('parameter', readNamed);
  children.end();
  const seen = new Map<string, string>();
  for (const { name, value } of named) {
    if (seen.has(name)) throw new XmlError('a parameter is given twice', element);
    seen.set(name, value);
  }
  return Object.fromEntries(seen);
}

function readAlert(element: XmlElement): Alert {
  const children = new Children(element);
  const alert = {
    ...maybe('visual', children.optional('visual', readText)),
    ...maybe('audible', children.optional('audible', readText)),
  };
  children.end();
  return alert;
}

function readConversation(element: XmlElement): Conversation {
  const children = new Children(element);
  const conversation = {
    id: children.required('id', readText),
    ...maybe('message', children.optional('message', readText)),
    ...maybe('inReplyTo', children.optional('inReplyTo', readText)),
    ...maybe('references', children.optional('references', readReferences)),
  };
  children.end();
  return conversation;
}

function readReferences(element: XmlElement): string[] {
  const children = new Children(element);
  const references = children.all('reference', readText);
  children.end();
  return references;
}

function readAgent(element: XmlElement): AgentSection {
  const children = new Children(element);
  const agent = {
    channel: children.required('channel', readText),
    fields: children.all('field', readNamed),
  };
  children.end();
  return agent;
}

function readReport(element: XmlElement): Report {
  const children = new Children(element);
  const report = {
    of: children.required('of', readText),
    ...maybe('originalEnvelopeId', children.optional('originalEnvelopeId', readText)),
    recipients: children.all('recipient', readReportRecipient),
  };
  children.end();
  return report;
}

const ACTIONS = ['failed', 'delayed', 'delivered', 'relayed', 'expanded'] as const;

function readReportRecipient(element: XmlElement): Report['recipients'][number] {
  const children = new Children(element, ['action']);
  const told = {
    address: children.required('address', readParty),
    ...maybe('originalRecipient', children.optional('originalRecipient', readText)),
    action: oneOf(element, 'action', ACTIONS),
    status: children.required('status', readText),
    diagnostic: children.required('diagnostic', readText),
    ...maybe('remote', children.optional('remote', readText)),
  };
  children.end();
  return told;
}
