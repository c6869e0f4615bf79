/**
 * Strict XML → a tree of elements, on saxes. Stages: bytes → characters → events → tree.
 *
 * Invariants: not well-formed, a DOCTYPE, a processing instruction, an encoding other than UTF-8 or
 * a limit that is passed ends the reading with XmlError, which names line and column; nothing is
 * expanded but the five entities of XML itself, so the tree is never larger than the input.
 */

import { SaxesParser } from 'saxes';

/** Room for a mail of 64 MiB in base64. */
export const XML_BYTES_MAX = 96 * 1024 * 1024;
export const XML_DEPTH_MAX = 100;
export const XML_ELEMENTS_MAX = 100_000;
export const XML_ATTRIBUTES_MAX = 16;
export const XML_ATTRIBUTE_CHARACTERS_MAX = 4096;
export const XML_TEXT_CHARACTERS_MAX = 90 * 1024 * 1024;
/** The parser is fed so much at a time, that a limit stops it soon. */
const FEED_CHARACTERS = 64 * 1024;

export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface XmlElement extends Position {
  readonly name: string;
  readonly namespace: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

/** Thrown by the readers only, and caught by them. */
export class XmlError extends Error {
  readonly at: Position;
  constructor(message: string, at: Position) {
    super(message);
    this.at = at;
  }
}

interface Open extends Position {
  readonly name: string;
  readonly namespace: string;
  readonly attributes: Map<string, string>;
  readonly children: XmlElement[];
  readonly pieces: string[];
  characters: number;
}

const START: Position = { line: 1, column: 1 };
const XMLNS = 'http://www.w3.org/2000/xmlns/';
const SCHEMA_INSTANCE = 'http://www.w3.org/2001/XMLSchema-instance';

/** Parses a document strictly and gives its root. Throws XmlError. */
export function parseXml(input: string | Uint8Array): XmlElement {
  const parser = new SaxesParser({ xmlns: true, position: true });
  const position = (): Position => ({ line: parser.line, column: parser.column + 1 });
  const fail = (message: string): never => {
    throw new XmlError(message, position());
  };
  const tree = new Tree(fail, position);
  let attributes = 0;
  parser.on('error', (error) => fail(error.message.replace(/^[\d:]+ */, '').replace(/\.$/, '')));
  parser.on('doctype', () => fail('a DOCTYPE is not allowed'));
  parser.on('processinginstruction', () => fail('a processing instruction is not allowed'));
  parser.on('xmldecl', ({ encoding }) => {
    if (encoding !== undefined && !/^utf-?8$/i.test(encoding)) fail('the encoding must be UTF-8');
  });
  parser.on('opentagstart', () => {
    attributes = 0;
  });
  parser.on('attribute', ({ value }) => {
    attributes += 1;
    if (attributes > XML_ATTRIBUTES_MAX) fail(`more than ${XML_ATTRIBUTES_MAX} attributes`);
    if (value.length > XML_ATTRIBUTE_CHARACTERS_MAX) fail('an attribute is too long');
  });
  parser.on('opentag', (tag) => tree.open(tag.local, tag.uri, Object.values(tag.attributes)));
  parser.on('closetag', () => tree.close());
  parser.on('text', (text) => tree.text(text));
  parser.on('cdata', (text) => tree.text(text));
  const characters = toCharacters(input);
  for (let at = 0; at < characters.length; at += FEED_CHARACTERS) {
    parser.write(characters.slice(at, at + FEED_CHARACTERS));
  }
  parser.close();
  return tree.root ?? fail('there is no element');
}

function toCharacters(input: string | Uint8Array): string {
  if (input.length > XML_BYTES_MAX) {
    throw new XmlError(`more than ${XML_BYTES_MAX} bytes`, START);
  }
  if (typeof input === 'string') return input;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(input);
  } catch {
    throw new XmlError('the bytes are not UTF-8', START);
  }
}

interface SeenAttribute {
  readonly local: string;
  readonly uri: string;
  readonly prefix: string;
  readonly value: string;
}

class Tree {
  root: XmlElement | undefined;
  readonly #stack: Open[] = [];
  readonly #fail: (message: string) => never;
  readonly #position: () => Position;
  #elements = 0;

  constructor(fail: (message: string) => never, position: () => Position) {
    this.#fail = fail;
    this.#position = position;
  }

  open(name: string, namespace: string, seen: readonly SeenAttribute[]): void {
    this.#elements += 1;
    if (this.#elements > XML_ELEMENTS_MAX) this.#fail(`more than ${XML_ELEMENTS_MAX} elements`);
    if (this.#stack.length >= XML_DEPTH_MAX) this.#fail(`nested deeper than ${XML_DEPTH_MAX}`);
    const attributes = new Map<string, string>();
    for (const attribute of seen) {
      if (attribute.uri === XMLNS || attribute.uri === SCHEMA_INSTANCE) continue;
      // An attribute of a foreign namespace is named in full, so that nobody knows it.
      const key = attribute.uri ? `{${attribute.uri}}${attribute.local}` : attribute.local;
      attributes.set(key, attribute.value);
    }
    const at = this.#position();
    this.#stack.push({
      name,
      namespace,
      attributes,
      children: [],
      pieces: [],
      characters: 0,
      ...at,
    });
  }

  text(piece: string): void {
    const top = this.#stack.at(-1);
    if (top === undefined) return;
    top.characters += piece.length;
    if (top.characters > XML_TEXT_CHARACTERS_MAX) this.#fail(`<${top.name}> has too much text`);
    top.pieces.push(piece);
  }

  close(): void {
    const top = this.#stack.pop();
    if (top === undefined) return;
    const { pieces, characters: _counted, ...rest } = top;
    const element = { ...rest, text: pieces.join('') };
    const parent = this.#stack.at(-1);
    if (parent) parent.children.push(element);
    else this.root = element;
  }
}
