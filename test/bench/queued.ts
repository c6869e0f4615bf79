/**
 * A great many messages queued: one destination is down, its messages wait; what goes to another
 * destination must cost about as much as before. Then it comes up again, and all must arrive.
 *
 * Stages: cost with an empty queue → fill → cost with the full queue, memory → up → drained.
 */

import { type DnsServer, startDns } from '../harness/dns.js';
import type { Closing } from './closing.js';
import type { SwitchSettings } from './contenders.js';
import { forward, startPatchboard } from './contenders.js';
import { cpuMsOf, type Memory, memoryOf } from './process-cost.js';
import { flow, median, type Round } from './relay.js';
import type { Arrived } from './traffic.js';
import type { Traffic } from './traffic-process.js';

const UP = '127.0.0.1';
const DOWN = '127.0.0.2';
/** The destination's pause ends at the latest after five minutes; then the rest of the drain. */
const DRAIN_MS = 15 * 60_000;

export interface Queued {
  readonly queued: number;
  /** Messages accepted a second while the queue grew. */
  readonly fillPerSecond: number;
  readonly empty: readonly Round[];
  readonly full: readonly Round[];
  /** CPU of a message with the full queue ÷ with the empty one. */
  readonly growth: number;
  readonly memory: Memory;
  readonly memoryAtPeak: Memory;
  readonly drain: Arrived;
  /** From the destination's return to the last message. */
  readonly drainSeconds: number;
  readonly drainCpuMsPerMessage: number;
}

export interface QueuedPlan {
  readonly queued: number;
  readonly messages: number;
  readonly rounds: number;
  readonly sessions: number;
  readonly sinkPort: number;
  /** Time between trials; absent: the default policy. */
  readonly retry?: string | undefined;
  readonly profile?: string | undefined;
}

async function names(closing: Closing): Promise<DnsServer> {
  const dns = await startDns({
    'MX up.example': { preference: 10, exchange: 'mx.up.example' },
    'A mx.up.example': UP,
    'MX down.example': { preference: 10, exchange: 'mx.down.example' },
    'A mx.down.example': DOWN,
  });
  closing.after(() => dns.close());
  return dns;
}

async function startWithTwo(closing: Closing, plan: QueuedPlan) {
  const dns = await names(closing);
  const settings: SwitchSettings['settings'] = {
    'email.dnsServers': dns.address,
    'email.deliver.port': String(plan.sinkPort),
    ...(plan.retry !== undefined && { 'policy.email.retryMs': plan.retry }),
  };
  const down = await startPatchboard(
    closing,
    { settings, profile: plan.profile },
    'sink@down.example',
  );
  const address = { channel: 'email', value: 'up@patchboard.localhost' };
  await down.running.operate('account.create', { name: 'up', addresses: [address] });
  await forward(down.running, { account: 'up', to: 'sink@up.example' });
  return { down, up: { ...down, to: address.value } };
}

/** The whole scenario; the sink listens on UP already. */
export async function queue(closing: Closing, traffic: Traffic, plan: QueuedPlan): Promise<Queued> {
  const { queued, messages, rounds, sessions } = plan;
  const load = { messages, sessions, connections: 'reused' } as const;
  const { up, down } = await startWithTwo(closing, plan);
  const cost = async (name: string): Promise<Round[]> => {
    const done: Round[] = [];
    for (let n = 0; n < rounds; n += 1) {
      done.push(await flow(traffic, up, { ...load, run: `${name}${n}` }));
    }
    return done;
  };
  await cost('warming');
  const empty = await cost('empty');
  const fill = await traffic.send({ ...load, ...down, messages: queued, run: 'queue' });
  const memoryAtPeak = memoryOf(down.pid);
  const full = await cost('full');
  const memory = memoryOf(down.pid);
  await traffic.listen(DOWN, plan.sinkPort);
  const cpuBefore = cpuMsOf(down.pid);
  const upAt = performance.now();
  const drain = await traffic.arrived('queue', DRAIN_MS);
  const drainSeconds = (performance.now() - upAt) / 1000;
  const cpu = (all: readonly Round[]): number => median(all.map((one) => one.cpuMsPerMessage));
  return {
    queued,
    fillPerSecond: queued / fill.seconds,
    empty,
    full,
    growth: cpu(full) / cpu(empty),
    memory,
    memoryAtPeak,
    drain,
    drainSeconds,
    drainCpuMsPerMessage: (cpuMsOf(down.pid) - cpuBefore) / queued,
  };
}
