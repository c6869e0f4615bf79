/** The plain form: for whom it is there, what it takes, and that its pages hold nothing foreign. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Surroundings, surroundings } from './surroundings.js';

const FIELDS = { to: 'ben', text: 'Hello', reference: 'f1' };

function post({ door }: Surroundings, fields: Record<string, string>) {
  return door.post('form', new URLSearchParams({ ...FIELDS, ...fields }));
}

describe('the plain form', () => {
  it('shows no script and nothing remote; what is asked for stands in it as text', async (t) => {
    const here = await surroundings(t, { config: { form: 'everybody' } });
    const page = await here.door.get('form', undefined, { to: 'ben' });
    assert.equal(page.status, 200);
    assert.match(String(page.body), /A message for ben.*name="reply"/s);
    assert.doesNotMatch(String(page.body), /<script|src=|href=|url\(/);
    assert.match(page.headers?.['content-security-policy'] ?? '', /^default-src 'none'; style-src/);
    const evil = await here.door.get('form', undefined, { to: '"><script>' });
    assert.equal(evil.status, 404);
    assert.doesNotMatch(String(evil.body), /<script/);
  });

  it('is not there where the settings say off, nor for strangers by default', async (t) => {
    const off = await surroundings(t, { config: { form: 'off' } });
    assert.equal((await off.door.get('form', off.anna, { to: 'ben' })).status, 404);
    assert.equal((await post(off, {})).status, 404);
    const here = await surroundings(t);
    assert.equal((await here.door.get('form', undefined, { to: 'ben' })).status, 401);
    assert.equal((await post(here, {})).status, 401);
    assert.equal(here.memory.taken.length, 0);
    const own = await here.door.post('form', new URLSearchParams(FIELDS), here.anna);
    assert.equal(own.status, 200);
    assert.equal(here.memory.taken[0]?.submission.sender.account, 'anna');
  });

  it('from a stranger is unverified, cannot be answered, goes to a subscriber', async (t) => {
    const here = await surroundings(t, { config: { form: 'everybody' } });
    const more = { name: 'Eve\r\nX', reply: 'eve@example.org', inReplyTo: 'msg/1', priority: 'x' };
    assert.equal((await post(here, more)).status, 200);
    const { sender, recipients, content } = here.memory.taken[0]?.submission ?? assert.fail();
    assert.deepEqual(sender, {
      name: 'Eve X',
      verification: { verified: false, how: 'plain form, not signed in' },
    });
    assert.deepEqual(
      recipients.map(({ to }) => to.via.value),
      ['ben'],
    );
    assert.ok(content.kind === 'umf');
    assert.match(content.umf.body.text ?? '', /^Hello\n\n-- \n.*eve@example\.org$/);
  });

  it('never leads outside, whatever the text leads to elsewhere', async (t) => {
    const here = await surroundings(t, { config: { form: 'everybody' } });
    const you = { kind: 'outside', via: { channel: 'email', value: 'you@example.org' } } as const;
    here.people.set('you@example.org', you);
    assert.equal((await post(here, { to: 'you@example.org' })).status, 404);
    assert.equal(here.memory.taken.length, 0);
  });

  it('takes so many a minute from one network, and others still', async (t) => {
    const config = { form: 'everybody', limits: { formPerPeerPerMinute: 2 } };
    const here = await surroundings(t, { config });
    const from = async (peer: string) => {
      const form = new URLSearchParams(FIELDS).toString();
      const contentType = 'application/x-www-form-urlencoded';
      const body = () => Promise.resolve(Buffer.from(form));
      const request = { method: 'POST', path: 'form', contentType, body, peer } as const;
      return (await here.door.request(request)).status;
    };
    const peers = ['2001:db8::1', '2001:db8:0:0:ffff::2', '2001:db8::3', '2001:db8:0:1::1'];
    const told: number[] = [];
    for (const peer of peers) told.push(await from(peer));
    assert.deepEqual(told, [200, 200, 429, 200]);
    here.clock.advance(60_000);
    assert.equal(await from('2001:db8::1'), 200);
  });
});
