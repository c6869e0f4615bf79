/**
 * A web door on a free port with everything behind it but the console, which only says what it was
 * asked; requests with any head, and lines with any origin.
 */

import assert from 'node:assert/strict';
import { type IncomingHttpHeaders, request } from 'node:http';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { createAuthenticator } from '../../../actors/authentication-manager/authenticator.js';
import { readAccount } from '../../../runtime/account-documents.js';
import { createAccounts } from '../../../runtime/accounts.js';
import type { Console, Line } from '../../../runtime/console/console.js';
import { createGateway, type GatewayOptions } from '../../../runtime/gateway/create-gateway.js';
import { splitListen } from '../../../runtime/gateway/listen.js';
import { createSessions } from '../../../runtime/sessions-in-store.js';
import { createMemoryStore } from '../../../runtime/store/memory.js';
import { manualClock } from '../../harness/manual-clock.js';

export const PASSWORD = 'right password';
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

export interface Asking {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface GatewayWorldOptions extends Partial<Omit<GatewayOptions, 'http'>> {
  readonly http?: Partial<GatewayOptions['http']>;
}

/** A gateway with the account "ada" behind it. */
export async function aGateway(t: TestContext, options: GatewayWorldOptions = {}) {
  const clock = manualClock();
  const store = createMemoryStore();
  const accounts = createAccounts({ store, clock, channels: [], defaultAddresses: () => [] });
  const account = async (id: string) => (await readAccount(store, id))?.account;
  const sessions = createSessions({ store, clock, account });
  const lookup = (text: string) => accounts.find(text);
  const authenticator = createAuthenticator({ lookup, clock, log: SILENT });
  const refused: string[] = [];
  const gateway = await createGateway({
    clock,
    log: SILENT,
    notReady: () => [],
    metrics: async () => ({ type: 'text/plain', body: '' }),
    refused: (reason) => refused.push(reason),
    ...options,
    http: { listen: '127.0.0.1:0', trustProxy: [], ...options.http },
  });
  t.after(() => gateway.stop());
  const { port } = splitListen(gateway.address);
  const created = await accounts.create({ name: 'ada', password: PASSWORD });
  assert.ok(created.ok);
  const { id } = created.account;
  const lines: Line[] = [];
  const calls: { readonly name: string; readonly argument: unknown; readonly peer: string }[] = [];
  const spoken: Console = {
    async call(name, argument, { peer }) {
      calls.push({ name, argument, peer });
      return { ok: true, value: { name } };
    },
    async document(name) {
      if (name !== 'part') return undefined;
      return { status: 200, contentType: 'text/plain', body: 'a part' };
    },
    line: (line) => void lines.push(line),
    stop: async () => {},
  };
  const open = (): void => gateway.open(spoken, { sessions, authenticator });
  const host = `localhost:${port}`;
  const ask = (asking: Asking): Promise<Got> => askAt(port, host, asking);
  const own = { origin: `http://${host}`, 'content-type': 'application/json' };
  /** As the page posts it. */
  const post = (path: string, argument: unknown, headers = {}): Promise<Got> =>
    ask({ method: 'POST', path, headers: { ...own, ...headers }, body: JSON.stringify(argument) });
  const signIn = async (): Promise<string> => {
    const { token } = await sessions.open(id, { peer: '127.0.0.1', program: 'a test' });
    return `pb=${token}`;
  };
  const opened = { gateway, clock, sessions, accounts, port, host, id, lines, calls, refused };
  return { ...opened, open, ask, post, signIn, own };
}

/** One request on a connection of its own. */
export function askAt(port: number, host: string, asking: Asking): Promise<Got> {
  const { method = 'GET', path, headers = {}, body } = asking;
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, method, path, agent: false } as const;
    const sent = request({ ...options, headers: { host, ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Opens a line; resolves to it, or to the status with which it was refused. */
export function openLine(
  port: number,
  headers: Readonly<Record<string, string>>,
): Promise<WebSocket | number> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/live`, { headers });
  // From the beginning: the first frame may come with the answer that opens the line.
  const frames: string[] = [];
  heard.set(socket, frames);
  socket.on('message', (data) => frames.push(String(data)));
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket));
    socket.once('unexpected-response', (_request, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    socket.once('error', reject);
  });
}

/** Frames that nobody has asked for yet. */
const heard = new WeakMap<WebSocket, string[]>();

/** The next frame of a line, also one that has come before it was asked for. */
export function nextFrame(socket: WebSocket): Promise<unknown> {
  const frames = heard.get(socket) ?? [];
  return new Promise((resolve, reject) => {
    const take = (): void => {
      const frame = frames.shift();
      if (frame !== undefined) resolve(JSON.parse(frame));
      else socket.once('message', take);
    };
    take();
    socket.once('close', () => reject(new Error('the line was closed')));
  });
}

/** The code with which a line was closed. */
export function closed(socket: WebSocket): Promise<number> {
  return new Promise((resolve) => socket.once('close', resolve));
}
