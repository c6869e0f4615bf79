/**
 * /healthz (the process answers), /readyz (it can take work; else it says why not, one reason a
 * line, with status 503) and /metrics, over plain HTTP on `http.listen`.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIP } from 'node:net';

/** Probes are short: whoever needs longer is not one. */
const REQUEST_MAX_MS = 10_000;
const CONNECTIONS_MAX = 64;

export interface HealthOptions {
  /** "127.0.0.1:2580"; port 0 takes a free one. */
  readonly listen: string;
  /** Reasons why no work can be taken; empty: ready. */
  notReady(): readonly string[];
  metrics(): Promise<{ readonly type: string; readonly body: string }>;
}

export interface HealthServer {
  readonly address: string;
  stop(): Promise<void>;
}

/** Serves until stopped. Rejects with the system's error when the port cannot be had. */
export async function serveHealth(options: HealthOptions): Promise<HealthServer> {
  const server = createServer({ requestTimeout: REQUEST_MAX_MS }, (request, response) => {
    answer(options, request, response).catch((error: unknown) => {
      reply(response, 500, 'text/plain', `metrics failed: ${String(error)}\n`);
    });
  });
  server.maxConnections = CONNECTIONS_MAX;
  await listening(server, splitListen(options.listen));
  return {
    address: boundAddress(server),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  options: HealthOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    return reply(response, 405, 'text/plain', 'Only GET and HEAD.\n');
  }
  const path = (request.url ?? '/').split('?', 1)[0];
  if (path === '/healthz') return reply(response, 200, 'text/plain', 'ok\n');
  if (path === '/readyz') {
    const reasons = options.notReady();
    if (reasons.length === 0) return reply(response, 200, 'text/plain', 'ready\n');
    return reply(response, 503, 'text/plain', `not ready\n${reasons.join('\n')}\n`);
  }
  if (path === '/metrics') {
    const { type, body } = await options.metrics();
    return reply(response, 200, type, body);
  }
  return reply(response, 404, 'text/plain', 'Here are /healthz, /readyz and /metrics.\n');
}

function reply(response: ServerResponse, status: number, type: string, body: string): void {
  const contentType = type.includes('charset') ? type : `${type}; charset=utf-8`;
  response.writeHead(status, { 'Content-Type': contentType, 'Cache-Control': 'no-store' });
  response.end(body);
}

/** "host:port", IPv6 hosts in brackets, into its two parts. */
export function splitListen(listen: string): { readonly host: string; readonly port: number } {
  const colon = listen.lastIndexOf(':');
  const host = listen.slice(0, colon).replace(/^\[|\]$/g, '');
  return { host, port: Number(listen.slice(colon + 1)) };
}

/** "host:port" of the two parts, IPv6 hosts in brackets. */
export function joinListen(host: string, port: number): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

function listening(server: Server, at: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(at.port, at.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function boundAddress(server: Server): string {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') return '';
  return joinListen(bound.address, bound.port);
}
