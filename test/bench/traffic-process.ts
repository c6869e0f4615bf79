/** The parent's side of traffic.ts: starts it and gives it orders. */

import { fork } from 'node:child_process';
import { join } from 'node:path';
import { untilExit } from '../harness/program.js';
import type { Closing } from './closing.js';
import type { Arrived, Order, Sending, Sent } from './traffic.js';

export interface Traffic {
  /** Opens the sink on a loopback address; resolves to its port. */
  listen(host: string, port: number): Promise<number>;
  close(host: string): Promise<void>;
  send(sending: Sending): Promise<Sent>;
  /** Resolves when all of a run has arrived; rejects with what is missing after a while. */
  arrived(run: string, withinMs: number): Promise<Arrived>;
}

interface Answer {
  readonly number: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** Starts load and sink. */
export function startTraffic(closing: Closing): Traffic {
  const child = fork(join(import.meta.dirname, 'traffic.js'), { stdio: 'inherit' });
  closing.after(async () => {
    child.kill('SIGKILL');
    await untilExit(child);
  });
  let last = 0;
  const waiting = new Map<number, (answer: Answer) => void>();
  child.on('message', (answer: Answer) => waiting.get(answer.number)?.(answer));
  const ask = <T>(order: Order, withinMs?: number): Promise<T> =>
    new Promise((resolve, reject) => {
      last += 1;
      const number = last;
      const limit =
        withinMs === undefined
          ? undefined
          : setTimeout(() => {
              reject(new Error(`mails are lost: not all arrived within ${withinMs} ms`));
            }, withinMs);
      child.once('exit', () => reject(new Error('load and sink ended')));
      waiting.set(number, ({ result, error }) => {
        clearTimeout(limit);
        waiting.delete(number);
        if (error === undefined) resolve(result as T);
        else reject(new Error(error));
      });
      child.send({ number, order });
    });
  child.setMaxListeners(0);
  return {
    listen: (host, port) => ask({ do: 'listen', host, port }),
    close: (host) => ask({ do: 'close', host }),
    send: (sending) => ask({ do: 'send', ...sending }),
    arrived: (run, withinMs) => ask({ do: 'await', run }, withinMs),
  };
}
