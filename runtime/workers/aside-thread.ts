/**
 * The thread on which large contents are converted: raw bytes of one channel in, UMF or the wire
 * bytes of another out. It holds nothing between two of them; `aside.ts` starts and ends it.
 */

import { parentPort } from 'node:worker_threads';
import { channels } from '../../actors/channels/index.js';
import type { Answer, Conversion, Task } from './aside.js';

function channelOf(name: string) {
  const channel = channels.find((one) => one.name === name);
  if (channel === undefined) throw new Error(`no channel of the registry is called ${name}`);
  return channel;
}

async function convert({ from, bytes, uid, address }: Conversion): Promise<Uint8Array> {
  const umf = await channelOf(from).read(bytes, uid);
  return channelOf(address.channel).write(umf, address);
}

async function carryOut(task: Task): Promise<Answer> {
  const { id } = task;
  if ('conversion' in task) return { id, wire: await convert(task.conversion) };
  const { from, bytes, uid } = task.reading;
  return { id, umf: await channelOf(from).read(bytes, uid) };
}

parentPort?.on('message', (task: Task) => {
  carryOut(task).then(
    (answer) => parentPort?.postMessage(answer),
    (error: unknown) => parentPort?.postMessage({ id: task.id, error: String(error) }),
  );
});
