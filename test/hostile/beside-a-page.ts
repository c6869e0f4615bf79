/**
 * A switch whose web door is attacked, beside two canaries: the one that sends mail, and somebody
 * signed in whose page goes on asking, each time on a connection of its own, with a line open.
 *
 * Invariants: calls leave at their times whether or not the ones before were answered; every one of
 * them is answered well; the line is open to the end; nothing about speed is asserted.
 */

import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { atEnd } from '../harness/at-end.js';
import { ATTACKER, type Attacked, startAttacked } from './beside-a-canary.js';

const EVERY_MS = 50;
const PEACEFUL_CALLS = 20;
const PASSWORD = 'correct horse battery';

export interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** The address of this computer that asks. */
  readonly from?: string;
}

export interface AttackedPage extends Omit<Attacked, 'during'> {
  readonly port: number;
  /** As a page of this switch sends them. */
  readonly own: Readonly<Record<string, string>>;
  /** The status; 0 where the connection was cut. */
  ask(asked: Asked): Promise<number>;
  /** A cookie of a new subscriber. */
  signedIn(name: string): Promise<string>;
  /** A bare connection. */
  raw(from?: string): Socket;
  during(what: string, attack: () => Promise<void>): Promise<void>;
}

/** Starts the switch that is to be attacked. */
export async function startAttackedPage(
  t: TestContext,
  settings: Readonly<Record<string, string>> = {},
): Promise<AttackedPage> {
  const attacked = await startAttacked(t, { settings });
  const port = Number(attacked.on.addresses['http']?.split(':').at(-1));
  const host = `localhost:${port}`;
  const own = { host, origin: `http://${host}`, 'content-type': 'application/json' };
  const sockets = new Set<Socket>();
  atEnd(t, () => {
    for (const socket of sockets) socket.destroy();
  });
  const raw = (from = ATTACKER): Socket => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: from });
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => void sockets.delete(socket));
    return socket;
  };
  const ask = (asked: Asked): Promise<number> =>
    askAt(port, own, asked).then(({ status }) => status);
  const signedIn = async (name: string): Promise<string> => {
    await attacked.on.operate('account.create', { name, password: PASSWORD });
    const body = JSON.stringify({ name, password: PASSWORD });
    const got = await askAt(port, own, { method: 'POST', path: '/login', body });
    assert.equal(got.status, 200);
    return got.cookie;
  };
  const cookie = await signedIn('lark');
  const page = { port, own: { ...own, cookie }, ask };
  return {
    ...attacked,
    port,
    own,
    ask,
    signedIn,
    raw,
    during: (what, attack) => during(t, attacked, page, { what, attack }),
  };
}

function askAt(
  port: number,
  own: Readonly<Record<string, string>>,
  { method = 'GET', path, headers = {}, body, from = ATTACKER }: Asked,
): Promise<{ readonly status: number; readonly cookie: string }> {
  return new Promise((resolve) => {
    const to = { host: '127.0.0.1', port, method, path, agent: false, localAddress: from };
    const sent = request({ ...to, headers: { ...own, ...headers } }, (response) => {
      response.resume();
      const cookie = response.headers['set-cookie']?.[0]?.split(';', 1)[0] ?? '';
      const status = response.statusCode ?? 0;
      response.once('close', () => resolve({ status, cookie }));
    });
    sent.on('error', () => resolve({ status: 0, cookie: '' }));
    sent.end(body);
  });
}

type Page = Pick<AttackedPage, 'port' | 'own' | 'ask'>;

/** The page that goes on: its calls, and how long each took. */
class Lark {
  readonly #page: Page;
  readonly #singing: Promise<void>[] = [];
  tookMs: number[] = [];
  /** Answers that were none of a switch that is well. */
  readonly others: number[] = [];

  constructor(page: Page) {
    this.#page = page;
  }

  async #sing(): Promise<void> {
    const before = performance.now();
    const { ask, own } = this.#page;
    const call = { method: 'POST', path: '/api/messages.list', body: '{"box":"inbox"}' };
    const status = await ask({ ...call, headers: own, from: '127.0.0.1' });
    this.tookMs.push(performance.now() - before);
    if (status !== 200) this.others.push(status);
  }

  singUntil(over: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const beat = setInterval(() => {
        if (over()) {
          clearInterval(beat);
          resolve();
        } else this.#singing.push(this.#sing());
      }, EVERY_MS);
    });
  }

  async answered(): Promise<void> {
    await Promise.all(this.#singing);
  }
}

async function during(
  t: TestContext,
  attacked: Attacked,
  page: Page,
  { what, attack }: { readonly what: string; readonly attack: () => Promise<void> },
): Promise<void> {
  const { host = '', origin = '', cookie = '' } = page.own;
  const url = `ws://127.0.0.1:${page.port}/live`;
  const line = new WebSocket(url, { headers: { host, origin, cookie } });
  atEnd(t, () => line.terminate());
  await new Promise((resolve, reject) => {
    line.once('message', resolve);
    line.once('error', reject);
  });
  const lark = new Lark(page);
  await lark.singUntil(() => lark.tookMs.length >= PEACEFUL_CALLS);
  await lark.answered();
  const peaceful = lark.tookMs;
  lark.tookMs = [];
  let over = false;
  const singing = lark.singUntil(() => over);
  await attacked.during(what, attack).finally(() => {
    over = true;
  });
  await singing;
  await lark.answered();
  t.diagnostic(`${what}: page in peace ${times(peaceful)}; beside ${times(lark.tookMs)}`);
  assert.deepEqual(lark.others, [], `${what}: the page was not served`);
  assert.equal(line.readyState, WebSocket.OPEN, `${what}: the page lost its line`);
  line.close();
}

function times(tookMs: readonly number[]): string {
  const sorted = tookMs.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.floor(part * (sorted.length - 1))] ?? 0;
  const [p50, p99, max] = [at(0.5), at(0.99), at(1)].map((ms) => ms.toFixed(1));
  return `${tookMs.length} calls, p50 ${p50} p99 ${p99} max ${max} ms`;
}
