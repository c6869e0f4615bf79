/**
 * The real switch in this process on the embedded store, for faults that are put between its parts:
 * email and inbox, whatever channels a test adds, and ports that it wraps.
 */

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Channel } from '../../actors/channel.js';
import { email } from '../../actors/channels/email/index.js';
import { inbox } from '../../actors/channels/inbox/index.js';
import type { Clock } from '../../actors/machinery.js';
import type { Changed } from '../../runtime/accounts.js';
import type { Bus } from '../../runtime/bus/bus.js';
import { createMemoryBus } from '../../runtime/bus/memory.js';
import { systemClock } from '../../runtime/clock.js';
import { loadConfig } from '../../runtime/config.js';
import { openEmbeddedStore } from '../../runtime/store/embedded.js';
import type { Store } from '../../runtime/store/store.js';
import { type RunningSwitch, startSwitch } from '../../runtime/switch.js';
import type { Account } from '../../schemas/account.js';
import { messageKey } from '../../schemas/identifier.js';
import type { MessageDocument } from '../../schemas/message.js';
import { atEnd } from '../harness/at-end.js';
import { temporaryFolder } from '../harness/files.js';
import { SmtpLine } from '../harness/smtp-line.js';

export const DOMAIN = 'faults.example';
const SWEEP_MS = 20;

export interface Parts {
  readonly channels?: readonly Channel<never>[];
  readonly settings?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  readonly wrapStore?: (store: Store) => Store;
  readonly wrapBus?: (bus: Bus) => Bus;
}

export interface FaultySwitch extends RunningSwitch {
  readonly store: Store;
  /** Events of the log at levels warn and error. */
  readonly complaints: readonly string[];
  /** A mail to `<name>@faults.example`; the answer to its dot, or the first refusal. */
  mail(name: string, token: string): Promise<string>;
  /** The message of the only recipient, when it is closed. */
  ended(answer: string): Promise<MessageDocument>;
  /** Resolves when `holds` does; looks after every stored step. */
  until(holds: () => Promise<boolean> | boolean): Promise<void>;
  /** A subscriber whose only endpoint is this address. */
  subscriber(name: string, address: { channel: string; value: string }): Promise<Account>;
}

function must(changed: Changed): Account {
  assert.ok(changed.ok, changed.ok ? '' : changed.message);
  return changed.account;
}

export async function aSwitch(t: TestContext, parts: Parts = {}): Promise<FaultySwitch> {
  const channels: Channel<never>[] = [inbox, email, ...(parts.channels ?? [])];
  const directory = temporaryFolder(t);
  const settings = {
    domain: DOMAIN,
    data: directory,
    'email.listen': '127.0.0.1:0',
    'email.verify.mode': 'off',
    'disk.reserveBytes': '0',
    ...parts.settings,
  };
  const flags = new Map(Object.entries(settings));
  const loaded = loadConfig({ channels, flags, environment: {}, directory });
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.problems.join('\n'));
  const clock = parts.clock ?? systemClock();
  const { config } = loaded;
  const plain = openEmbeddedStore({
    directory,
    clock,
    limits: config.disk,
    onFatal: (error) => assert.fail(error),
  });
  const store = parts.wrapStore?.(plain) ?? plain;
  const plainBus = createMemoryBus();
  const bus = parts.wrapBus?.(plainBus) ?? plainBus;
  const complaints: string[] = [];
  const complain = (event: string, facts: object = {}): void => {
    complaints.push(`${event} ${JSON.stringify(facts)}`);
  };
  const log = { debug() {}, info() {}, warn: complain, error: complain };
  const watchers = new Set<() => void>();
  const running = await startSwitch({
    ...{ config, clock, store, bus, channels, log },
    sweep: { everyMs: SWEEP_MS },
    stepped: () => {
      for (const look of watchers) look();
    },
  });
  atEnd(t, async () => {
    await running.stop();
    await plainBus.close();
    await plain.close();
  });
  return withWords(running, { store: plain, complaints, watchers });
}

function withWords(
  running: RunningSwitch,
  parts: {
    readonly store: Store;
    readonly complaints: readonly string[];
    readonly watchers: Set<() => void>;
  },
): FaultySwitch {
  const { store, complaints, watchers } = parts;
  const until = (holds: () => Promise<boolean> | boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        Promise.resolve(holds()).then((held) => {
          if (!held) return;
          watchers.delete(look);
          resolve();
        }, reject);
      };
      watchers.add(look);
      look();
    });
  const read = (answer: string): Promise<MessageDocument | undefined> =>
    running.kernel.read(messageKey(answer.trim().slice(-16), 0));
  return {
    ...running,
    store,
    complaints,
    until,
    async mail(name, token) {
      const line = SmtpLine.connect(running.addresses['email'] ?? '');
      await line.hello();
      const bytes = `Message-ID: <${token}>\r\nSubject: ${token}\r\n\r\nHello\r\n`;
      const to = `${name}@${DOMAIN}`;
      for (const ask of ['MAIL FROM:<a@example.org>', `RCPT TO:<${to}>`, 'DATA']) {
        const { code, text } = await line.ask(ask);
        if (code >= 400) return text;
      }
      line.write(bytes);
      const { text } = await line.ask('.');
      line.end();
      return text;
    },
    async ended(answer) {
      await until(async () => (await read(answer))?.closed === true);
      const document = await read(answer);
      assert.ok(document, answer);
      return document;
    },
    async subscriber(name, address) {
      const { id } = must(await running.accounts.create({ name }));
      must(await running.accounts.addDevice(id, { name: 'device', addresses: [address] }));
      const steps = [{ endpoints: ['device'] }];
      const profile = { id: 'p', name: 'P', steps, confirms: 'any', lastResort: 'inbox' } as const;
      must(await running.accounts.putProfile(id, profile));
      return must(await running.accounts.setActive(id, { profile: 'p' }));
    },
  };
}
