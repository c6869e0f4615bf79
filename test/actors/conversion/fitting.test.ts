/** Fitting text to a device: never longer than it takes, the critical part first. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fitText, htmlToText, shorten, textOf } from '../../../actors/conversion/fitting.js';
import type { Part, Umf } from '../../../schemas/umf.js';
import { anyUmf } from '../umf-arbitrary.js';

const umf = (body: Part, rest: Partial<Umf> = {}): Umf => ({
  uid: 'u',
  from: { channel: 'email', address: 'anna@example.org', name: 'Anna' },
  to: [],
  subject: 'Server down',
  body,
  priority: 'normal',
  securityLevel: 'normal',
  ...rest,
});
const plain = (text: string): Part => ({ mediaType: 'text/plain', text });
const html = (text: string): Part => ({ mediaType: 'text/html', text });

test('sender and subject come first, then as much of the text as there is room', () => {
  const fitted = fitText(umf(plain('The  disk\n\n\nof host seven is full.')), {
    textOnly: true,
    maxCharacters: 30,
  });
  assert.equal(fitted.text, 'Anna: Server down\nThe disk…');
  assert.equal(fitted.shortened, true);
});

test('what fits is not changed, and urgency shows', () => {
  const device = { textOnly: false, maxCharacters: 1000 };
  const fitted = fitText(umf(plain('a  b'), { priority: 'urgent' }), device);
  assert.deepEqual(fitted, { text: '! Anna: Server down\na  b', shortened: false, leftOut: [] });
});

test('attachments are named, not sent', () => {
  const file: Part = { mediaType: 'image/png', filename: 'a.png', bytes: Uint8Array.of(1) };
  const body: Part = { mediaType: 'multipart/mixed', parts: [plain('see'), file] };
  const fitted = fitText(umf(body), { textOnly: true, maxCharacters: 100 });
  assert.equal(fitted.text, 'Anna: Server down\nsee\n[a.png]');
  assert.deepEqual(fitted.leftOut, ['a.png']);
});

test('of alternatives the plain text is taken, else HTML made into text', () => {
  const parts = [plain('plain'), html('<b>rich</b>')];
  assert.equal(textOf({ mediaType: 'multipart/alternative', parts }), 'plain');
  const rich = [plain(' '), html('<b>rich</b>')];
  assert.equal(textOf({ mediaType: 'multipart/alternative', parts: rich }), 'rich');
});

test('HTML becomes text: breaks, lists, entities; scripts, styles and comments vanish', () => {
  const source =
    '<html><head><title>t</title><style>p{}</style></head><body><p>Hi&nbsp;&amp; <b>you</b></p>' +
    '<script>alert("<p>x</p>")</script><!-- <p>no</p> -->' +
    '<ul><li>one</li><li>&#252;&#x20AC;</li></ul>' +
    'a < b<br>end</body></html>';
  assert.equal(htmlToText(source), 'Hi & you\n\n- one\n\n- ü€\na b\nend');
});

test('HTML that never closes anything costs no more than its length', () => {
  for (const piece of ['<', '<!--', '<script', '<a ', '&#', '<script>', '</']) {
    const text = htmlToText(piece.repeat(200_000));
    assert.ok(text.length <= piece.length * 200_000);
  }
});

test('shortened text never exceeds the device, and never splits a character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat({ max: 30 }), (text, most) => {
      const short = shorten(text, most);
      assert.ok(Array.from(short).length <= most);
      assert.ok(!/\p{Cs}/u.test(short));
    }),
  );
  fc.assert(
    fc.property(anyUmf, fc.nat({ max: 100 }), (message, maxCharacters) => {
      const { text } = fitText(message, { textOnly: true, maxCharacters });
      assert.ok(Array.from(text).length <= maxCharacters);
    }),
  );
});
