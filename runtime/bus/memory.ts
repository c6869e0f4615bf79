/**
 * The bus in memory: one process, a bounded window of hints.
 *
 * Stages: a hint waits in its queue under its lane → a worker with room takes lanes in turn → the
 * handler runs. Handlers start in a microtask, never inside `hint`; no timers, so a simulation
 * replays exactly.
 *
 * Invariants: at most `windowMax` hints wait in all, and of them at most a lane's share in one
 * lane, so a stalled destination cannot take the window from the others; what does not fit is
 * dropped, and the sweep brings it again (law 2). A key waits once in a queue; a second hint of it
 * gives the waiting one its newer copy.
 */

import type { Bus, Hint, Work } from './bus.js';

export interface MemoryBusOptions {
  /** Hints that wait, of all queues together. */
  readonly windowMax?: number;
  /** Hints that wait in one lane of one queue. */
  readonly laneMax?: number;
  /** Calls `run` once, later; a microtask by default. */
  readonly schedule?: (run: () => void) => void;
  /** A handler or subscriber threw: its bug, the hint is gone. */
  onHandlerError?(subject: string, error: unknown): void;
}

export interface MemoryBus extends Bus {
  /** What became of hints, since the start. */
  counts(): Readonly<Record<'taken' | 'dropped' | 'handlerErrors', number>>;
}

interface Worker {
  readonly capacity: number;
  readonly perLane: number;
  readonly handler: (hint: Hint) => Promise<void>;
  readonly runningByLane: Map<string, number>;
  running: number;
  stopped: boolean;
  whenIdle: (() => void)[];
}

interface Queue {
  /** In turn: a lane that was served goes to the end. Lanes without hints are not in it. */
  readonly lanes: Map<string, Map<string, Hint>>;
  /** The lane in which each key waits. */
  readonly laneOf: Map<string, string>;
  readonly workers: Worker[];
  scheduled: boolean;
}

const WINDOW_MAX = 16_384;
/** Hints of a lane that keep their copies; further ones are read again when their turn comes. */
const COPIES_MAX = 1024;
/** A lane may take a quarter of the window. */
const LANE_SHARE = 4;

export function createMemoryBus(options: MemoryBusOptions = {}): MemoryBus {
  const windowMax = options.windowMax ?? WINDOW_MAX;
  const laneMax = options.laneMax ?? Math.max(1, Math.floor(windowMax / LANE_SHARE));
  const schedule = options.schedule ?? queueMicrotask;
  const queues = new Map<string, Queue>();
  const counts = { taken: 0, dropped: 0, handlerErrors: 0 };
  let waiting = 0;
  let closed = false;

  const report = (subject: string, error: unknown): void => {
    counts.handlerErrors += 1;
    options.onHandlerError?.(subject, error);
  };
  const pump = (name: string, queue: Queue): void => {
    if (queue.scheduled) return;
    queue.scheduled = true;
    schedule(() => {
      queue.scheduled = false;
      for (const worker of queue.workers) {
        for (let hint = take(queue, worker); hint; hint = take(queue, worker)) {
          waiting -= 1;
          counts.taken += 1;
          const { lane } = hint;
          run(worker, hint, (error) => report(name, error)).then(() => {
            finish(worker, lane);
            pump(name, queue);
          });
        }
      }
    });
  };
  return {
    description: 'memory, one process',
    ...makeSubjects(schedule, report),
    hint(name, hint) {
      const queue = queueOf(queues, name);
      const kept = !closed && keep(queue, hint, { roomy: waiting < windowMax, laneMax });
      if (!kept) {
        counts.dropped += 1;
        return false;
      }
      if (kept === 'new') waiting += 1;
      pump(name, queue);
      return true;
    },
    work(name, limits, handler) {
      const queue = queueOf(queues, name);
      const worker = makeWorker(limits, handler);
      queue.workers.push(worker);
      pump(name, queue);
      return { stop: () => stopWorker(queue, worker) };
    },
    depth() {
      const depth: Record<string, number> = {};
      for (const [name, queue] of queues) depth[name] = queue.laneOf.size;
      return depth;
    },
    counts: () => ({ ...counts }),
    unhealthy: () => undefined,
    async close() {
      closed = true;
      const workers = [...queues.values()].flatMap((queue) =>
        queue.workers.map((worker) => stopWorker(queue, worker)),
      );
      await Promise.all(workers);
    },
  };
}

