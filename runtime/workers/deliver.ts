/**
 * The delivering role (F11): takes deliveries that are due, has the channel's agent make one
 * attempt, and stores the outcome.
 *
 * Stages: take (in memory only) → the agent works → `bytesSent` is stored before the byte that
 * makes the peer responsible (law 5), after the address was checked once more (law 7) → the
 * outcome is an observation, applied until stored (law 3). Who loses the save of `bytesSent` sends
 * nothing, and whatever its agent returns then is thrown away.
 */

import type { Channel, Deliverer, DeliveryJob } from '../../actors/channel.js';
import type { Clock, Log } from '../../actors/machinery.js';
import { isTakeable, nextAttempt } from '../../actors/message-manager/deliveries.js';
import type { CachedDirectory } from '../../actors/user-manager/directory.js';
import type { Delivery, FormattedCopy, Outcome } from '../../schemas/delivery.js';
import type { MessageEvent } from '../../schemas/message.js';
import type { Committer, Held } from '../kernel/commit.js';
import type { ContentReader } from './content.js';
import { deliveryHintKey } from './look.js';
import { Room } from './room.js';

/** Decisions of `bytesSent` that lose against a twin's save are made anew so often. */
const DECIDE_TRIES_MAX = 5;
const NONCE_BYTES = 4;

export interface DeliverParts {
  readonly committer: Committer;
  readonly clock: Clock;
  readonly log: Log;
  readonly worker: string;
  readonly directory: CachedDirectory;
  readonly deliverers: ReadonlyMap<string, Deliverer>;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly content: ContentReader;
  /** What follows from a stored outcome: the next step, reports, the end. */
  readonly goOn: (held: Held) => void;
  readonly attempted: (attempt: { channel: string; outcome: string; tookMs: number }) => void;
  /** Why nothing may be claimed right now (disk at lower water). */
  readonly refusing: () => string | undefined;
}

/** One attempt while it runs. */
interface Flight {
  held: Held;
  readonly delivery: number;
  readonly attempt: string;
  /** Set when `bytesSent` was refused: what the agent returns does not count. */
  refused: 'lost' | 'addressGone' | undefined;
  /** The save of `bytesSent`, once the agent asked for it. */
  recording: Promise<boolean> | undefined;
}

const ADDRESS_GONE: Outcome = {
  result: 'failed',
  status: '5.1.6',
  reason: 'the subscriber no longer has this address at this endpoint; nothing was sent',
};

export interface Delivering {
  /** Makes one attempt, if the delivery may still be taken. */
  attempt(hint: { key: string; delivery: number; held?: Held | undefined }): Promise<void>;
  laneOf(delivery: Pick<Delivery, 'address'>): string;
  /** The attempts under way, as delivery hint keys. */
  readonly underWay: ReadonlySet<string>;
}

function deliveryIn(held: Held, id: number): Delivery | undefined {
  return held.document.context.deliveries.find((delivery) => delivery.id === id);
}

export function createDelivering(parts: DeliverParts): Delivering {
  return new Agents(parts);
}

class Agents implements Delivering {
  readonly underWay = new Set<string>();
  readonly #parts: DeliverParts;
  readonly #room = new Room();

  constructor(parts: DeliverParts) {
    this.#parts = parts;
  }

  laneOf({ address }: Pick<Delivery, 'address'>): string {
    const deliverer = this.#parts.deliverers.get(address.channel);
    return `${address.channel}:${deliverer?.lane(address) ?? ''}`;
  }

