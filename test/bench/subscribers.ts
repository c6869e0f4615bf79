/**
 * A thousand subscribers with open pages on one process: a mail for all of them, until each page
 * has shown it and said so; beside bare `ws` in the same run. And what an idle page costs in
 * memory, above what its socket costs there.
 *
 * What is compared is not the same work: the switch stores every recipient's message, flushes it,
 * decides and tracks; bare `ws` only sends.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import WebSocket from 'ws';
import { MailSource } from '../../actors/channels/email/peer.js';
import { channels } from '../../actors/channels/index.js';
import { openPage, type SignedInPage } from '../../actors/page-peer.js';
import { peerWorld } from '../harness/peer-world.js';
import { untilExit } from '../harness/program.js';
import { type SwitchProcess, startSwitch } from '../harness/switch-process.js';
import type { Closing } from './closing.js';
import { heldBytes, INSPECTED } from './inspected.js';

/** Accounts, sign-ins and lines under way at once. */
const AT_ONCE = 16;
/** A page that has not shown its message by then never will. */
const SHOWN_MS = 120_000;
const BODY = 'x'.repeat(1000);

export interface FanOut {
  readonly contender: string;
  /** Messages shown a second, medians of the rounds. */
  readonly perSecond: number;
  /** From the mail's last byte to the page. */
  readonly p50: number;
  readonly p99: number;
}

export interface Subscribers {
  readonly count: number;
  readonly fanOuts: readonly [FanOut, FanOut];
  /** Bytes for an idle page: here, and a bare socket. */
  readonly idleBytes: number;
  readonly bareIdleBytes: number;
  /** Pages that were shown something twice, or what was not theirs. */
  readonly wrong: number;
}

export interface SubscribersPlan {
  readonly count: number;
  readonly rounds: number;
}

async function inTurns<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const rest = [...items];
  const take = async (): Promise<void> => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, take));
}

/** Counts what is shown, and when, in one round. */
class Round {
  readonly #waiting: Set<string>;
  readonly #startedAt = performance.now();
  readonly #times: number[] = [];
  readonly #done: () => void;
  readonly over: Promise<void>;
  wrong = 0;

  constructor(names: readonly string[]) {
    this.#waiting = new Set(names);
    let done = () => {};
    this.over = new Promise((resolve, reject) => {
      const limit = setTimeout(() => {
        reject(new Error(`${this.#waiting.size} pages were shown nothing in ${SHOWN_MS} ms`));
      }, SHOWN_MS);
      done = () => {
        clearTimeout(limit);
        resolve();
      };
    });
    this.#done = done;
  }