function makeWorker(
  limits: { readonly capacity: number; readonly perLane: number },
  handler: Worker['handler'],
): Worker {
  const { capacity, perLane } = limits;
  const idle = { runningByLane: new Map<string, number>(), running: 0, whenIdle: [] };
  return { capacity, perLane, handler, ...idle, stopped: false };
}

function queueOf(queues: Map<string, Queue>, name: string): Queue {
  let queue = queues.get(name);
  if (!queue) {
    queue = { lanes: new Map(), laneOf: new Map(), workers: [], scheduled: false };
    queues.set(name, queue);
  }
  return queue;
}

function keep(
  queue: Queue,
  hint: Hint,
  limits: { readonly roomy: boolean; readonly laneMax: number },
): 'new' | 'known' | false {
  const waitsIn = queue.laneOf.get(hint.key);
  if (waitsIn !== undefined) {
    // It stays in its place in the lane it came with; only the copy is newer.
    queue.lanes.get(waitsIn)?.set(hint.key, { ...hint, lane: waitsIn });
    return 'known';
  }
  const lane = queue.lanes.get(hint.lane);
  if (!limits.roomy || (lane?.size ?? 0) >= limits.laneMax) return false;
  if (lane) lane.set(hint.key, lane.size < COPIES_MAX ? hint : withoutCopy(hint));
  else queue.lanes.set(hint.lane, new Map([[hint.key, hint]]));
  queue.laneOf.set(hint.key, hint.lane);
  return 'new';
}

function withoutCopy({ key, lane }: Hint): Hint {
  return { key, lane };
}

/** The oldest hint of the first lane in turn that has room. */
function take(queue: Queue, worker: Worker): Hint | undefined {
  if (worker.stopped || worker.running >= worker.capacity) return undefined;
  for (const [name, lane] of queue.lanes) {
    if ((worker.runningByLane.get(name) ?? 0) >= worker.perLane) continue;
    const [hint] = lane.values();
    if (!hint) continue;
    lane.delete(hint.key);
    queue.laneOf.delete(hint.key);
    queue.lanes.delete(name);
    if (lane.size > 0) queue.lanes.set(name, lane);
    return hint;
  }
  return undefined;
}

async function run(worker: Worker, hint: Hint, report: (error: unknown) => void): Promise<void> {
  worker.running += 1;
  worker.runningByLane.set(hint.lane, (worker.runningByLane.get(hint.lane) ?? 0) + 1);
  try {
    await worker.handler(hint);
  } catch (error) {
    report(error);
  }
}

function finish(worker: Worker, lane: string): void {
  worker.running -= 1;
  const left = (worker.runningByLane.get(lane) ?? 1) - 1;
  if (left > 0) worker.runningByLane.set(lane, left);
  else worker.runningByLane.delete(lane);
  if (worker.running === 0) for (const resolve of worker.whenIdle.splice(0)) resolve();
}

function stopWorker(queue: Queue, worker: Worker): Promise<void> {
  worker.stopped = true;
  const at = queue.workers.indexOf(worker);
  if (at >= 0) queue.workers.splice(at, 1);
  if (worker.running === 0) return Promise.resolve();
  return new Promise((resolve) => worker.whenIdle.push(resolve));
}

function makeSubjects(
  schedule: (run: () => void) => void,
  report: (subject: string, error: unknown) => void,
): Pick<Bus, 'broadcast' | 'subscribe'> {
  const subscribers = new Map<string, Set<(payload: unknown) => void>>();
  return {
    broadcast(subject, payload) {
      schedule(() => {
        for (const handler of [...(subscribers.get(subject) ?? [])]) {
          try {
            handler(payload);
          } catch (error) {
            report(subject, error);
          }
        }
      });
    },
    subscribe(subject, handler): Work {
      const handlers = subscribers.get(subject) ?? new Set();
      // A wrapper of its own: the same function may subscribe twice.
      const own = (payload: unknown): void => handler(payload);
      subscribers.set(subject, handlers.add(own));
      return {
        async stop() {
          handlers.delete(own);
        },
      };
    },
  };
}
