/**
 * Metrics for Prometheus. Names are a promise to operators' dashboards: they are all here.
 * Invariant: labels are channels, outcomes, states and stages; never an id or an address.
 */

import { Counter, Gauge, Histogram, Registry } from 'prom-client';

const SECONDS_PER_MS = 1 / 1000;
/** From half a millisecond, a flush on a good disk, to two minutes, a slow peer's time-out. */
const DURATION_BUCKETS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120,
];

export interface QueueCount {
  readonly state: string;
  readonly channel: string;
  readonly messages: number;
  readonly oldestAgeMs: number;
}

export interface Metrics {
  accepted(channel: string): void;
  finished(outcome: string): void;
  attempted(attempt: { channel: string; outcome: string; tookMs: number }): void;
  handled(stage: string, tookMs: number): void;
  flushed(tookMs: number): void;
  /** A request or a page that the web door refused; reasons are a few fixed words. */
  refused(reason: string): void;
  /** Asked at every scrape. */
  queueFrom(count: () => Promise<{ queue: readonly QueueCount[]; dead: number }>): void;
  /** The exposition text and its content type. */
  text(): Promise<{ readonly type: string; readonly body: string }>;
}

/** Counters of one switch; several switches in one process do not share them. */
export function createMetrics(build: { readonly version: string; readonly node: string }): Metrics {
  const registers = [new Registry()];
  const registry = registers[0] ?? new Registry();
  const counter = (name: string, help: string, labelNames: string[]): Counter =>
    new Counter({ name, help, labelNames, registers });
  const gauge = (name: string, help: string, labelNames: string[]): Gauge =>
    new Gauge({ name, help, labelNames, registers });
  const histogram = (name: string, help: string, labelNames: string[]): Histogram =>
    new Histogram({ name, help, labelNames, registers, buckets: DURATION_BUCKETS });

  const accepted = counter('patchboard_messages_accepted_total', 'Submissions accepted.', [
    'channel',
  ]);
  const finished = counter('patchboard_messages_finished_total', 'Messages that ended.', [
    'outcome',
  ]);
  const attempts = counter('patchboard_delivery_attempts_total', 'Attempts by their outcome.', [
    'channel',
    'outcome',
  ]);
  const delivery = histogram('patchboard_delivery_duration_seconds', 'Time of one attempt.', [
    'channel',
  ]);
  const handling = histogram('patchboard_handling_duration_seconds', 'Time in the switch.', [
    'stage',
  ]);
  const flush = histogram('patchboard_store_flush_seconds', 'Time until a write is durable.', []);
  const refused = counter('patchboard_http_refused_total', 'Refused by the web door.', ['reason']);
  const queue = gauge('patchboard_queue_messages', 'Unfinished messages.', ['state', 'channel']);
  const oldest = gauge('patchboard_queue_oldest_age_seconds', 'Age of the oldest of them.', [
    'state',
    'channel',
  ]);
  const dead = gauge('patchboard_dead_messages', 'Dead messages that wait for an operator.', []);
  gauge('patchboard_build_info', 'Always 1; labels say what runs.', ['version', 'node']).set(
    { ...build },
    1,
  );

  const acceptedBy = byLabel((channel) => accepted.labels({ channel }));
  const handlingBy = byLabel((stage) => handling.labels({ stage }));
  const deliveryBy = byLabel((channel) => delivery.labels({ channel }));
  let count: Parameters<Metrics['queueFrom']>[0] = async () => ({ queue: [], dead: 0 });
  return {
    accepted: (channel) => acceptedBy(channel).inc(),
    finished: (outcome) => finished.inc({ outcome }),
    attempted({ channel, outcome, tookMs }) {
      attempts.inc({ channel, outcome });
      deliveryBy(channel).observe(tookMs * SECONDS_PER_MS);
    },
    handled: (stage, tookMs) => handlingBy(stage).observe(tookMs * SECONDS_PER_MS),
    flushed: (tookMs) => flush.observe(tookMs * SECONDS_PER_MS),
    refused: (reason) => refused.inc({ reason }),
    queueFrom(asked) {
      count = asked;
    },
    async text() {
      const now = await count();
      queue.reset();
      oldest.reset();
      for (const { state, channel, messages, oldestAgeMs } of now.queue) {
        queue.set({ state, channel }, messages);
        oldest.set({ state, channel }, oldestAgeMs * SECONDS_PER_MS);
      }
      dead.set(now.dead);
      return { type: registry.contentType, body: await registry.metrics() };
    },
  };
}

/** Finding a metric by its label costs more than counting: each label is looked up once. */
function byLabel<Child>(find: (label: string) => Child): (label: string) => Child {
  const children = new Map<string, Child>();
  return (label) => {
    const known = children.get(label) ?? find(label);
    children.set(label, known);
    return known;
  };
}
