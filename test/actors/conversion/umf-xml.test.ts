/** UMF → XML → UMF is the identity; hostile XML gets an error with its place. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { validateXML } from 'xmllint-wasm';
import { readUmf } from '../../../actors/conversion/umf-reader.js';
import { writeUmf } from '../../../actors/conversion/umf-writer.js';
import { XML_ATTRIBUTES_MAX, XML_DEPTH_MAX } from '../../../actors/conversion/xml-tree.js';
import type { Umf } from '../../../schemas/umf.js';
import { anyUmf } from '../umf-arbitrary.js';

const SCHEMA = { fileName: 'umf.xsd', contents: readFileSync('schemas/umf.xsd', 'utf8') };

const OPEN = '<umf xmlns="urn:patchboard:umf:1" priority="normal" securityLevel="open">';
const BODY = '<body><mediaType>text/plain</mediaType><text>hi</text></body>';
const document = (inside: string, open = OPEN) => `${open}${inside}</umf>`;
const GOOD = document(`<uid>0012345</uid>${BODY}`);

const SMALL: Umf = {
  uid: '0012345',
  to: [],
  body: { mediaType: 'text/plain', text: 'hi' },
  priority: 'normal',
  securityLevel: 'open',
};

async function schemaAccepts(documents: readonly string[]): Promise<boolean[]> {
  const xml = documents.map((contents, i) => ({ fileName: `${i}.xml`, contents }));
  const { errors } = await validateXML({ xml, schema: [SCHEMA] });
  return xml.map(({ fileName }) => !errors.some((e) => e.rawMessage.startsWith(`${fileName}:`)));
}

function refusal(xml: string | Uint8Array): string {
  const read = readUmf(xml);
  assert.ok(!read.ok, 'the document was accepted');
  assert.equal(read.code, 'XML_INVALID');
  assert.match(read.message, /refused at \d+:\d+: /);
  return read.message;
}

test('UMF to XML to UMF is the identity, whatever the text holds', () => {
  fc.assert(
    fc.property(anyUmf, (umf) => {
      assert.deepStrictEqual(readUmf(writeUmf(umf)), { ok: true, umf });
    }),
    { numRuns: 500 },
  );
});

test('what the writer writes is valid by the published schema', async () => {
  const written = fc.sample(anyUmf, { numRuns: 100, seed: 7 }).map(writeUmf);
  const accepted = await schemaAccepts(written);
  assert.equal(accepted.length, 100);
  assert.deepEqual(
    written.filter((_xml, i) => !accepted[i]),
    [],
  );
});

test('text that looks like a number stays text, and white space is kept', () => {
  assert.deepStrictEqual(readUmf(GOOD), { ok: true, umf: SMALL });
  const text = '  0012345\n\t1e3 ';
  const read = readUmf(writeUmf({ ...SMALL, subject: text }));
  assert.ok(read.ok);
  assert.equal(read.umf.subject, text);
});

test('comments, CDATA, prefixes and character references mean what XML says', () => {
  const prefixed = GOOD.replaceAll('<', '<u:')
    .replaceAll('<u:/', '</u:')
    .replace('xmlns=', 'xmlns:u=');
  assert.deepStrictEqual(readUmf(prefixed), { ok: true, umf: SMALL });
  const spread = GOOD.replace('hi', '<![CDATA[h]]><!-- between -->&#x69;');
  assert.deepStrictEqual(readUmf(`\ufeff<?xml version="1.0"?>\n${spread}\n`), {
    ok: true,
    umf: SMALL,
  });
  assert.deepStrictEqual(readUmf(Buffer.from(GOOD)), { ok: true, umf: SMALL });
});

const uid = '<uid>u</uid>';
const INVALID: readonly (readonly [string, string, RegExp])[] = [
  ['unknown element', document(`${uid}<extra/>${BODY}`), /must have <body> here, not <extra>/],
  ['element too many', document(`${uid}${BODY}<extra/>`), /<extra> is not allowed in <umf>/],
  ['missing element', document(uid), /must have <body>/],
  ['wrong order', document(`${BODY}${uid}`), /must have <uid> here, not <body>/],
  ['given twice', document(`${uid}${uid}${BODY}`), /must have <body> here, not <uid>/],
  ['text between', document(`${uid}words${BODY}`), /text is not allowed in <umf>/],
  ['element in text', document(`<uid><b/></uid>${BODY}`), /<b> is not allowed in <uid>/],
  ['unknown attribute', document(`<uid x="1">u</uid>${BODY}`), /no attribute x/],
  ['wrong priority', document(uid + BODY, OPEN.replace('normal', 'top')), /priority of <umf>/],
  ['no priority', document(uid + BODY, OPEN.replace(/priority="\w+"/, '')), /priority of <umf>/],
  ['wrong namespace', GOOD.replace('umf:1', 'umf:2'), /namespace/],
  ['no namespace', GOOD.replace(/ xmlns="[^"]*"/, ''), /namespace/],
  ['wrong root', '<part xmlns="urn:patchboard:umf:1"/>', /root must be <umf>/],
  ['no time', document(`${uid}${BODY}<sentAt>today</sentAt>`), /must be a time/],
  ['time without zone', document(`${uid}${BODY}<expiry>2026-01-31T12:00:00</expiry>`), /a time/],
  ['no such day', document(`${uid}${BODY}<expiry>2026-02-30T12:00:00Z</expiry>`), /a time/],
  ['bad base64', GOOD.replace('<text>hi</text>', '<bytes>a</bytes>'), /not base64/],
  ['two contents', GOOD.replace('</text>', '</text><bytes/>'), /<bytes> is not allowed/],
  ['no content', GOOD.replace('<text>hi</text>', ''), /must have <parts>/],
];

for (const [what, xml, message] of INVALID) {
  test(`a document against the schema is refused: ${what}`, () => {
    assert.match(refusal(xml), message);
  });
}

test('the published schema refuses the same documents', async () => {
  const accepted = await schemaAccepts([GOOD, ...INVALID.map(([, xml]) => xml)]);
  assert.deepEqual(accepted, [true, ...INVALID.map(() => false)]);
});

const MALFORMED: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
  ['empty', '', /root element/],
  ['cut off', GOOD.slice(0, -3), /1:\d+/],
  ['tags crossed', GOOD.replace('</uid>', '</uit>'), /unexpected close tag/],
  ['control character', GOOD.replace('hi', 'h\u0001i'), /disallowed character/],
  ['unknown entity', GOOD.replace('hi', '&nbsp;'), /undefined entity/],
  ['attribute twice', GOOD.replace('<uid>', '<uid escaped="true" escaped="true">'), /duplicate/],
  ['unbound prefix', GOOD.replace(/uid>/g, 'x:uid>'), /unbound/],
  ['DOCTYPE', `<!DOCTYPE umf>${GOOD}`, /DOCTYPE/],
  ['entity bomb', `<!DOCTYPE umf [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>${GOOD}`, /DOCTYPE/],
  ['external entity', `<!DOCTYPE umf SYSTEM "file:///etc/passwd">${GOOD}`, /DOCTYPE/],
  ['processing instruction', `<?php x?>${GOOD}`, /processing instruction/],
  ['other encoding', `<?xml version="1.0" encoding="latin1"?>${GOOD}`, /must be UTF-8/],
  ['not UTF-8', Uint8Array.of(0x3c, 0xff, 0xfe), /not UTF-8/],
  ['bad escape', GOOD.replace('<uid>', '<uid escaped="true">\\x'), /escapes nothing/],
  ['parameter twice', parameterTwice(), /given twice/],
];

function parameterTwice(): string {
  const one = '<parameter><name>a</name><value>b</value></parameter>';
  return GOOD.replace('<text>', `<parameters>${one}${one}</parameters><text>`);
}

for (const [what, xml, message] of MALFORMED) {
  test(`refused with its place: ${what}`, () => {
    assert.match(refusal(xml), message);
  });
}

test('a fault is named with its line and column', () => {
  assert.match(refusal(`${OPEN}\n  <uid>u</uid>\n  <wrong/></umf>`), /refused at 3:\d+/);
});

test('limits: depth, attributes, parts, elements', () => {
  const depth = XML_DEPTH_MAX + 1;
  assert.match(refusal('<a>'.repeat(depth)), /nested deeper than/);
  const many = Array.from({ length: XML_ATTRIBUTES_MAX + 1 }, (_, i) => `a${i}=""`).join(' ');
  assert.match(refusal(`<umf ${many}/>`), /attributes/);
  assert.match(refusal(`<umf a="${'x'.repeat(5000)}"/>`), /attribute is too long/);
  const part = '<part><mediaType>text/plain</mediaType><text/></part>';
  const parts = `<parts>${part.repeat(1001)}</parts>`;
  assert.match(refusal(GOOD.replace('<text>hi</text>', parts)), /more than 1000 parts/);
  assert.match(refusal(`<umf>${'<a/>'.repeat(100_001)}</umf>`), /more than 100000 elements/);
  assert.match(refusal(GOOD.replace('<uid>', `<uid>${'x'.repeat(1_100_000)}`)), /longer than/);
});

test('whatever the bytes, the reader answers with a value', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.equal(readUmf(bytes).ok, false);
    }),
    { numRuns: 500 },
  );
  const mutations = fc.tuple(fc.nat({ max: GOOD.length }), fc.nat({ max: 9 }), fc.string());
  fc.assert(
    fc.property(mutations, ([at, cut, put]) => {
      const read = readUmf(GOOD.slice(0, at) + put + GOOD.slice(at + cut));
      assert.equal(typeof read.ok, 'boolean');
      if (read.ok) assert.deepStrictEqual(readUmf(writeUmf(read.umf)), read);
    }),
    { numRuns: 1000 },
  );
});
