/**
 * The switch of the crash matrix, a process of its own: `child.js CONFIG SINK_PORT [POINT]`. The
 * real switch on the embedded store, the email channel on real sockets, crash points around it all.
 * With POINT it dies there, at its start or whenever it comes to it.
 *
 * Its parent speaks to it by messages: a `Request`, answered by `{answer}` when it is done.
 */

import { channels } from '../../actors/channels/index.js';
import type { Log } from '../../actors/machinery.js';
import { createMemoryBus } from '../../runtime/bus/memory.js';
import { systemClock } from '../../runtime/clock.js';
import { openEmbeddedStore } from '../../runtime/store/embedded.js';
import { startSwitch } from '../../runtime/switch.js';
import type { SwitchConfig } from '../../schemas/config.js';
import type { MessageDocument } from '../../schemas/message.js';
import { Points } from './points.js';
import { openSubscribers } from './subscribers.js';
import { changingSites, watchBus, watchSockets, watchStore } from './wrapping.js';

export type Request =
  | { readonly do: 'open subscribers' }
  | { readonly do: 'begin'; readonly deadly: string | undefined }
  /** Until nothing is open but what is held for a person. */
  | { readonly do: 'drain' }
  | { readonly do: 'points' }
  | { readonly do: 'changing sites' }
  | { readonly do: 'release'; readonly key: string }
  /** Everything that may ever be removed, and a word to all workers. */
  | { readonly do: 'purge' }
  /** Answered by the points until then. */
  | { readonly do: 'stop' };

const SWEEP_MS = 15;
const OPEN_STATES = ['received', 'stored', 'routed', 'dispatched', 'confirmed', 'failed'];
const PURGE_ROWS = 1000;
const TELL_OPEN_MS = 10_000;

const [settings = '', sinkPort = '', deadly] = process.argv.slice(2);
const points = new Points();
points.begin(deadly);
watchSockets(points, Number(sinkPort));

const silent: Log = { debug() {}, info() {}, warn() {}, error: complain };
function complain(event: string, facts: object = {}): void {
  process.stderr.write(`${event} ${JSON.stringify(facts)}\n`);
}

const clock = systemClock();
// The edge: the parent wrote it from a validated configuration.
const config = JSON.parse(settings) as SwitchConfig;

const plainStore = openEmbeddedStore({
  directory: config.data,
  clock,
  limits: config.disk,
  onFatal: (error) => {
    throw error;
  },
  onFlushing: () => points.visit('before', 'flush'),
  onFlush: () => points.visit('after', 'flush'),
});
const store = watchStore(plainStore, points);
const plainBus = createMemoryBus();
const bus = watchBus(plainBus, points);

let steps = 0;
const waiting: (() => void)[] = [];
const running = await startSwitch({
  config,
  clock,
  store,
  bus,
  channels: channels.filter(({ name }) => name !== 'loopback'),
  log: silent,
  sweep: { everyMs: SWEEP_MS },
  stepped() {
    steps += 1;
    for (const wake of waiting.splice(0)) wake();
  },
});

/** Something is open that is not held for a person. */
async function isBusy(): Promise<boolean> {
  for (const state of OPEN_STATES) {
    const keys = await plainStore.list(`state/${state}`, { limit: 100, order: 'ascending' });
    for (const key of keys) {
      const stored = await plainStore.get(key);
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
  complain('idle', { depth: plainBus.depth(), underWay: [...running.kernel.delivering.underWay] });
  for (const state of OPEN_STATES) {
    const keys = await plainStore.list(`state/${state}`, { limit: 100, order: 'ascending' });
    for (const key of keys) complain('open', { now, document: (await plainStore.get(key))?.value });
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

async function purge(): Promise<void> {
  // Nothing in one process broadcasts yet; the method is a crash point all the same.
  bus.broadcast('crash', 'purge');
  const never = clock.now() + 2 * config.retention.archive;
  while ((await store.purge(never, PURGE_ROWS)) > 0);
}

async function stop(): Promise<readonly string[]> {
  await running.stop();
  await plainBus.close();
  await plainStore.close();
  return points.seen;
}

async function answerTo(request: Request): Promise<unknown> {
  switch (request.do) {
    case 'open subscribers':
      return openSubscribers(running.accounts, config.operator);
    case 'begin':
      return points.begin(request.deadly);
    case 'drain':
      return drain();
    case 'points':
      return points.seen;
    case 'changing sites':
      return [...changingSites('store', plainStore), ...changingSites('bus', plainBus)];
    case 'release':
      return release(request.key);
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
process.send?.({ ready: running.addresses['email'] });
