/**
 * A whole switch in memory for the acceptance tables: real core, accounts, workers and inbox;
 * loopback channels under the names a table uses; a clock that moves only when told.
 */

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Channel } from '../../actors/channel.js';
import { inbox } from '../../actors/channels/inbox/index.js';
import { createLoopback } from '../../actors/channels/loopback/index.js';
import { LoopbackPeer } from '../../actors/channels/loopback/peer.js';
import type { Log } from '../../actors/machinery.js';
import type { Changed } from '../../runtime/accounts.js';
import { createMemoryBus } from '../../runtime/bus/memory.js';
import { loadConfig } from '../../runtime/config.js';
import { createMemoryStore } from '../../runtime/store/memory.js';
import type { Store } from '../../runtime/store/store.js';
import { type RunningSwitch, startSwitch } from '../../runtime/switch.js';
import type { Account, ProfileStep } from '../../schemas/account.js';
import type { SwitchConfig } from '../../schemas/config.js';
import { messageKey } from '../../schemas/identifier.js';
import type { HistoryEntry, MessageDocument } from '../../schemas/message.js';
import { type ManualClock, manualClock } from '../harness/manual-clock.js';

const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };
/** Rounds of "everything that runs has ended" before a condition is given up. */
const ROUNDS_MAX = 2_000;

export interface TestSwitch extends RunningSwitch {
  readonly clock: ManualClock;
  /** All devices of all loopback channels, by channel. */
  peer(channel: string): LoopbackPeer;
  /** Sends to an address of the first channel; the message's key. */
  send(to: string, more?: { readonly subject?: string; readonly from?: string }): Promise<string>;
  /** Moves the clock by `stepMs` until the message is in the state. */
  until(key: string, state: string, stepMs?: number): Promise<MessageDocument>;
  /** Waits until nothing runs, at the time it is. */
  settle(): Promise<void>;
  read(key: string): Promise<MessageDocument>;
  /** Messages that a subscriber can read: what its inbox keeps, and what waits for it. */
  messagesOf(account: string): Promise<readonly MessageDocument[]>;
  history(key: string): Promise<readonly HistoryEntry[]>;
}

export function must(changed: Changed): Account {
  assert.ok(changed.ok, changed.ok ? '' : `${changed.code}: ${changed.message}`);
  return changed.account;
}

function configured(
  channels: readonly Channel<never>[],
  settings: Readonly<Record<string, string>>,
): SwitchConfig {
  const loaded = loadConfig({
    channels,
    flags: new Map(Object.entries(settings)),
    environment: {},
    directory: import.meta.dirname,
  });
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.problems.join('\n'));
  return loaded.config;
}

/** Starts a switch with these loopback channels, and stops it after the test. */
export async function aSwitch(
  t: TestContext,
  names: readonly string[],
  settings: Readonly<Record<string, string>> = {},
  store: Store = createMemoryStore(),
): Promise<TestSwitch> {
  const clock = manualClock();
  const peers = new Map(names.map((name) => [name, new LoopbackPeer()]));
  const loopbacks = names.map((name) => createLoopback(name, peers.get(name)));
  const channels: Channel<never>[] = [...loopbacks, inbox];
  const config = configured(channels, settings);
  const bus = createMemoryBus();
  const running = await startSwitch({ config, clock, store, bus, channels, log: SILENT });
  t.after(async () => {
    await running.stop();
    await bus.close();
    await store.close();
  });

  const peer = (channel: string) => peers.get(channel) ?? assert.fail(`no channel ${channel}`);

  /** Timers of the system are not used: two turns of the loop end whatever is ready. */
  async function settle(): Promise<void> {
    for (let i = 0; i < 4; i += 1) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      await running.kernel.idle();
    }
  }

  async function read(key: string): Promise<MessageDocument> {
    const document = await running.kernel.read(key);
    assert.ok(document, `no message ${key}`);
    return document;
  }

  return {
    ...running,
    clock,
    peer,
    settle,
    read,
    async messagesOf(account) {
      const keys = await store.list(`inbox/${account}`, { limit: 100, order: 'ascending' });
      return Promise.all(keys.map(read));
    },
    history: (key) => running.kernel.history(key),
    async send(to, { subject = 'Hello', from = 's1' } = {}) {
      const [first = ''] = names;
      const body = { mediaType: 'text/plain', text: 'Anybody there?' };
      const umf = { subject, body, priority: 'normal', securityLevel: 'normal' } as const;
      const answer = await peer(first).send({ from, to: [to], umf });
      assert.ok(answer.ok, answer.ok ? '' : answer.reason);
      await settle();
      return messageKey(answer.id, 0);
    },
    async until(key, state, stepMs = 1_000) {
      for (let i = 0; i < ROUNDS_MAX; i += 1) {
        await settle();
        const document = await read(key);
        if (document.state === state) return document;
        clock.advance(stepMs);
      }
      const { state: now } = await read(key);
      return assert.fail(`${key} is ${now} and never became ${state}`);
    },
  };
}

/** Opens the account `r` with an endpoint on each channel (of the channel's name) and a profile. */
export async function aSubscriber(
  on: TestSwitch,
  given: {
    readonly name: string;
    readonly address: { readonly channel: string; readonly value: string };
    readonly devices: readonly string[];
    readonly steps: readonly ProfileStep[];
    readonly lastResort?: 'inbox' | 'dead';
  },
): Promise<Account> {
  const { name, address, devices, steps, lastResort = 'inbox' } = given;
  const { id } = must(await on.accounts.create({ name, addresses: [address] }));
  for (const channel of devices) {
    const addresses = [{ channel, value: `${name}-${channel}` }];
    must(await on.accounts.addDevice(id, { name: channel, addresses }));
  }
  const profile = { id: 'test', name: 'Test', steps, confirms: 'any', lastResort } as const;
  must(await on.accounts.putProfile(id, profile));
  return must(await on.accounts.setActive(id, { profile: 'test' }));
}
