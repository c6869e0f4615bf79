/** The inbox keeps at once; the registry holds each channel once, with sound facts. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import Value from 'typebox/value';
import { keep } from '../../../../actors/channels/inbox/deliver.js';
import { inbox } from '../../../../actors/channels/inbox/index.js';
import { channels } from '../../../../actors/channels/index.js';
import { job } from '../../../harness/delivering.js';

it('a delivery to the inbox is kept, without a byte sent', async () => {
  const bytesSent = () => Promise.reject(new Error('asked'));
  const outcome = await keep().deliver(job({ bytesSent }));
  assert.equal(outcome.result, 'confirmed');
  assert.ok(outcome.result === 'confirmed' && outcome.level === 'kept');
});

it('the inbox of an account is its identifier', () => {
  assert.deepEqual(inbox.address('demo'), {
    ok: true,
    address: { channel: 'inbox', value: 'demo' },
  });
  assert.equal(inbox.address('de mo\r\n').ok, false);
});

it('every channel of the registry has a name of its own and defaults for all settings', () => {
  const names = channels.map((channel) => channel.name);
  assert.equal(new Set(names).size, names.length);
  for (const channel of channels) {
    const defaults = Value.Default(channel.config, {});
    assert.ok(Value.Check(channel.config, defaults), `${channel.name}: a setting has no default`);
  }
  assert.equal(channels.filter((channel) => channel.facts.keeps).length, 1);
});
