/**
 * The senders of the simulated world, on every channel that receives: they repeat what was not
 * acknowledged, and sometimes what was.
 */

import type { PeerSending } from '../../actors/channel.js';
import type { SendAnswer } from '../../actors/channels/loopback/peer.js';
import { SimulatedPage } from './doors.js';
import type { Machine, Process } from './machine.js';
import { atLeastOne, NAMES, untilDeath } from './people.js';
import { drawing } from './random.js';
import type { SimulatedChannel } from './registry.js';
import type { Watch } from './watch.js';
import type { World } from './world.js';

const SUBMISSIONS_MIN = 8;
const SUBMISSIONS_MAX = 20;
const RECIPIENTS_MAX = 4;
const AGAIN_MIN_MS = 300;
const AGAIN_MAX_MS = 4_000;

/** One thing that somebody wants to be told, with what the switch said. */
export interface Wish {
  readonly reference: string;
  readonly channel: SimulatedChannel;
  /** Names of people. */
  readonly from: string;
  readonly to: readonly string[];
  readonly ids: Set<string>;
  tries: number;
}

/** By its own devices, or by its pages where they can send. */
function canSend({ way, receives, page }: SimulatedChannel): boolean {
  if (!receives || way === 'kept') return false;
  return way === 'edge' || page?.request !== undefined || page?.says !== undefined;
}

function textOf({ reference }: Wish): string {
  return `This is ${reference}.`;
}

/** As a device hands it to the loopback's agent. */
function hand(process: Process, wish: Wish): Promise<SendAnswer> | undefined {
  const { channel, from, to, reference } = wish;
  const body = { mediaType: 'text/plain', text: textOf(wish) };
  const umf = { subject: reference, body, priority: 'normal', securityLevel: 'normal' } as const;
  const address = (name: string): string => {
    const given = process.running?.defaultAddresses(name);
    return given?.find((own) => own.channel === channel.name)?.value ?? name;
  };
  const sending = { from: address(from), to: to.map(address), umf, reference };
  return process.peers.get(channel.name)?.send(sending);
}

export class Senders {
  readonly wishes: Wish[] = [];
  readonly #world: World;
  readonly #machine: Machine;
  readonly #watch: Watch;
  readonly #channels: readonly SimulatedChannel[];
  /** Sendings under way. */
  pending = 0;

  constructor(parts: {
    readonly world: World;
    readonly machine: Machine;
    readonly watch: Watch;
    readonly channels: readonly SimulatedChannel[];
  }) {
    this.#channels = parts.channels.filter(canSend);
    this.#world = parts.world;
    this.#machine = parts.machine;
    this.#watch = parts.watch;
  }

  /** Plans everything that is sent within the time. */
  plan(spanMs: number): void {
    const draw = drawing(this.#world.seed, 'submissions');
    const count = draw.int(SUBMISSIONS_MIN, SUBMISSIONS_MAX);
    for (let i = 0; i < count; i += 1) {
      const from = draw.pick(NAMES);
      const channel = draw.pick(atLeastOne(this.#channels));
      const wanted = Array.from({ length: draw.int(1, RECIPIENTS_MAX) }, () => draw.pick(NAMES));
      // A page's request names one person.
      const isOne = channel.way === 'pages' || draw.chance(0.5);
      const to = [...new Set(isOne ? wanted.slice(0, 1) : wanted)];
      const wish: Wish = { reference: `wish-${i}`, channel, from, to, ids: new Set(), tries: 0 };
      this.wishes.push(wish);
      const at = draw.int(0, spanMs);
      this.#later(at, wish);
      // The same again, although it was acknowledged perhaps (law 13).
      if (draw.chance(0.2)) this.#later(at + draw.int(0, 10_000), wish);
    }
  }

  #later(delayMs: number, wish: Wish): void {
    this.pending += 1;
    this.#world.schedule(delayMs, `${wish.from} sends ${wish.reference}`, () => {
      void this.#send(wish).then((done) => {
        this.pending -= 1;
        if (done) return;
        const { int } = this.#world.draw(`again ${wish.reference}`);
        this.#later(int(AGAIN_MIN_MS, AGAIN_MAX_MS), wish);
      });
    });
  }

  /** One try; false: it must be repeated. */
  async #send(wish: Wish): Promise<boolean> {
    const [first, ...more] = this.#machine.running();
    if (first === undefined) return false;
    const process = this.#world.draw(`door ${wish.reference}`).pick([first, ...more]);
    wish.tries += 1;
    const { reference, channel } = wish;
    const sent = channel.way === 'pages' ? this.#write(process, wish) : hand(process, wish);
    const answer = await untilDeath(process, sent);
    if (answer === undefined || !process.survives('edge.answer:before', reference)) return false;
    const isAcknowledged = this.#heard(wish, answer);
    process.survives('edge.answer:after', reference);
    return isAcknowledged;
  }

  /** As a page sends; what is not taken is tried again. */
  async #write(process: Process, wish: Wish): Promise<SendAnswer> {
    const { channel, from, to, reference } = wish;
    const [person = ''] = to;
    const sending = { from, to: person, subject: reference, text: textOf(wish), reference };
    const isAsked = channel.page?.request !== undefined;
    const id = await (isAsked
      ? this.#ask(process, channel, sending)
      : this.#say(process, channel, sending));
    if (id !== undefined) return { ok: true, id, again: false };
    return { ok: false, temporary: true, reason: 'the door does not take it' };
  }

  async #ask(process: Process, { name, page }: SimulatedChannel, sending: PeerSending) {
    const asked = page?.request?.(sending);
    if (asked === undefined) return undefined;
    const { body, ...request } = asked;
    const answer = await process.doors.of(name).ask({
      ...request,
      query: {},
      peer: '192.0.2.1',
      account: this.#watch.accountNamed(sending.from),
      body: () => Promise.resolve(Buffer.from(body)),
    });
    return answer && page?.submitted?.(answer);
  }

  /** Over the line of a page of its own, which is closed when it was answered. */
  #say(process: Process, channel: SimulatedChannel, sending: PeerSending) {
    const { from: name, reference } = sending;
    const { page: behaviour } = channel;
    const account = this.#watch.accountNamed(name)?.id;
    if (behaviour === undefined || account === undefined) return Promise.resolve(undefined);
    const label = `${name}'s ${reference} on ${channel.name}`;
    const page = new SimulatedPage(this.#world, { account, name, label, behaviour });
    process.onDeath(() => page.drop());
    return new Promise<string | undefined>((resolve) => {
      page.told = (frame) => {
        const told = behaviour.told?.(frame);
        if (told === undefined) {
          if (page.isOpen) page.says(behaviour.says?.(sending));
        } else if (told.reference === reference || told.reference === '') {
          page.close();
          resolve(told.id);
        }
      };
      process.doors.enter(channel, page);
      if (behaviour.opens === undefined) page.says(behaviour.says?.(sending));
    });
  }

  #heard(wish: Wish, answer: SendAnswer): boolean {
    const { reference } = wish;
    this.#world.log(`${reference} is ${answer.ok ? answer.id : answer.reason}`);
    if (answer.ok) {
      wish.ids.add(answer.id);
      this.#watch.acknowledged(answer.id, wish.to.length);
      return true;
    }
    if (!answer.temporary) {
      const words = `${reference} was refused for good, and nothing is wrong with it`;
      this.#world.violate('law 1', `${words}: ${answer.reason}`);
    }
    return !answer.temporary;
  }
}
