/** Mail addresses, each with its verdict and normal form, from the corners of the RFCs. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseMailbox, specialLocal } from '../../../../actors/channels/email/address.js';

interface Row {
  readonly address: string;
  readonly normal?: string;
  readonly refused?: string;
}
const TABLE: readonly Row[] = JSON.parse(
  readFileSync('test/actors/channels/email/addresses.json', 'utf8'),
);

test('the table has the corners of RFC 5321, 5322 and 6531', () => {
  assert.ok(TABLE.length >= 160);
});

for (const { address, normal, refused } of TABLE) {
  const verdict = normal === undefined ? `refused (${refused})` : `→ ${normal}`;
  test(`${JSON.stringify(address).slice(0, 90)} ${verdict.slice(0, 90)}`, () => {
    const parsed = parseMailbox(address);
    if (normal === undefined) {
      assert.ok(!parsed.ok);
      assert.equal(parsed.code, 'ADDRESS_SYNTAX');
      assert.ok(parsed.message.includes(refused ?? ''), parsed.message);
      return;
    }
    assert.ok(parsed.ok, parsed.ok ? '' : parsed.message);
    assert.equal(parsed.value, normal);
    const again = parseMailbox(parsed.value);
    assert.deepEqual(again, parsed, 'the normal form gives itself');
  });
}

test('a sender outside may have ! and % where relaying is not asked for', () => {
  const parsed = parseMailbox('a%b@example.org', 'allow');
  assert.ok(parsed.ok);
  assert.equal(parsed.value, 'a%b@example.org');
});

test('only a local part beyond ASCII needs SMTPUTF8; the key ignores case', () => {
  const ascii = parseMailbox('Anna@bücher.example');
  assert.ok(ascii.ok);
  assert.equal(ascii.smtputf8, false);
  assert.equal(ascii.key, 'anna@xn--bcher-kva.example');
  const utf8 = parseMailbox('Jürgen@example.org');
  assert.ok(utf8.ok);
  assert.equal(utf8.smtputf8, true);
});

test('whatever the text, the verdict is a value, and what is accepted cannot end a line', () => {
  const near = fc.tuple(fc.string({ unit: 'binary' }), fc.string()).map(([l, d]) => `${l}@${d}`);
  const quoted = fc.string({ unit: 'binary' }).map((l) => `"${l}"@example.org`);
  fc.assert(
    fc.property(fc.oneof(fc.string(), near, quoted), (text) => {
      const parsed = parseMailbox(text);
      if (!parsed.ok) return;
      assert.ok(!/[\p{Cc}\p{Cs}]/u.test(parsed.value));
      assert.deepEqual(parseMailbox(parsed.value), parsed);
    }),
    { numRuns: 2000 },
  );
});

test('a very long address is refused at once', () => {
  const long = '"'.concat('\\"'.repeat(500_000), '"@example.org');
  assert.equal(parseMailbox(long).ok, false);
});

test('bounce+ and reply+ are ours, with or without a token', () => {
  assert.deepEqual(specialLocal('bounce+k3.0-abc'), { purpose: 'bounce', token: 'k3.0-abc' });
  assert.deepEqual(specialLocal('REPLY+ABC'), { purpose: 'reply', token: 'abc' });
  assert.deepEqual(specialLocal('reply+no token'), { purpose: 'reply' });
  assert.deepEqual(specialLocal(`bounce+${'a'.repeat(58)}`), { purpose: 'bounce' });
  assert.equal(specialLocal('bounces+1'), undefined);
  assert.equal(specialLocal('anna'), undefined);
});
