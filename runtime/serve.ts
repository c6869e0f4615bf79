/**
 * One process that serves: store, bus, switch, health, control socket, logs and metrics, opened in
 * this order and closed in the reverse one.
 *
 * Invariants: the data directory's lock is held before anything listens; the operator's account
 * exists before the first message can die; a failed flush ends the process with exit 1.
 */

import type { Channel } from '../actors/channel.js';
import type { Clock, Log } from '../actors/machinery.js';
import type { SwitchConfig } from '../schemas/config.js';
import { timeOfIdentifier } from '../schemas/identifier.js';
import type { Accounts } from './accounts.js';
import { createMemoryBus } from './bus/memory.js';
import { type Answer, serveControl } from './control.js';
import { type HealthServer, serveHealth } from './gateway/health.js';
import { giveHomeAddresses } from './home-addresses.js';
import { DEAD_ROW, QUEUE_ROWS } from './messages.js';
import { createMetrics, type Metrics, type QueueCount } from './metrics.js';
import { operateOn } from './operations/index.js';
import { openEmbeddedStore } from './store/embedded.js';
import type { Store } from './store/store.js';
import { type RunningSwitch, startSwitch } from './switch.js';
import { observeTraffic } from './traffic.js';
import { version } from './version.js';
import { Aside } from './workers/aside.js';

/** Messages counted at a scrape, of each state: counting must not hold up the switch. */
const COUNTED_MAX = 20_000;

export interface ServeParts {
  readonly config: SwitchConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly channels: readonly Channel<never>[];
  /** Reads the configuration anew and validates it. */
  reload(): { ok: true; config: SwitchConfig } | { ok: false; problems: readonly string[] };
  /** A flush failed: nothing is acknowledged any more. */
  onFatal(error: Error): void;
}

export interface Serving {
  readonly running: RunningSwitch;
  /** By channel, and `http`. */
  readonly addresses: Readonly<Record<string, string>>;
  readonly store: Store;
  reload(): Promise<Answer>;
  /** Drains, then closes; resolves in any case once `drainMs` is over. */
  stop(): Promise<void>;
}

/** Opens everything; what was opened is closed again when a later part cannot be. */
export async function serve(parts: ServeParts): Promise<Serving> {
  const { config, clock, log } = parts;
  const startedAt = clock.now();
  const metrics = createMetrics({ version: version(), node: process.version });
  const store = openEmbeddedStore({
    directory: config.data,
    clock,
    limits: config.disk,
    onFatal: parts.onFatal,
    onFlush: ({ tookMs }) => metrics.flushed(tookMs),
  });
  const opened: (() => Promise<unknown>)[] = [() => store.close()];
  const close = async (): Promise<void> => {
    for (const one of opened.splice(0).reverse()) await one();
  };
  try {
    const bus = createMemoryBus();
    opened.push(() => bus.close());
    const traffic = observeTraffic(log, metrics);
    const { channels } = parts;
    const aside = new Aside(clock);
    opened.push(() => aside.stop());
    const switchParts = { config, clock, store, bus, channels, log, aside, ...traffic };
    const running = await startSwitch(switchParts, async ({ accounts, defaultAddresses }) => {
      const { domain, operator } = config;
      await giveHomeAddresses({ accounts, store, clock, log, domain, defaultAddresses });
      await openOperator(accounts, operator);
    });
    opened.push(() => running.stop());
    metrics.queueFrom(() => countQueue(store, clock.now()));
    const health = await openHealth(config, running, metrics);
    if (health !== undefined) opened.push(() => health.stop());
    const addresses = {
      ...running.addresses,
      ...(health === undefined ? {} : { http: health.address }),
    };
    const reload = async (): Promise<Answer> => reloaded(parts, running);
    const status = () => ({ ...running.status(), addresses, pid: process.pid, startedAt });
    const operated = { core: running, store, clock, channels, running: { status, reload } };
    const control = await serveControl({ data: config.data, operate: operateOn(operated) });
    opened.push(() => control.stop());
    return { running, addresses, store, reload, stop: () => within(clock, config.drainMs, close) };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openHealth(
  config: SwitchConfig,
  running: RunningSwitch,
  metrics: Metrics,
): Promise<HealthServer | undefined> {
  const { listen } = config.http;
  if (listen === 'off') return undefined;
  return serveHealth({
    listen,
    notReady() {
      const reason = running.status().refusing;
      return reason === undefined ? [] : [reason];
    },
    metrics: () => metrics.text(),
  });
}

/** Dead messages reach operators by their own profiles: there is always one. */
async function openOperator(accounts: Accounts, name: string): Promise<void> {
  const [operator] = await accounts.list({ role: 'operator', limit: 1 });
  if (operator !== undefined) return;
  const created = await accounts.create({ name, roles: ['subscriber', 'operator'] });
  if (!created.ok) throw new Error(`No operator's account: ${created.message}`);
}

function reloaded(parts: ServeParts, running: RunningSwitch): Answer {
  const loaded = parts.reload();
  if (!loaded.ok) {
    parts.log.error('config.refused', { problems: loaded.problems });
    return { ok: false, code: 'CONFIG_INVALID', message: loaded.problems.join('\n') };
  }
  running.reload(loaded.config);
  parts.log.info('config.reloaded');
  return { ok: true, value: { reloaded: true } };
}

/** A stop that hangs must not keep the machine from going down. */
function within(clock: Clock, ms: number, run: () => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const limit = clock.after(ms, resolve);
    run().then(() => {
      limit.cancel();
      resolve();
    }, reject);
  });
}

/** Counts by keys alone: no document is read. */
async function countQueue(
  store: Store,
  now: number,
): Promise<{ queue: QueueCount[]; dead: number }> {
  const range = { limit: COUNTED_MAX, order: 'ascending' } as const;
  const queue: QueueCount[] = [];
  for (const row of QUEUE_ROWS) {
    const keys = await store.list(row, range);
    const [oldest] = keys;
    const since = oldest === undefined ? now : timeOfIdentifier(oldest.slice('msg/'.length));
    const state = row.slice('state/'.length);
    queue.push({ state, channel: '', messages: keys.length, oldestAgeMs: now - since });
  }
  return { queue, dead: (await store.list(DEAD_ROW, range)).length };
}
