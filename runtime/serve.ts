/**
 * One process that serves: store, bus, web door, switch, console, control socket, logs and metrics,
 * opened in this order and closed in the reverse one.
 *
 * Invariants: the data directory's lock is held before anything listens; the web door listens
 * before the switch starts, so that it can say so; the operator's account exists before the first
 * message can die; a failed flush ends the process with exit 1.
 */

import type { Channel } from '../actors/channel.js';
import type { Clock, Log } from '../actors/machinery.js';
import type { MachineEntry } from '../actors/machines.js';
import type { Account } from '../schemas/account.js';
import type { SwitchConfig } from '../schemas/config.js';
import type { DemoHints } from '../schemas/console.js';
import { timeOfIdentifier } from '../schemas/identifier.js';
import { readAccount } from './account-documents.js';
import type { Accounts } from './accounts.js';
import type { Bus } from './bus/bus.js';
import { createMemoryBus } from './bus/memory.js';
import { createConsole } from './console/create-console.js';
import { createFeed, type Feed } from './console/feed.js';
import { createRates, type Rates } from './console/rates.js';
import { type Answer, serveControl } from './control.js';
import type { Core, CoreParts } from './core.js';
import { createGateway } from './gateway/create-gateway.js';
import type { Gateway } from './gateway/gateway.js';
import { giveHomeAddresses } from './home-addresses.js';
import { DEAD_ROW, QUEUE_ROWS } from './messages.js';
import { createMetrics, type Metrics, type QueueCount } from './metrics.js';
import { operateOn } from './operations/index.js';
import type { Sessions } from './sessions.js';
import { createSessions, signInUrl } from './sessions-in-store.js';
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
  /** What the demo account's first page shows; undefined while there is no such account. */
  readonly demo?: (account?: Account) => DemoHints | undefined;
  /** What the page can draw; absent: the registry's. */
  readonly machines?: readonly MachineEntry[];
  readonly around?: Around;
}

/** Who watches a whole process from its ports: tests do. */
export interface Around {
  store(store: Store): Store;
  bus(bus: Bus): Bus;
  flushing(): void;
  flushed(): void;
  readonly stepped: NonNullable<CoreParts['stepped']>;
  readonly sweep: NonNullable<CoreParts['sweep']>;
}

export interface Serving {
  readonly running: RunningSwitch;
  /** By channel, and `http`. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Where browsers find the page; absent: there is none. */
  readonly url?: string;
  readonly store: Store;
  reload(): Promise<Answer>;
  /** A link that signs this account in once; undefined: there is no page. */
  signInLink(accountId: string): Promise<string | undefined>;
  /** Drains, then closes; resolves in any case once `drainMs` is over. */
  stop(): Promise<void>;
}

/** Opens everything; what was opened is closed again when a later part cannot be. */
export async function serve(parts: ServeParts): Promise<Serving> {
  const { config, clock, log } = parts;
  const startedAt = clock.now();
  const metrics = createMetrics({ version: version(), node: process.version });
  const store = openStore(parts, metrics);
  const opened: (() => Promise<unknown>)[] = [() => store.close()];
  let isClosing = false;
  const close = async (): Promise<void> => {
    isClosing = true;
    for (const one of opened.splice(0).reverse()) await one();
  };
  try {
    const bus = openBus(parts);
    opened.push(() => bus.close());
    const aside = new Aside(clock);
    opened.push(() => aside.stop());
    const sessions = createSessions({
      store,
      clock,
      account: async (id) => (await readAccount(store, id))?.account,
      idleMs: config.http.sessionIdleMs,
      lastsMs: config.http.sessionMs,
    });
    let running: RunningSwitch | undefined;
    const notReady = (): string => {
      if (isClosing) return 'stopping';
      return running === undefined ? 'starting' : (running.status().refusing ?? '');
    };
    const gateway = await openGateway(parts, metrics, notReady);
    if (gateway !== undefined) opened.push(() => gateway.stop());
    const feed = createFeed(clock);
    const rates = createRates(clock);
    const watched = watchedBy(parts, { metrics, feed, rates, sessions });
    const pace = parts.around === undefined ? {} : { sweep: parts.around.sweep };
    const ports = { clock, store, bus, log, aside };
    const switchParts = { config, channels: parts.channels, ...ports, ...pace };
    const door = gateway === undefined ? {} : { door: (name: string) => gateway.doorOf(name) };
    running = await startSwitch({ ...switchParts, ...watched, ...door }, (core) =>
      prepareAccounts(parts, store, core),
    );
    const { stop } = running;
    opened.push(() => stop());
    metrics.queueFrom(() => countQueue(store, clock.now()));
    const url = gateway?.url ?? '';
    if (gateway !== undefined) {
      const { channels, demo, machines } = parts;
      const shared = { running, store, clock, log, config, channels, sessions, feed, rates };
      const given = { ...(demo && { demo }), ...(machines && { machines }) };
      const console = createConsole({ ...shared, url, startedAt, ...given });
      opened.push(() => console.stop());
      gateway.open(console, { sessions, authenticator: running.authenticator });
      opened.push(() => gateway.shut());
    }
    return await served(parts, { running, store, sessions, gateway, startedAt, opened, close });
  } catch (error) {
    await close();
    throw error;
  }
}

