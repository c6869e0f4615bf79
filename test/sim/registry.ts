/**
 * The channels of every simulated switch: all that are registered, each as far as it can run
 * without a network, and two that stand in for channels to come.
 *
 * `kept`: what keeps messages runs as it is · `pages`: what speaks through the door only runs with
 * its own agents, over simulated pages · `edge`: of all others the facts are theirs and the agents
 * are the loopback's, for theirs own real timers and sockets (DESIGN 6).
 * Invariant: no registered channel is named here.
 */

import type { Channel, ChannelFacts, PagePeer } from '../../actors/channel.js';
import { makers } from '../../actors/channels/index.js';
import { createLoopback } from '../../actors/channels/loopback/index.js';
import { peerOf } from '../harness/channel-peers.js';

export interface SimulatedChannel {
  readonly name: string;
  readonly facts: ChannelFacts;
  readonly way: 'kept' | 'pages' | 'edge';
  readonly receives: boolean;
  readonly delivers: boolean;
  /** Of `pages`: what its pages do. */
  readonly page: PagePeer | undefined;
  /** One for each process. */
  make(): Channel;
  /** The operator's settings for it. */
  readonly settings: Readonly<Record<string, string>>;
}

/** Nothing may be under way for longer than a run lasts. */
const EXPIRY = '2h';

/** @param page how its pages behave, if that is known */
export function simulated(make: () => Channel, page?: PagePeer): SimulatedChannel {
  const { name, facts, receive, deliver } = make();
  const speaksByPages = facts.page !== undefined && page !== undefined;
  return {
    name,
    facts,
    way: facts.keeps ? 'kept' : speaksByPages ? 'pages' : 'edge',
    receives: receive !== undefined,
    delivers: deliver !== undefined,
    page,
    make,
    settings: { [`policy.${name}.expiryMs`]: EXPIRY },
  };
}

/** Those of a registry that deliver or receive. */
export async function simulatedRegistry(
  registry: readonly (() => Channel)[],
): Promise<SimulatedChannel[]> {
  const all: SimulatedChannel[] = [];
  for (const make of registry) {
    const peer = await peerOf(make().name);
    const one = simulated(make, peer?.page);
    if (one.receives || one.delivers) all.push(one);
  }
  return all;
}

/** One whose success is taking, and one that owes receipts and is not to be repeated in doubt. */
const STAND_INS: readonly SimulatedChannel[] = [
  {
    ...simulated(() => createLoopback('post') as Channel),
    settings: { 'policy.post.expiryMs': '1h' },
  },
  {
    ...simulated(() => createLoopback('phone') as Channel),
    settings: {
      'policy.phone.success': 'delivered',
      'policy.phone.trials': '4',
      'policy.phone.expiryMs': '2h',
      'policy.phone.confirmWithinMs': '40s',
      'policy.phone.onAmbiguous': 'hold',
    },
  },
];

export const CHANNELS: readonly SimulatedChannel[] = [
  ...STAND_INS,
  ...(await simulatedRegistry(makers)),
];

/** People can give up the address they have there, and take another. */
export function canMove({ way, delivers }: SimulatedChannel): boolean {
  return way === 'edge' && delivers;
}

/** Where a person's device on this channel is reached; its endpoint has the channel's name. */
export function deviceOn({ name, way }: SimulatedChannel, person: string): string {
  return way === 'edge' ? `${person}-${name}` : person;
}
