/**
 * The thread on which large contents are converted: raw bytes of one channel in, wire bytes of
 * another out. It holds nothing between two of them; `aside.ts` starts and ends it.
 */

import { parentPort } from 'node:worker_threads';
import { channels } from '../../actors/channels/index.js';
import type { Conversion } from './aside.js';

function channelOf(name: string) {
  const channel = channels.find((one) => one.name === name);
  if (channel === undefined) throw new Error(`no channel of the registry is called ${name}`);
  return channel;
}

async function convert({ from, bytes, uid, address }: Conversion): Promise<Uint8Array> {
  const umf = await channelOf(from).read(bytes, uid);
  return channelOf(address.channel).write(umf, address);
}

parentPort?.on('message', ({ id, conversion }: { id: number; conversion: Conversion }) => {
  convert(conversion).then(
    (wire) => parentPort?.postMessage({ id, wire }),
    (error: unknown) => parentPort?.postMessage({ id, error: String(error) }),
  );
});
