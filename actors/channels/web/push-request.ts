/**
 * One request to a push service (RFC 8030), by Node's own client: the line first, then leave to
 * send the body, then the answer.
 *
 * Invariants: nothing of the body goes before `mayWrite` said yes; redirections are not followed;
 * of the answer's body nothing is kept; every stage ends within its time.
 */

import { type ClientRequest, type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import type { Clock, Timer } from '../../machinery.js';

export interface PushRequest {
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: Uint8Array;
}

export type PushAnswer =
  | { readonly kind: 'answered'; readonly status: number; readonly retryAfter?: string }
  /** `sent`: the body may have arrived. */
  | { readonly kind: 'trouble'; readonly sent: boolean; readonly why: string }
  | { readonly kind: 'withheld' };

export interface PushOptions {
  readonly clock: Clock;
  readonly connectMs: number;
  readonly answerMs: number;
  readonly mayWrite: () => Promise<boolean>;
  /** Cuts it short. */
  readonly stopping: Set<() => void>;
}

/** Never rejects for what the service does; rejects when `mayWrite` does. */
export function sendPush(wanted: PushRequest, options: PushOptions): Promise<PushAnswer> {
  const { clock, connectMs, answerMs, mayWrite, stopping } = options;
  const open = wanted.endpoint.startsWith('https:') ? requestTls : requestPlain;
  // A line of its own each: the pace of notifications is a person's.
  const request = open(wanted.endpoint, { method: 'POST', headers: wanted.headers, agent: false });
  return new Promise((resolve, reject) => {
    let sent = false;
    let isOver = false;
    let timer: Timer | undefined;
    const over = (): void => {
      isOver = true;
      timer?.cancel();
      stopping.delete(stop);
      request.destroy();
    };
    const end = (answer: PushAnswer): void => {
      over();
      resolve(answer);
    };
    const trouble = (why: string): void => end({ kind: 'trouble', sent, why });
    const stop = (): void => trouble('the switch stopped');
    const limit = (ms: number, what: string): void => {
      timer?.cancel();
      timer = clock.after(ms, () => trouble(`${what} within ${ms} ms`));
    };
    stopping.add(stop);
    limit(connectMs, 'no connection');
    request.on('error', (error) => trouble(error.message));
    request.on('response', (response) => {
      response.resume();
      end(answered(response));
    });
    whenConnected(request, () => {
      timer?.cancel();
      mayWrite().then(
        (may) => {
          // It ended meanwhile: what was told is that nothing was sent.
          if (isOver) return;
          if (!may) return end({ kind: 'withheld' });
          sent = true;
          limit(answerMs, 'no answer');
          request.end(wanted.body);
        },
        (error: unknown) => {
          over();
          reject(error);
        },
      );
    });
  });
}

/** Runs once the line is open, under TLS once its handshake is over. */
function whenConnected(request: ClientRequest, run: () => void): void {
  request.once('socket', (socket) => {
    socket.once('encrypted' in socket ? 'secureConnect' : 'connect', run);
  });
  request.flushHeaders();
}

function answered(response: IncomingMessage): PushAnswer {
  const retryAfter = response.headers['retry-after'];
  const status = response.statusCode ?? 0;
  return { kind: 'answered', status, ...(retryAfter !== undefined && { retryAfter }) };
}
