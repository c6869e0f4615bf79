/**
 * The control socket: how commands of a person reach a running switch. A Unix socket in the data
 * directory, for its owner alone (0600); one POST of JSON for each operation.
 *
 * Invariants: an operation's argument is checked against its schema before it runs; what an
 * operation cannot do is an answer, never a broken connection.
 */

import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { join, relative, resolve } from 'node:path';
import type { ErrorCode } from '../schemas/errors.js';

/** Commands are small; the largest is a message to send. */
export const CONTROL_BODY_MAX_BYTES = 16 * 1024 * 1024;
/** sun_path of Linux and macOS: a longer path is refused by the system in obscure words. */
const SOCKET_PATH_MAX_BYTES = 103;
const SOCKET_NAME = 'control.sock';

export type Answer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly code: ErrorCode | 'NOT_RUNNING'; readonly message: string };

/** Runs the operation of this name; never rejects for what a person asked. */
export type Operate = (name: string, argument: unknown) => Promise<Answer>;

export interface ControlServer {
  readonly path: string;
  stop(): Promise<void>;
}

/** Where the socket of a data directory is; relative when the absolute path is too long. */
export function controlPath(data: string): string {
  const path = resolve(data, SOCKET_NAME);
  if (Buffer.byteLength(path) <= SOCKET_PATH_MAX_BYTES) return path;
  return relative(process.cwd(), path);
}

/** Serves operations until stopped. The caller holds the data directory's writer lock. */
export async function serveControl(options: {
  readonly data: string;
  readonly operate: Operate;
}): Promise<ControlServer> {
  const path = controlPath(options.data);
  // Whoever holds the directory's lock owns the socket: one that is left over is a dead process's.
  rmSync(join(options.data, SOCKET_NAME), { force: true });
  const server = createServer((incoming, response) => {
    answer(incoming, options.operate).then(
      (given) => {
        response.writeHead(200, { 'Content-Type': 'application/json' });
        response.end(JSON.stringify(given, withoutBytes));
      },
      (error: unknown) => {
        response.writeHead(400, { 'Content-Type': 'text/plain' });
        response.end(`${String(error)}\n`);
      },
    );
  });
  await listenPrivately(server, path);
  return {
    path,
    stop: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeIdleConnections();
      }),
  };
}

/** The socket is never open to others, not even between its creation and its mode. */
function listenPrivately(server: Server, path: string): Promise<void> {
  const mask = process.umask(0o177);
  return new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen(path, () => {
      server.off('error', fail);
      chmodSync(path, 0o600);
      done();
    });
  }).finally(() => process.umask(mask));
}

async function answer(incoming: IncomingMessage, operate: Operate): Promise<Answer> {
  const name = (incoming.url ?? '/').slice(1);
  if (incoming.method !== 'POST') throw new Error('operations are POSTed');
  const argument: unknown = JSON.parse((await body(incoming)).toString('utf8') || '{}');
  return operate(name, argument);
}

async function body(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    if (!(chunk instanceof Uint8Array)) continue;
    bytes += chunk.byteLength;
    // Read to its end, but not kept: an answer in the middle of a request would get lost.
    if (bytes <= CONTROL_BODY_MAX_BYTES) chunks.push(chunk);
  }
  if (bytes > CONTROL_BODY_MAX_BYTES) throw new Error('the request is too large');
  return Buffer.concat(chunks);
}

/** Bytes do not belong into JSON: their number does. */
export function withoutBytes(_name: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return `<${value.byteLength} bytes>`;
  const isBuffer = typeof value === 'object' && value !== null && 'type' in value;
  return isBuffer && value.type === 'Buffer' && 'data' in value ? '<bytes>' : value;
}

/** Asks the running switch; undefined: none is running on this data directory. */
export function callControl(
  data: string,
  name: string,
  argument: unknown,
): Promise<Answer | undefined> {
  return new Promise((done, fail) => {
    const socketPath = controlPath(data);
    // A connection of its own: a pooled one would hear of its end when nobody listens any more.
    const asking = request({ socketPath, method: 'POST', path: `/${name}`, agent: false });
    asking.on('error', (error) => {
      const code = 'code' in error ? error.code : undefined;
      if (code === 'ENOENT' || code === 'ECONNREFUSED') done(undefined);
      else fail(error);
    });
    asking.once('response', (response) => {
      body(response).then((bytes) => {
        const text = bytes.toString('utf8');
        if (response.statusCode === 200) done(parseAnswer(text));
        else fail(new Error(text.trim()));
      }, fail);
    });
    asking.end(JSON.stringify(argument));
  });
}

/** Parsed edge: the other side of the socket is this same program. */
function parseAnswer(text: string): Answer {
  return JSON.parse(text) as Answer;
}
