/** What a newcomer meets: the line to type, the demo account's limits, ports that are taken. */

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { channels } from '../../../actors/channels/index.js';
import {
  accountAddress,
  invitation,
  invitingChannel,
  isLoopback,
  runInvitation,
  shellText,
} from '../../../runtime/command-line/demo.js';
import { nextFree, probe } from '../../../runtime/command-line/ports.js';
import { startSwitch } from '../../harness/switch-process.js';

describe('the first message', () => {
  it('is sent by exactly the line that is printed', () => {
    const channel = invitingChannel(channels);
    assert.ok(channel !== undefined);
    const to = accountAddress(channel, 'demo', 'patchboard.localhost');
    const invited = invitation(channel, { listen: '127.0.0.1:2525', to });
    assert.ok(invited !== undefined);
    assert.equal(
      shellText(invited),
      'curl smtp://127.0.0.1:2525 --mail-from you@example.org ' +
        "--mail-rcpt demo@patchboard.localhost -H 'Subject: Hello' -F '=Anybody there?'",
    );
  });

  it('arrives when the switch runs that line itself', async (t) => {
    const running = await startSwitch(t);
    const channel = invitingChannel(channels);
    const listen = running.addresses[channel?.name ?? ''];
    assert.ok(channel !== undefined && listen !== undefined && running.demo !== undefined);
    const invited = invitation(channel, { listen, to: running.demo.address });
    assert.ok(invited !== undefined);
    assert.equal(await runInvitation(invited), undefined);
    const tracked = await running.command('track', 'last', '--wait');
    assert.equal(tracked.code, 0, tracked.stdout + tracked.stderr);
    assert.match(tracked.stdout, /"Hello" {2}you@example\.org/);
  });

  it('says what went wrong when the program is missing', async () => {
    const wrong = await runInvitation({ program: 'no-such-program', args: [] });
    assert.match(wrong ?? '', /no-such-program: spawn no-such-program ENOENT/);
  });
});

describe('a demo account', () => {
  it('is harmless only where this computer alone can connect', () => {
    assert.equal(isLoopback(['127.0.0.1:2525', '[::1]:2580', 'localhost:1']), true);
    for (const open of ['0.0.0.0:25', '[::]:25', '192.0.2.1:25', 'mail.example.org:25']) {
      assert.equal(isLoopback(['127.0.0.1:2580', open]), false, open);
    }
  });
});

describe('a taken port', () => {
  it('is told with its reason, and the next free one is found', async (t) => {
    const holder = createServer();
    await new Promise<void>((listening) => holder.listen(0, '127.0.0.1', listening));
    t.after(() => holder.close());
    const bound = holder.address();
    assert.ok(bound !== null && typeof bound === 'object');
    const taken = `127.0.0.1:${bound.port}`;
    const probed = await probe(taken);
    assert.ok(!probed.ok);
    assert.match(probed.reason, new RegExp(`^port ${bound.port} is held by `));
    const next = await nextFree(taken);
    assert.ok(next !== undefined && Number(next.split(':')[1]) > bound.port);
    assert.equal((await probe(next)).ok, true);
  });

  it('of an address that this computer does not have says so', async () => {
    const probed = await probe('192.0.2.1:2525');
    assert.deepEqual(probed, { ok: false, reason: 'this computer does not have that address' });
  });
});