function openStore({ config, clock, onFatal, around }: ServeParts, metrics: Metrics): Store {
  const store = openEmbeddedStore({
    directory: config.data,
    clock,
    limits: config.disk,
    onFatal,
    onFlushing: () => around?.flushing(),
    onFlush({ tookMs }) {
      metrics.flushed(tookMs);
      around?.flushed();
    },
  });
  return around?.store(store) ?? store;
}

function openBus({ around }: ServeParts): Bus {
  const bus = createMemoryBus();
  return around?.bus(bus) ?? bus;
}

/** What was opened, as the command line and the control socket reach it. */
async function served(
  parts: ServeParts,
  given: {
    readonly running: RunningSwitch;
    readonly store: Store;
    readonly sessions: Sessions;
    readonly gateway: Gateway | undefined;
    readonly startedAt: number;
    readonly opened: (() => Promise<unknown>)[];
    readonly close: () => Promise<void>;
  },
): Promise<Serving> {
  const { running, store, sessions, gateway, startedAt, opened, close } = given;
  const { config, clock, channels } = parts;
  const http = gateway === undefined ? {} : { http: gateway.address };
  const addresses = { ...running.addresses, ...http };
  const reload = async (): Promise<Answer> => reloaded(parts, running);
  const status = () => ({ ...running.status(), addresses, pid: process.pid, startedAt });
  const signInLink = async (accountId: string): Promise<string | undefined> =>
    gateway && signInUrl(gateway.url, await sessions.makeLink(accountId));
  const ofRunning = { status, reload, signInLink };
  const operated = { core: running, store, clock, channels, running: ofRunning };
  const control = await serveControl({ data: config.data, operate: operateOn(operated) });
  opened.push(() => control.stop());
  const url = gateway === undefined ? {} : { url: gateway.url };
  const stop = () => within(clock, config.drainMs, close);
  return { running, addresses, ...url, store, reload, signInLink, stop };
}

async function openGateway(
  { config, clock, log }: ServeParts,
  metrics: Metrics,
  notReady: () => string,
): Promise<Gateway | undefined> {
  const { http } = config;
  if (http.listen === 'off') return undefined;
  return createGateway({
    http,
    clock,
    log,
    notReady: () => [notReady()].filter((reason) => reason !== ''),
    metrics: () => metrics.text(),
    refused: (reason) => metrics.refused(reason),
  });
}

/** Who is told of what the switch does. */
function watchedBy(
  { log, around }: ServeParts,
  given: {
    readonly metrics: Metrics;
    readonly feed: Feed;
    readonly rates: Rates;
    readonly sessions: Sessions;
  },
): Required<Pick<CoreParts, 'stepped' | 'attempted' | 'accountChanged'>> {
  const { metrics, feed, rates, sessions } = given;
  const traffic = observeTraffic(log, metrics);
  return {
    attempted: traffic.attempted,
    stepped(step) {
      traffic.stepped(step);
      rates.stepped(step);
      feed.stepped(step);
      around?.stepped(step);
    },
    accountChanged(id) {
      feed.accountChanged(id);
      sessions.accountChanged(id);
    },
  };
}

/** What must be there before the first message comes. */
async function prepareAccounts(
  { config, clock, log, channels }: ServeParts,
  store: Store,
  { accounts, defaultAddresses }: Core,
): Promise<void> {
  const { domain, operator } = config;
  await giveHomeAddresses({ accounts, store, clock, log, domain, channels, defaultAddresses });
  await openOperator(accounts, operator);
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
