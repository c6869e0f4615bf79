/**
 * A page without a browser: the other side of the web door, for the peers of channels that speak
 * through it. Tests and load only.
 *
 * Stages: sign in → open the live line → the channel's frames, both ways, until either side closes.
 */

import WebSocket from 'ws';
import type { PeerWorld } from './channel.js';

export interface SignedInPage {
  readonly url: string;
  /** What a page of this person sends with a request. */
  readonly headers: { readonly cookie: string; readonly origin: string };
  readonly isOpen: boolean;
  send(frame: unknown): void;
  onClose(run: () => void): void;
  close(): void;
}

/** Signs in at the door and opens a line; `heard` gets the channel's frames. */
export async function openPage(
  world: PeerWorld,
  of: { readonly name: string; readonly channel: string },
  heard: (frame: unknown, page: SignedInPage) => void,
): Promise<SignedInPage> {
  const url = originOf(await world.address('door'));
  const headers = { cookie: await world.signIn(of.name), origin: url };
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/live`, { headers });
  const page: SignedInPage = {
    url,
    headers,
    get isOpen() {
      return socket.readyState === WebSocket.OPEN;
    },
    send(frame) {
      const text = JSON.stringify({ topic: 'channel', channel: of.channel, frame });
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    onClose: (run) => void socket.once('close', run),
    close: () => socket.terminate(),
  };
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    // The server's first frame: from now on the channels know the page.
    socket.once('message', () => resolve());
    socket.once('close', () => reject(new Error(`${url} closed the line of ${of.name}`)));
    socket.on('message', (data) => {
      const frame = channelFrame(String(data), of.channel);
      if (frame !== undefined) heard(frame, page);
    });
  });
  // The switch may be killed at any time.
  socket.on('error', () => socket.terminate());
  return page;
}

/** "127.0.0.1:2580" is spoken to as `http://127.0.0.1:2580`. */
function originOf(address: string): string {
  return address.includes('://') ? new URL(address).origin : `http://${address}`;
}

function channelFrame(text: string, channel: string): unknown {
  const given: unknown = JSON.parse(text);
  if (typeof given !== 'object' || given === null || !('topic' in given)) return undefined;
  if (given.topic !== 'channel' || !('channel' in given) || !('frame' in given)) return undefined;
  return given.channel === channel ? given.frame : undefined;
}
