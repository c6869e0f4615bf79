/** Stopping: what is under way is ended by its agent, and nothing is forgotten. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Channel } from '../../actors/channel.js';
import { inbox } from '../../actors/channels/inbox/index.js';
import { createLoopback } from '../../actors/channels/loopback/index.js';
import { LoopbackPeer } from '../../actors/channels/loopback/peer.js';
import type { Log } from '../../actors/machinery.js';
import { createMemoryBus } from '../../runtime/bus/memory.js';
import { loadConfig } from '../../runtime/config.js';
import { createMemoryStore } from '../../runtime/store/memory.js';
import { startSwitch } from '../../runtime/switch.js';
import { messageKey } from '../../schemas/identifier.js';
import type { MessageDocument } from '../../schemas/message.js';
import { manualClock } from '../harness/manual-clock.js';

const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** A promise and what resolves it. */
function signal() {
  let resolve: () => void = () => assert.fail('not made yet');
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

test('an attempt that hangs is ended by its agent, and the outcome is stored', async () => {
  const attempted = signal();
  const stopped = signal();
  const peer = new LoopbackPeer();
  const hanging: Channel<never> = {
    ...createLoopback('loopback', peer),
    deliver: () => ({
      limits: { capacity: 1, perLane: 1 },
      async deliver() {
        attempted.resolve();
        await stopped.promise;
        return { result: 'retry', status: '4.3.2', reason: 'stopping' };
      },
      lane: () => 'lane',
      paused: () => undefined,
      stop: async () => stopped.resolve(),
    }),
  };
  const channels: Channel<never>[] = [hanging, inbox];
  const settings = { flags: new Map(), environment: {}, directory: import.meta.dirname };
  const loaded = loadConfig({ channels, ...settings });
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.problems.join('\n'));
  const [store, bus, clock] = [createMemoryStore(), createMemoryBus(), manualClock()];
  const { config } = loaded;
  const running = await startSwitch({ config, clock, store, bus, channels, log: SILENT });
  const to = { channel: 'loopback', value: 'somebody' };
  const accepted = await running.kernel.accept({
    sender: { verification: { verified: true, how: 'a test' } },
    header: { priority: 'normal', size: 1 },
    origin: { channel: 'loopback', peer: 'a test', startedAt: 0 },
    hops: 0,
    recipients: [
      {
        to: { kind: 'outside', via: to },
        report: { success: false, failure: false, delay: false },
      },
    ],
    content: { kind: 'bytes', channel: 'loopback', bytes: Buffer.from('x') },
  });
  assert.ok(accepted.ok);
  accepted.proceed({ answered: true });
  await attempted.promise;
  await running.stop();
  const stored = await store.get(messageKey(accepted.id, 0));
  const document = stored?.value as MessageDocument | undefined;
  assert.equal(document?.state, 'dispatched.retrying');
});
