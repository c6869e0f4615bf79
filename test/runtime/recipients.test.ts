/** Whom a person's text means, also while the directory cannot say. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { email } from '../../actors/channels/email/index.js';
import type { Found } from '../../actors/machinery.js';
import { recipientFrom } from '../../runtime/recipients.js';

function people(found: Found) {
  return {
    accounts: { find: async () => undefined, get: async () => undefined },
    directory: { find: async () => found, account: async () => undefined },
    channels: [email as never],
  };
}

describe('an address that a person writes', () => {
  it('leads outside when it is nobody of ours', async () => {
    const to = await recipientFrom(people({ kind: 'nobody' }), 'ada@example.org');
    assert.deepEqual(to, { kind: 'outside', via: { channel: 'email', value: 'ada@example.org' } });
  });

  it('leads nowhere while the directory cannot say whose it is', async () => {
    const unknown = people({ kind: 'tryLater', reason: 'the directory cannot be read' });
    await assert.rejects(recipientFrom(unknown, 'ada@example.org'), /cannot be read/);
  });
});
