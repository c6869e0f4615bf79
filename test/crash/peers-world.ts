/**
 * The world of the registry: the peer of every channel that has one, people whose devices are at
 * these peers, signed in at the web door where a peer wants it.
 *
 * Invariants: no channel is named; a sending counts as acknowledged only if the peer was told its
 * identifier; the devices come back to every switch that is started.
 */

import type { ChannelPeer, OpenPeer, PeerSending } from '../../actors/channel.js';
import type { MessageDocument } from '../../schemas/message.js';
import { type PeeredChannel, withPeers } from '../harness/channel-peers.js';
import { configText } from './configuration.js';
import { type Arrived, checkPeers } from './peer-books.js';
import { addressOf, type Subscriber } from './subscribers.js';
import { Died, type SwitchChild } from './switch-child.js';
import { type Checked, type Expected, World } from './world.js';

/** Long enough for a device to come back before its message is given up. */
const PACE = { retryMs: '50ms', trials: '40' };
const DOOR_FLAGS = { 'http.listen': '127.0.0.1:0' };
/** Where the door tells its address among the channels'. */
const DOOR = 'http';

/** One channel of the registry, in this world. */
export interface Side {
  readonly name: string;
  readonly peer: OpenPeer;
  /** The subscriber whose device is there, and how senders on the channel write to it. */
  readonly reader: string;
  readonly readerAddress: string;
  /** The subscriber who sends from there. */
  readonly writer: string;
}

/** Somebody with a device, or a page, at a side's peer. */
export interface Place {
  readonly side: Side;
  readonly person: string;
}

export interface Acknowledged {
  readonly token: string;
  readonly id: string;
}

export class PeersWorld extends World {
  readonly sides: readonly Side[];
  readonly #config: string;
  readonly #cookies = new Map<string, string>();
  /** What is in place whenever a switch runs. */
  #used: readonly Place[] = [];
  acknowledged: Acknowledged[] = [];
  #arrivedBefore = new Map<Side, number>();

  private constructor(data: string, opened: { config: string; sides: readonly Side[] }) {
    super(data);
    this.#config = opened.config;
    this.sides = opened.sides;
  }

  static async open(data: string): Promise<PeersWorld> {
    const sides: Side[] = [];
    const settings: Record<string, string> = {};
    for (const registered of await withPeers()) {
      const { name } = registered.channel;
      const peer = await registered.peer.open({
        address: async (of) => world.#address(of === 'door' ? DOOR : name),
        signIn: (person) => world.#signIn(person),
      });
      Object.assign(settings, settingsOf(registered.peer, peer));
      sides.push(sideOf(registered, peer));
    }
    const flags = { ...settings, ...DOOR_FLAGS };
    const config = configText(data, { pace: PACE, flags });
    const world: PeersWorld = new PeersWorld(data, { config, sides });
    return world;
  }

  /** They come, now and to every switch that is started. */
  async use(places: readonly Place[]): Promise<void> {
    const isUsed = (one: Place) => this.#used.some((used) => isSame(used, one));
    const missing = places.filter((one) => !isUsed(one));
    this.#used = places;
    await this.persist(() => attach(missing));
  }

  /** Signs in and comes, as if for the first time. */
  comeAnew(place: Place): Promise<void> {
    this.#cookies.delete(place.person);
    return this.persist(() => attach([place]));
  }

  protected override start() {
    const listening = this.sides.filter(({ peer }) => peer.port !== 0);
    const ports = listening.map(({ name, peer }) => [peer.port, name] as const);
    return { config: this.#config, ports: new Map(ports) };
  }

  protected override greet(): Promise<void> {
    return attach(this.#used);
  }

  /** The devices are. */
  protected override beforeStop(): Promise<() => void> {
    return Promise.resolve(() => undefined);
  }

  protected override async closePeers(): Promise<void> {
    for (const { peer } of this.sides) await peer.close();
  }

  override settle(): Promise<unknown> {
    const subscribers = this.sides.flatMap(({ name, peer, reader, writer }): Subscriber[] => [
      {
        name: reader,
        ways: [{ channel: name, value: peer.deviceOf(reader) }],
        lastResort: 'inbox',
      },
      { name: writer, ways: [], lastResort: 'inbox' },
    ]);
    return this.persist((child) => child.ask({ do: 'open subscribers', subscribers }));
  }

  override closeBooks(): void {
    this.acknowledged = [];
    this.#arrivedBefore = new Map(this.sides.map((side) => [side, side.peer.arrivals().length]));
  }

  override check(documents: readonly MessageDocument[], expected: readonly Expected[]): Checked {
    return checkPeers(this, documents, expected);
  }

  arrivals(): readonly Arrived[] {
    return this.sides.map((side) => {
      const arrived = side.peer.arrivals().slice(this.#arrivedBefore.get(side) ?? 0);
      return { channel: side.name, arrived };
    });
  }

  /** Sends by the side's peer until it is acknowledged. */
  send(by: Side, given: Pick<PeerSending, 'to' | 'subject'>): Promise<string> {
    const { subject } = given;
    const sending = { ...given, from: by.writer, text: 'Anybody there?', reference: subject };
    return this.persist(async () => {
      const id = await by.peer.send(sending);
      if (id === undefined) throw new Died('the line is dead');
      this.acknowledged.push({ token: subject, id });
      return id;
    });
  }

  async #child(): Promise<{ child: SwitchChild; addresses: ReadonlyMap<string, string> }> {
    const child = this.current;
    if (child === undefined) throw new Died('no switch runs');
    return { child, addresses: await child.ready };
  }

  async #address(of: string): Promise<string> {
    const { addresses } = await this.#child();
    const address = addresses.get(of);
    if (address === undefined) throw new Error(`the switch does not listen for ${of}`);
    return address;
  }

  /** By a link, as people do; a session lasts longer than a switch. */
  async #signIn(name: string): Promise<string> {
    const known = this.#cookies.get(name);
    if (known !== undefined) return known;
    const { child } = await this.#child();
    const link = new URL(String(await child.ask({ do: 'link', name })));
    const origin = `http://${await this.#address(DOOR)}`;
    const answer = await fetch(`${origin}/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin },
      body: JSON.stringify({ key: new URLSearchParams(link.hash.slice(1)).get('k') }),
    });
    const cookie = answer.headers.get('set-cookie')?.split(';', 1)[0];
    if (cookie === undefined) throw new Error(`${name} cannot sign in: ${await answer.text()}`);
    this.#cookies.set(name, cookie);
    return cookie;
  }
}

function isSame(one: Place, other: Place): boolean {
  return one.side === other.side && one.person === other.person;
}

async function attach(places: readonly Place[]): Promise<void> {
  for (const { side, person } of places) await side.peer.attach(person);
}

function settingsOf(peer: ChannelPeer, opened: OpenPeer): Readonly<Record<string, string>> {
  return peer.settings({ port: opened.port });
}

function sideOf({ channel }: PeeredChannel, peer: OpenPeer): Side {
  const { name, facts } = channel;
  const reader = `${name}-reader`;
  const readerAddress = facts.accountAddress?.includes('{domain}') ? addressOf(reader) : reader;
  return { name, peer, reader, readerAddress, writer: `${name}-writer` };
}