  shown(name: string): void {
    if (!this.#waiting.delete(name)) {
      this.wrong += 1;
      return;
    }
    this.#times.push(performance.now() - this.#startedAt);
    if (this.#waiting.size === 0) this.#done();
  }

  result(): { readonly perSecond: number; readonly p50: number; readonly p99: number } {
    const sorted = [...this.#times].sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
    return { perSecond: (sorted.length * 1000) / at(1), p50: at(0.5), p99: at(0.99) };
  }
}

function medianOf(contender: string, rounds: readonly Round[]): FanOut {
  const results = rounds.map((round) => round.result());
  const middle = (values: readonly number[]) =>
    [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
  return {
    contender,
    perSecond: middle(results.map((one) => one.perSecond)),
    p50: middle(results.map((one) => one.p50)),
    p99: middle(results.map((one) => one.p99)),
  };
}

interface Told {
  readonly fanOut: FanOut;
  readonly idleBytes: number;
  readonly wrong: number;
}

/** What a page is shown: the frame of the messenger channel, with the token as its subject. */
function shownIn(
  frame: unknown,
): { readonly attempt: string; readonly subject: string } | undefined {
  if (typeof frame !== 'object' || frame === null) return undefined;
  if (!('kind' in frame) || frame.kind !== 'deliver') return undefined;
  const attempt = 'attempt' in frame ? String(frame.attempt) : '';
  return { attempt, subject: 'subject' in frame ? String(frame.subject) : '' };
}

async function openSubscribers(running: SwitchProcess, names: readonly string[]): Promise<void> {
  await inTurns(names, async (name) => {
    await running.operate('account.create', { name });
  });
}

async function ofPatchboard(closing: Closing, plan: SubscribersPlan): Promise<Told> {
  const running = await startSwitch(closing, {
    settings: { 'log.level': 'warn' },
    wrapper: ['sh', '-c', `exec "$0" ${INSPECTED} "$@"`],
  });
  const names = Array.from({ length: plan.count }, (_, i) => `reader${i}`);
  await openSubscribers(running, names);
  const messenger = channels.find(({ facts }) => facts.page === 'messenger')?.name ?? '';
  const world = peerWorld(() => running, messenger);
  const cookies = new Map<string, string>();
  await inTurns(names, async (name) => void cookies.set(name, await world.signIn(name)));
  const before = await heldBytes(running.output());
  let round: Round | undefined;
  let token = '';
  const pages: SignedInPage[] = [];
  closing.after(() => {
    for (const page of pages) page.close();
  });
  const signedIn = { ...world, signIn: async (name: string) => cookies.get(name) ?? '' };
  await inTurns(names, async (name) => {
    const heard = (frame: unknown, page: SignedInPage): void => {
      const shown = shownIn(frame);
      if (shown === undefined) return;
      page.send({ kind: 'took', attempt: shown.attempt });
      if (shown.subject === token) round?.shown(name);
      else if (round !== undefined) round.wrong += 1;
    };
    pages.push(await openPage(signedIn, { name, channel: messenger }, heard));
  });
  const idleBytes = ((await heldBytes(running.output())) - before) / plan.count;
  const rounds: Round[] = [];
  const port = Number(running.addresses['email']?.split(':').at(-1));
  for (let i = 0; i < plan.rounds; i += 1) {
    token = `round ${i}`;
    const bytes = Buffer.from(`Subject: ${token}\r\nMessage-ID: <${i}@bench>\r\n\r\n${BODY}\r\n`);
    const source = await MailSource.connect({ port });
    round = new Round(names);
    const to = names.map((name) => `${name}@patchboard.localhost`);
    const { answer } = await source.send({ from: 'load@bench.example', to, bytes });
    if (!answer.startsWith('250')) throw new Error(`a mail of the load was refused: ${answer}`);
    await round.over;
    await source.quit();
    rounds.push(round);
  }
  const wrong = rounds.reduce((sum, one) => sum + one.wrong, 0);
  return { fanOut: medianOf('patchboard', rounds), idleBytes, wrong };
}

interface Bare {
  readonly child: ChildProcess;
  readonly port: number;
  output(): string;
}

async function startBare(closing: Closing): Promise<Bare> {
  const child = fork(join(import.meta.dirname, 'bare-sockets.js'), {
    execArgv: [INSPECTED],
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  closing.after(async () => {
    child.kill('SIGKILL');
    await untilExit(child);
  });
  const [port] = await once(child, 'message');
  return { child, port: Number(port), output: () => said };
}

async function ofBareSockets(closing: Closing, plan: SubscribersPlan): Promise<Told> {
  const { child, port, output } = await startBare(closing);
  const names = Array.from({ length: plan.count }, (_, i) => String(i));
  const before = await heldBytes(output());
  let round: Round | undefined;
  await inTurns(names, async (name) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: false });
    closing.after(() => socket.terminate());
    socket.on('error', () => socket.terminate());
    await once(socket, 'message');
    socket.on('message', (data) => {
      JSON.parse(String(data));
      socket.send(JSON.stringify({ took: name }));
      round?.shown(name);
    });
  });
  const idleBytes = ((await heldBytes(output())) - before) / plan.count;
  const rounds: Round[] = [];
  for (let i = 0; i < plan.rounds; i += 1) {
    round = new Round(names);
    child.send({ payload: { kind: 'deliver', subject: `round ${i}`, text: BODY } });
    await round.over;
    rounds.push(round);
  }
  return { fanOut: medianOf('bare ws', rounds), idleBytes, wrong: 0 };
}

/** Runs both, one after the other. */
export async function subscribers(closing: Closing, plan: SubscribersPlan): Promise<Subscribers> {
  const own = await ofPatchboard(closing, plan);
  const bare = await ofBareSockets(closing, plan);
  return {
    count: plan.count,
    fanOuts: [own.fanOut, bare.fanOut],
    idleBytes: own.idleBytes,
    bareIdleBytes: bare.idleBytes,
    wrong: own.wrong,
  };
}
