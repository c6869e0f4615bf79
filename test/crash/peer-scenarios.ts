/**
 * The load of the registry: for every channel that has a peer, a device that comes, a message in
 * and a message out. No channel is named here: a new one is in it by its line in the registry.
 */

import { channels } from '../../actors/channels/index.js';
import { peerOf } from '../harness/channel-peers.js';
import { PeersWorld, type Side } from './peers-world.js';
import type { Load, Scenario } from './scenario.js';

/** The names of these channels that have a peer. */
async function peered(): Promise<readonly string[]> {
  const names: string[] = [];
  for (const { name } of channels) if ((await peerOf(name)) !== undefined) names.push(name);
  return names;
}

function sideNamed({ sides }: PeersWorld, name: string): Side {
  const side = sides.find((one) => one.name === name);
  if (side === undefined) throw new Error(`${name} has no peer in this world`);
  return side;
}

/** From the one channel to the other's device. */
function passing(name: string, way: { from: string; to: string }): Scenario<PeersWorld> {
  return {
    name,
    prepare(world) {
      const [by, to] = [sideNamed(world, way.from), sideNamed(world, way.to)];
      return world.use([
        { side: to, person: to.reader },
        { side: by, person: by.writer },
      ]);
    },
    async run(round) {
      const { world } = round;
      const [by, to] = [sideNamed(world, way.from), sideNamed(world, way.to)];
      const token = `${round.name}-${way.from}-${way.to}`;
      // On its own channel somebody has an address; from another one people write the name.
      const written = by.name === to.name ? to.readerAddress : recipientFor(by, to);
      await world.send(by, { to: written, subject: token });
      await world.drain();
      const at = to.peer.deviceOf(to.reader);
      return [{ token, to: to.reader, state: 'confirmed', at }];
    },
  };
}

function recipientFor(by: Side, to: Side): string {
  const suffix = by.readerAddress.slice(by.reader.length);
  return `${to.reader}${suffix}`;
}

function coming(name: string): Scenario<PeersWorld> {
  return {
    name: `a device that comes to ${name}`,
    prepare: (world) => world.use([]),
    async run({ world }) {
      const side = sideNamed(world, name);
      await world.comeAnew({ side, person: side.reader });
      // Whoever died as the last byte left is noticed.
      await world.drain();
      return [];
    },
  };
}

/** Each channel once as the way in of its neighbour's messages. */
export function scenariosOf(names: readonly string[]): readonly Scenario<PeersWorld>[] {
  return names.flatMap((name, i) => {
    const from = names.at(i - 1) ?? name;
    return [
      coming(name),
      passing(`a message in by ${name}`, { from: name, to: name }),
      passing(`a message out by ${name}, in by ${from}`, { from, to: name }),
    ];
  });
}

export const PEER_LOAD: Load<PeersWorld> = {
  open: PeersWorld.open,
  scenarios: scenariosOf(await peered()),
};
