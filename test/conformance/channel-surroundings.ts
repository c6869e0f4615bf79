/**
 * What a channel's agents are given by the conformance suite: settings with free ports and a next
 * hop where nobody is, nobody in the directory, a door that no page opens.
 */

import { createServer } from 'node:net';
import type { Channel, DeliveryJob } from '../../actors/channel.js';
import type { DeliverContext, Door, Log, ReceiveContext } from '../../actors/machinery.js';
import { systemClock } from '../../runtime/clock.js';
import { loadConfig } from '../../runtime/config.js';
import { schemaNode, settingsOf } from '../../runtime/configuration/settings.js';
import { createTokens } from '../../runtime/tokens.js';
import type { Address } from '../../schemas/address.js';
import type { Umf } from '../../schemas/umf.js';
import { peerOf } from '../harness/channel-peers.js';
import { makeInput } from '../harness/messages.js';

const quiet: Log = { debug() {}, info() {}, warn() {}, error() {} };
const secret = (_name: string, bytes: number) => Promise.resolve(new Uint8Array(bytes));
const tokens = createTokens(Buffer.from('secret of the tests'), systemClock());

/** The channel's own section of the settings; an error tells what is wrong with its defaults. */
export function sectionOf(
  channel: Pick<Channel, 'name' | 'config'>,
  flags: Readonly<Record<string, string>> = {},
): unknown {
  const loaded = loadConfig({
    channels: [channel],
    flags: new Map(Object.entries(flags)),
    environment: {},
    directory: import.meta.dirname,
  });
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  return loaded.config.channels[channel.name];
}

/** Free ports wherever the channel listens; its peer, if it has one, is where nobody listens. */
async function quietFlags(channel: Channel): Promise<Record<string, string>> {
  const peer = await peerOf(channel.name);
  const away = peer?.settings({ port: await closedPort() }) ?? {};
  const listens = settingsOf(schemaNode(channel.config)).filter(({ path }) => path === 'listen');
  const free = listens.map(({ path }) => [`${channel.name}.${path}`, '127.0.0.1:0'] as const);
  return { ...away, ...Object.fromEntries(free) };
}

/** A port that was free a moment ago: whoever connects is refused. */
function closedPort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const bound = server.address();
      const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
      server.close(() => resolve(port));
    });
  });
}

const door: Door = { url: 'http://localhost:1', serve() {}, pages() {} };

export async function receiveContext(channel: Channel): Promise<ReceiveContext<unknown>> {
  const unasked = () => Promise.reject(new Error('nobody sends anything here'));
  return {
    config: sectionOf(channel, await quietFlags(channel)),
    clock: systemClock(),
    log: quiet,
    directory: {
      find: () => Promise.resolve({ kind: 'nobody' }),
      account: () => Promise.resolve(undefined),
    },
    operators: () => Promise.resolve([]),
    authenticator: {
      signIn: () => Promise.resolve({ ok: false, code: 'SIGN_IN_FAILED', message: 'Nobody.' }),
    },
    tokens,
    accept: unasked,
    putContent: unasked,
    observe: unasked,
    refusing: () => undefined,
    recipient: () => Promise.resolve(undefined),
    home: () => Promise.resolve(undefined),
    door,
    secret,
  };
}

export async function deliverContext(channel: Channel): Promise<DeliverContext<unknown>> {
  const config = sectionOf(channel, await quietFlags(channel));
  return { config, clock: systemClock(), log: quiet, tokens, secret };
}

export const LETTER: Umf = {
  uid: 'u1',
  from: { channel: 'elsewhere', address: 'anna@example.net', name: 'Anna' },
  to: [{ channel: 'elsewhere', address: 'demo@example.com' }],
  subject: 'Anybody there? 0012 – “ü”',
  body: { mediaType: 'text/plain', text: 'The first line.\n.\nThe last one: 日本語.' },
  priority: 'normal',
  securityLevel: 'normal',
};

/** The first attempt to deliver the letter to an address of the channel. */
export function jobTo(channel: Channel, address: Address): DeliveryJob {
  return {
    message: makeInput({ key: 'msg/0123456789abcdef.0' }),
    delivery: {
      id: 0,
      step: 0,
      address,
      policy: channel.facts.policy,
      phase: 'ready',
      trials: 0,
      dueAt: 0,
      expiresAt: Number.MAX_SAFE_INTEGER,
    },
    attempt: '0.1.aa',
    possibleDuplicate: false,
    raw: () => Promise.resolve(undefined),
    umf: () => Promise.resolve(LETTER),
    written: () => channel.write(LETTER, address),
    bytesSent: () => Promise.resolve(true),
  };
}
