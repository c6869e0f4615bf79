/**
 * The switch of the crash matrix, a process of its own: `child.js CONFIG PORTS [POINT]`. All that
 * `start` runs, on the embedded store and real sockets, crash points around it all. PORTS names the
 * ports of the other sides. With POINT it dies there, at its start or whenever it comes to it.
 *
 * Its parent speaks to it by messages: a `Request`, answered by `{answer}` when it is done.
 */

import { channels } from '../../actors/channels/index.js';
import type { Log } from '../../actors/machinery.js';
import type { Bus } from '../../runtime/bus/bus.js';
import { systemClock } from '../../runtime/clock.js';
import { type Around, serve } from '../../runtime/serve.js';
import type { Store } from '../../runtime/store/store.js';
import type { SwitchConfig } from '../../schemas/config.js';
import type { MessageDocument } from '../../schemas/message.js';
import { Points } from './points.js';
import { openSubscribers, type Subscriber } from './subscribers.js';
import { changingSites, watchBus, watchSockets, watchStore } from './wrapping.js';

export type Request =
  | { readonly do: 'open subscribers'; readonly subscribers: readonly Subscriber[] }
  | { readonly do: 'begin'; readonly deadly: string | undefined }
  /** Until nothing is open but what is held for a person. */
  | { readonly do: 'drain' }
  | { readonly do: 'points' }
  | { readonly do: 'changing sites' }
  | { readonly do: 'release'; readonly key: string }
  /** A link that signs this account in, once. */
  | { readonly do: 'link'; readonly name: string }
  /** Everything that may ever be removed, and a word to all workers. */
  | { readonly do: 'purge' }
  /** Answered by the points until then. */
  | { readonly do: 'stop' };

const SWEEP_MS = 15;
const OPEN_STATES = ['received', 'stored', 'routed', 'dispatched', 'confirmed', 'failed'];
const PURGE_ROWS = 1000;
const TELL_OPEN_MS = 10_000;

const [settings = '', ports = '', deadly] = process.argv.slice(2);
const points = new Points();
points.begin(deadly);
// The edge: the parent wrote both.
const config = JSON.parse(settings) as SwitchConfig;
const names = new Map<number, string>(JSON.parse(ports) as [number, string][]);
watchSockets(points, (port) => names.get(port));

const silent: Log = { debug() {}, info() {}, warn() {}, error: complain };
function complain(event: string, facts: object = {}): void {
  const told = (_: string, value: unknown) => (value instanceof Error ? value.stack : value);
  process.stderr.write(`${event} ${JSON.stringify(facts, told)}\n`);
}

let steps = 0;
const waiting: (() => void)[] = [];
const watched: { bus?: Bus } = {};
const around: Around = {
  store: (store: Store) => watchStore(store, points),
  bus(bus) {
    watched.bus = watchBus(bus, points);
    return watched.bus;
  },
  flushing: () => points.visit('before', 'flush'),
  flushed: () => points.visit('after', 'flush'),
  sweep: { everyMs: SWEEP_MS },
  stepped() {
    steps += 1;
    for (const wake of waiting.splice(0)) wake();
  },
};
const clock = systemClock();
const serving = await serve({
  config,
  clock,
  log: silent,
  channels,
  around,
  reload: () => ({ ok: false, problems: ['it never reads its settings anew'] }),
  onFatal(error) {
    throw error;
  },
});
const { running, store, addresses } = serving;
for (const [name, address] of Object.entries(addresses)) {
  const isDoor = !channels.some((channel) => channel.name === name);
  names.set(Number(address.slice(address.lastIndexOf(':') + 1)), isDoor ? 'door' : name);
}

/** Something is open that is not held for a person. */
async function isBusy(): Promise<boolean> {
  for (const state of OPEN_STATES) {
    const keys = await store.list(`state/${state}`, { limit: 100, order: 'ascending' });
    for (const key of keys) {
      const stored = await store.get(key);
      if (stored === undefined) continue;
      // The store's edge: what stands under a message's row is a message.
      if ((stored.value as MessageDocument).state !== 'routed.held') return true;
    }
  }
  return false;
}

/** What takes so long is told, for whoever must find out why. */
async function drain(): Promise<void> {
  const late = setTimeout(() => void tellOpen(), TELL_OPEN_MS);
  await drained();
  clearTimeout(late);
}

async function tellOpen(): Promise<void> {
  const now = clock.now();
  const underWay = [...running.kernel.delivering.underWay];
  complain('idle', { depth: watched.bus?.depth(), underWay });
  for (const state of OPEN_STATES) {
    const keys = await store.list(`state/${state}`, { limit: 100, order: 'ascending' });
    for (const key of keys) complain('open', { now, document: (await store.get(key))?.value });
  }
}

async function drained(): Promise<void> {
  for (;;) {
    await running.kernel.idle();
    const before = steps;
    if (!(await isBusy())) return;
    if (steps === before) await new Promise<void>((wake) => waiting.push(wake));
  }
}

async function release(key: string): Promise<void> {
  const event = { type: 'RELEASE', at: clock.now(), id: `release of ${key}`, by: 'test' } as const;
  const applied = await running.kernel.observe(key, event);
  if (!applied.ok && applied.code !== 'MESSAGE_STATE') throw new Error(applied.message);
}

async function link(name: string): Promise<string | undefined> {
  const account = await running.accounts.find(name);
  return account && serving.signInLink(account.id);
}

async function purge(): Promise<void> {
  // Nothing in one process broadcasts yet; the method is a crash point all the same.
  watched.bus?.broadcast('crash', 'purge');
  const never = clock.now() + 2 * config.retention.archive;
  while ((await store.purge(never, PURGE_ROWS)) > 0);
}

async function stop(): Promise<readonly string[]> {
  await serving.stop();
  return points.seen;
}

async function answerTo(request: Request): Promise<unknown> {
  switch (request.do) {
    case 'open subscribers':
      return openSubscribers(running.accounts, request.subscribers);
    case 'begin':
      return points.begin(request.deadly);
    case 'drain':
      return drain();
    case 'points':
      return points.seen;
    case 'changing sites':
      return [...changingSites('store', store), ...changingSites('bus', watched.bus ?? {})];
    case 'release':
      return release(request.key);
    case 'link':
      return link(request.name);
    case 'purge':
      return purge();
    case 'stop':
      return stop();
  }
}

// The first round purges; it is not left to chance whether it does so in the midst of the load.
await running.kernel.sweep.round();
process.on('message', (request: Request) => {
  answerTo(request).then(
    (answer) => process.send?.({ answer }),
    (error: unknown) => process.send?.({ failure: String(error) }),
  );
});
process.on('disconnect', () => process.exit());
process.send?.({ ready: addresses });
