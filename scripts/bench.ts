/**
 * `npm run bench`: what the switch costs beside its own libraries without a store and beside
 * Debian's postfix, in one run on one machine; what it costs with a long queue.
 *
 *   --rounds 5        rounds of each contender, by turns; medians are printed
 *   --messages 4000   mails of a round
 *   --queued 100000   mails for a destination that is down; 0 leaves the part out
 *   --subscribers 1000  open pages that one mail is shown on; 0 leaves the part out
 *   --sessions 20     connections of the load, and to the sink
 *   --without-postfix leaves postfix out; without it, missing postfix is a failure
 *   --profile FOLDER  CPU profiles of the switch are written there
 *
 * Exit code 1 when a mail was lost, arrived twice or changed, or a target was missed.
 */

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Closing } from '../test/bench/closing.js';
import {
  type Contender,
  type SwitchContender,
  startDebianPostfix,
  startLibraries,
  startPatchboard,
} from '../test/bench/contenders.js';
import { queue } from '../test/bench/queued.js';
import { relay } from '../test/bench/relay.js';
import {
  judgeRelay,
  NOT_MEASURED,
  queuedLines,
  relayLines,
  settingsLines,
  subscribersLines,
} from '../test/bench/report.js';
import { subscribers } from '../test/bench/subscribers.js';
import { startTraffic, type Traffic } from '../test/bench/traffic-process.js';
import { need } from './services.js';

const SINK_HOST = '127.0.0.1';
/** Mails of a round to warm up, and of the rounds with new connections, by those of a round. */
const WARM_UP = 0.5;
const SHARE_OF_NEW_CONNECTIONS = 0.25;
const QUEUE_ROUNDS = 3;

export interface BenchOptions {
  readonly rounds: number;
  readonly messages: number;
  readonly queued: number;
  readonly subscribers: number;
  readonly sessions: number;
  readonly postfix: 'required' | 'leftOut';
  /** Time between trials of what is queued; absent: the default policy. */
  readonly retry?: string;
  readonly profile?: string | undefined;
  readonly print: (line: string) => void;
}

/** Runs everything; resolves to what was promised and not reached. */
export async function runBench(options: BenchOptions): Promise<readonly string[]> {
  const closing = new Closing();
  try {
    const traffic = startTraffic(closing);
    const sinkPort = await traffic.listen(SINK_HOST, 0);
    const missed = await compare(closing, traffic, { ...options, sinkPort });
    if (options.queued > 0) {
      const { queued, messages, sessions, retry, profile } = options;
      const plan = { queued, messages, sessions, retry, profile, sinkPort, rounds: QUEUE_ROUNDS };
      const judged = queuedLines(await queue(closing, traffic, plan));
      for (const line of judged.lines) options.print(line);
      missed.push(...judged.missed);
    }
    if (options.subscribers > 0) {
      const plan = { count: options.subscribers, rounds: options.rounds };
      const judged = subscribersLines(await subscribers(closing, plan));
      for (const line of judged.lines) options.print(line);
      missed.push(...judged.missed);
    }
    for (const line of NOT_MEASURED) options.print(line);
    for (const line of missed) options.print(`MISSED ${line}`);
    return missed;
  } finally {
    await closing.run();
  }
}

type Comparing = BenchOptions & { readonly sinkPort: number };

async function compare(closing: Closing, traffic: Traffic, options: Comparing): Promise<string[]> {
  const own = new Closing();
  closing.after(() => own.run());
  const contenders = await startContenders(own, options);
  const { print, rounds, messages, sessions } = options;
  for (const line of settingsLines(contenders)) print(line);
  const load = { sessions, rounds, messages, warmUp: Math.ceil(messages * WARM_UP) };
  const reused = { ...load, name: 'reused', connections: 'reused' } as const;
  const main = relayLines(
    `${sessions} reused sessions, ${rounds} rounds of ${messages}`,
    await relay(traffic, contenders, reused),
  );
  for (const line of main.lines) print(line);
  const fewer = Math.ceil(messages * SHARE_OF_NEW_CONNECTIONS);
  const fresh = await relay(traffic, contenders, {
    ...load,
    name: 'fresh',
    connections: 'onePerMail',
    messages: fewer,
    warmUp: 0,
  });
  const title = `a new connection for every mail, ${rounds} rounds of ${fewer}, no target`;
  for (const line of relayLines(title, fresh).lines) print(line);
  await own.run();
  return judgeRelay(main.all);
}

async function startContenders(
  closing: Closing,
  { sinkPort, sessions, postfix, profile }: Comparing,
): Promise<[SwitchContender, ...Contender[]]> {
  const settings = { 'email.smartHost': `${SINK_HOST}:${sinkPort}` };
  const ours = await startPatchboard(closing, { settings, profile });
  const libraries = await startLibraries(closing, { sinkPort, sessions });
  if (postfix === 'leftOut') return [ours, libraries];
  const service = await need('postfix');
  if ('missing' in service) {
    throw new Error(`${service.missing}; or leave it out with --without-postfix`);
  }
  return [ours, libraries, await startDebianPostfix(closing, service, { sinkPort, sessions })];
}

function optionsFrom(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '5' },
      messages: { type: 'string', default: '4000' },
      queued: { type: 'string', default: '100000' },
      subscribers: { type: 'string', default: '1000' },
      sessions: { type: 'string', default: '20' },
      'without-postfix': { type: 'boolean', default: false },
      profile: { type: 'string' },
    },
  });
  return {
    rounds: Number(values.rounds),
    messages: Number(values.messages),
    queued: Number(values.queued),
    subscribers: Number(values.subscribers),
    sessions: Number(values.sessions),
    postfix: values['without-postfix'] ? 'leftOut' : 'required',
    profile: values.profile,
    print: (line) => console.log(line),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = (await runBench(optionsFrom(process.argv.slice(2)))).length === 0 ? 0 : 1;
}
