/**
 * The process beside the contender: load and sink in one, so that a mail's way is measured by one
 * clock and both cost every contender the same. Driven by its parent (traffic-process).
 *
 * Invariant: every mail is accounted for: `lost` were accepted and never arrived, `twice` arrived
 * again, `strange` arrived changed or unasked.
 */

import { identify, mailWith } from './mail.js';
import { BenchSink } from './sink.js';
import { send } from './source.js';

export type Order =
  | { readonly do: 'listen'; readonly host: string; readonly port: number }
  | { readonly do: 'close'; readonly host: string }
  | ({ readonly do: 'send' } & Sending)
  /** Waits until every accepted mail of the run has arrived. */
  | { readonly do: 'await'; readonly run: string };

export interface Sending {
  /** Names the run; begins the identifiers of its mails. */
  readonly run: string;
  readonly port: number;
  readonly to: string;
  readonly messages: number;
  readonly sessions: number;
  readonly connections: 'reused' | 'onePerMail';
}

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

export interface Sent {
  readonly seconds: number;
  readonly acceptMs: Percentiles;
}

export interface Arrived {
  /** From the first mail sent to the last one that arrived. */
  readonly seconds: number;
  /** From the first arrival to the last one. */
  readonly arrivingSeconds: number;
  /** From MAIL at the contender to the dot at the sink. */
  readonly endToEndMs: Percentiles;
  readonly arrived: number;
  readonly twice: number;
  readonly strange: number;
}

interface Run {
  readonly startedAt: number;
  readonly sentAt: Map<string, number>;
  readonly arrived: Set<string>;
  readonly tookMs: number[];
  readonly messages: number;
  firstAt: number | undefined;
  lastAt: number;
  twice: number;
  whole: (() => void) | undefined;
}

const runs = new Map<string, Run>();
const sinks = new Map<string, BenchSink>();
let strange = 0;

function take(content: Buffer): void {
  const id = identify(content);
  const run = id === undefined ? undefined : runs.get(id.slice(0, id.indexOf('.')));
  const sentAt = id === undefined ? undefined : run?.sentAt.get(id);
  if (id === undefined || run === undefined || sentAt === undefined) {
    strange += 1;
    return;
  }
  if (run.arrived.has(id)) {
    run.twice += 1;
    return;
  }
  run.arrived.add(id);
  run.lastAt = performance.now();
  run.firstAt ??= run.lastAt;
  run.tookMs.push(run.lastAt - sentAt);
  if (run.arrived.size === run.messages) run.whole?.();
}

function percentiles(numbers: readonly number[]): Percentiles {
  const sorted = Float64Array.from(numbers).sort();
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

async function sendAll(order: Sending): Promise<Sent> {
  const { port, to, sessions, connections, messages } = order;
  const startedAt = performance.now();
  const run: Run = {
    startedAt,
    sentAt: new Map(),
    arrived: new Set(),
    tookMs: [],
    messages,
    firstAt: undefined,
    lastAt: startedAt,
    twice: 0,
    whole: undefined,
  };
  runs.set(order.run, run);
  const acceptMs: number[] = [];
  await send({
    port,
    to,
    sessions,
    connections,
    next() {
      if (run.sentAt.size >= messages) return undefined;
      const id = `${order.run}.${run.sentAt.size}`;
      run.sentAt.set(id, performance.now());
      return { id, bytes: mailWith(id) };
    },
    accepted: (_, tookMs) => acceptMs.push(tookMs),
  });
  const seconds = (performance.now() - startedAt) / 1000;
  return { seconds, acceptMs: percentiles(acceptMs) };
}

async function awaitRun(name: string): Promise<Arrived> {
  const run = runs.get(name);
  if (run === undefined) throw new Error(`there is no run ${name}`);
  if (run.arrived.size < run.messages) {
    await new Promise<void>((resolve) => {
      run.whole = resolve;
    });
  }
  return {
    seconds: (run.lastAt - run.startedAt) / 1000,
    arrivingSeconds: (run.lastAt - (run.firstAt ?? run.lastAt)) / 1000,
    endToEndMs: percentiles(run.tookMs),
    arrived: run.arrived.size,
    twice: run.twice,
    strange,
  };
}

async function obey(order: Order): Promise<unknown> {
  if (order.do === 'send') return sendAll(order);
  if (order.do === 'await') return awaitRun(order.run);
  if (order.do === 'close') {
    await sinks.get(order.host)?.close();
    return sinks.delete(order.host);
  }
  const sink = await BenchSink.open(order, take);
  sinks.set(order.host, sink);
  return sink.port;
}

process.on('message', ({ number, order }: { number: number; order: Order }) => {
  obey(order).then(
    (result) => process.send?.({ number, result }),
    (error: unknown) => process.send?.({ number, error: String(error) }),
  );
});
// The parent is gone: so is this.
process.on('disconnect', () => process.exit(0));
