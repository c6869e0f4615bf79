/** How a channel's peer reaches a switch process: by its listeners, and a link that signs in. */

import type { PeerWorld } from '../../actors/channel.js';
import type { SwitchProcess } from './switch-process.js';

/** @param on the switch as it runs now; it changes with each start */
export function peerWorld(on: () => SwitchProcess, channel: string): PeerWorld {
  return {
    address(of) {
      const address = on().addresses[of === 'door' ? 'http' : channel];
      if (address === undefined) throw new Error(`the switch has no address of ${channel} (${of})`);
      return Promise.resolve(address);
    },
    signIn: (name) => signIn(on(), name),
  };
}

/** A cookie of a new session, by a link of the control socket. */
export async function signIn(on: SwitchProcess, name: string): Promise<string> {
  const link = await on.operate('account.link', { account: name });
  const url = typeof link === 'object' && link !== null && 'url' in link ? String(link.url) : '';
  const origin = `http://${on.addresses['http']}`;
  const answer = await fetch(`${origin}/login`, {
    method: 'POST',
    headers: { origin, 'content-type': 'application/json' },
    body: JSON.stringify({ key: new URL(url).hash.replace('#k=', '') }),
  });
  const cookie = answer.headers.get('set-cookie');
  if (cookie === null) throw new Error(`${name} cannot sign in: ${await answer.text()}`);
  return cookie.slice(0, cookie.indexOf(';'));
}