  /** Law 7: an account at most 2 s old must still carry that address on that endpoint. */
  async #isAddressThere(held: Held, delivery: Delivery): Promise<boolean> {
    const { recipient } = held.document.context;
    if (recipient.kind === 'outside' || delivery.endpoint === undefined) return true;
    const account = await this.#parts.directory.account(recipient.account);
    const endpoints = account?.devices.flatMap((device) => device.endpoints) ?? [];
    return endpoints.some(
      (endpoint) =>
        endpoint.id === delivery.endpoint &&
        endpoint.address.channel === delivery.address.channel &&
        endpoint.address.value === delivery.address.value,
    );
  }

  async #record(flight: Flight, copy: FormattedCopy): Promise<boolean> {
    flight.refused = 'lost';
    const { attempt, held } = flight;
    const kept = await this.#parts.content.keepCopy(copy, attempt, held.document);
    return this.#bytesSent(flight, kept);
  }

  async #bytesSent(flight: Flight, copy: FormattedCopy): Promise<boolean> {
    for (let tries = 0; tries < DECIDE_TRIES_MAX; tries += 1) {
      const delivery = deliveryIn(flight.held, flight.delivery);
      if (delivery === undefined) return false;
      if (!(await this.#isAddressThere(flight.held, delivery))) {
        flight.refused = 'addressGone';
        return false;
      }
      const { attempt } = flight;
      const event: MessageEvent = {
        type: 'SENDING',
        at: this.#parts.clock.now(),
        delivery: flight.delivery,
        attempt,
        phase: 'bytesSent',
        worker: this.#parts.worker,
        copy,
      };
      const committed = await this.#parts.committer.decide(flight.held, [event]);
      if (committed.ok) {
        flight.held = committed.held;
        flight.refused = undefined;
        return true;
      }
      const fresh = await this.#parts.committer.load(flight.held.document.key);
      if (fresh === undefined || fresh.rev === flight.held.rev) return false;
      // Somebody else moved it: this is a new decision over what stands there now.
      flight.held = fresh;
      const again = deliveryIn(fresh, flight.delivery);
      if (again === undefined || !isTakeable(again, this.#parts.clock.now())) return false;
    }
    return false;
  }

  #jobOf(flight: Flight, delivery: Delivery): DeliveryJob {
    const { document } = flight.held;
    return {
      // Whoever it is for now: a redirect changes that.
      message: { ...document.input, recipient: document.context.recipient },
      delivery,
      attempt: flight.attempt,
      possibleDuplicate: delivery.possibleDuplicate === true,
      raw: () => this.#parts.content.raw(document.context.content),
      umf: () => this.#parts.content.umf(document.context.content, document.key),
      written: () => {
        const { content } = document.context;
        return this.#parts.content.written(content, document.key, delivery.address);
      },
      bytesSent: (copy) => {
        flight.recording = this.#record(flight, copy);
        return flight.recording;
      },
    };
  }

  async #run(flight: Flight, delivery: Delivery): Promise<Outcome> {
    const deliverer = this.#parts.deliverers.get(delivery.address.channel);
    if (deliverer === undefined) {
      const reason = `no agent of this switch delivers by ${delivery.address.channel}`;
      return { result: 'failed', status: '5.3.3', reason };
    }
    try {
      return await deliverer.deliver(this.#jobOf(flight, delivery));
    } catch (error) {
      const reason = `our own trouble: ${error instanceof Error ? error.message : String(error)}`;
      this.#parts.log.error('delivery.trouble', { key: flight.held.document.key, reason });
      return { result: 'retry', status: '4.3.0', reason };
    }
  }

  /** The message after the outcome; undefined: it was not taken. */
  async #store(flight: Flight, outcome: Outcome, tookMs: number): Promise<Held | undefined> {
    const { delivery, attempt, held } = flight;
    const at = this.#parts.clock.now();
    const id = `${attempt}:${outcome.result}`;
    const event: MessageEvent = { type: 'OUTCOME', at, id, delivery, attempt, outcome, tookMs };
    const applied = await this.#parts.committer.observe({ key: held.document.key, held }, event);
    if (applied.ok) return applied.held;
    this.#parts.log.warn('outcome.notTaken', { reason: applied.message, attempt });
    return undefined;
  }

  /** The postponement of a delivery whose destination is paused; undefined: it is not. */
  #postponed(delivery: Delivery): Outcome | undefined {
    const { channel } = delivery.address;
    const deliverer = this.#parts.deliverers.get(channel);
    const pause = deliverer?.paused(deliverer.lane(delivery.address));
    if (pause === undefined) return undefined;
    const afterMs = Math.max(1, pause.until - this.#parts.clock.now());
    return { result: 'postponed', status: '4.4.1', reason: pause.reason, afterMs };
  }

  async #fly(held: Held, delivery: Delivery): Promise<Held | undefined> {
    const nonce = Buffer.from(this.#parts.clock.random(NONCE_BYTES)).toString('hex');
    const attempt = nextAttempt(delivery, nonce);
    const flight: Flight = {
      held,
      delivery: delivery.id,
      attempt,
      refused: undefined,
      recording: undefined,
    };
    const startedAt = this.#parts.clock.monotonic();
    const waits = this.#postponed(delivery);
    const outcome = waits ?? (await this.#run(flight, delivery));
    const tookMs = Math.round(this.#parts.clock.monotonic() - startedAt);
    // The peer may be gone before `bytesSent` is stored: only then is known whether it counts.
    await flight.recording?.catch(() => false);
    if (flight.refused === 'lost') return undefined;
    const known = flight.refused === 'addressGone' ? ADDRESS_GONE : outcome;
    const { channel } = delivery.address;
    this.#parts.attempted({ channel, outcome: known.result, tookMs });
    return this.#store(flight, known, tookMs);
  }

  /** One attempt, when there is room for the message's content. */
  async #flyInRoom(held: Held, delivery: Delivery): Promise<Held | undefined> {
    const { size } = held.document.input.header;
    const leave = await this.#room.take(this.laneOf(delivery), size);
    try {
      return await this.#fly(held, delivery);
    } finally {
      leave();
    }
  }

  async attempt(hint: { key: string; delivery: number; held?: Held | undefined }) {
    const name = deliveryHintKey(hint.key, hint.delivery);
    if (this.underWay.has(name) || this.#parts.refusing() !== undefined) return;
    this.underWay.add(name);
    let moved: Held | undefined;
    try {
      const held = hint.held ?? (await this.#parts.committer.load(hint.key));
      const delivery = held && deliveryIn(held, hint.delivery);
      if (held === undefined || delivery === undefined) return;
      if (isTakeable(delivery, this.#parts.clock.now())) {
        moved = await this.#flyInRoom(held, delivery);
      }
    } finally {
      this.underWay.delete(name);
    }
    // Only now: a hint for a delivery that still counts as under way is dropped.
    if (moved !== undefined) this.#parts.goOn(moved);
  }
}
