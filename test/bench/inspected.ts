/**
 * A process of Node whose memory can be read exactly: started with its inspector open on a free
 * port of this computer, it is told to collect what nobody holds any more, then asked.
 */

import { once } from 'node:events';
import WebSocket from 'ws';

/** Put before the program's own arguments. */
export const INSPECTED = '--inspect=127.0.0.1:0';
const ADDRESS = /ws:\/\/127\.0\.0\.1:\d+\/[0-9a-f-]+/;
const USED = '(({heapUsed, external}) => heapUsed + external)(process.memoryUsage())';

/** Asks the process whose words are `said`; bytes on the heap and outside it that are held. */
export async function heldBytes(said: string): Promise<number> {
  const [address] = ADDRESS.exec(said) ?? [];
  if (address === undefined) throw new Error(`no inspector in: ${said.slice(0, 500)}`);
  const socket = new WebSocket(address);
  await once(socket, 'open');
  try {
    await ask(socket, 1, 'HeapProfiler.collectGarbage', {});
    return numberIn(await ask(socket, 2, 'Runtime.evaluate', { expression: USED }));
  } finally {
    socket.close();
  }
}

function ask(socket: WebSocket, id: number, method: string, params: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('message', (data) => {
      const answer: unknown = JSON.parse(String(data));
      if (typeof answer !== 'object' || answer === null || !('id' in answer)) return;
      if (answer.id === id && 'result' in answer) resolve(answer.result);
    });
    socket.send(JSON.stringify({ id, method, params }));
  });
}

function numberIn(answer: unknown): number {
  if (typeof answer !== 'object' || answer === null || !('result' in answer)) return Number.NaN;
  const { result } = answer;
  if (typeof result !== 'object' || result === null || !('value' in result)) return Number.NaN;
  return Number(result.value);
}
