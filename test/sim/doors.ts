/**
 * The web door of a simulated process: channels that speak through it run with their own agents,
 * and their pages are here instead of in browsers.
 *
 * Invariants: what a page is sent within an attempt belongs to that attempt, whatever the frame
 * looks like; a copy on a second page of the same person is no second copy; nothing leaves a
 * process that is dead, nothing reaches a page that is closed.
 */

import { AsyncLocalStorage } from 'node:async_hooks';
import type { Channel, Deliverer, DeliveryJob, PagePeer } from '../../actors/channel.js';
import type { Door, DoorAnswer, DoorRequest, Page } from '../../actors/machinery.js';
import type { PortParts } from './ports.js';
import { drawing } from './random.js';
import { deviceOn, type SimulatedChannel } from './registry.js';
import type { World } from './world.js';

/**
 * `steady` answers soon · `slow` late, perhaps too late · `flaky` often has nothing, or is closed
 * before it answers · `silent` never answers, and half the time has nothing.
 */
const CHARACTERS = ['steady', 'steady', 'slow', 'flaky', 'silent'] as const;
const SOON_MAX_MS = 100;
const LATE_MAX_MS = 20_000;

/** A person's page on one channel, while it is open. */
export class SimulatedPage implements Page {
  readonly account: string;
  readonly name: string;
  readonly label: string;
  isOpen = true;
  /** Where what it is sent goes. */
  carrier: ((frame: unknown) => void) | undefined;
  /** Told of what is sent to it outside any attempt. */
  told: ((frame: unknown) => void) | undefined;
  readonly #behaviour: PagePeer;
  readonly #world: World;
  readonly #onFrame: ((frame: unknown) => void)[] = [];
  readonly #onClose: (() => void)[] = [];

  constructor(
    world: World,
    of: {
      readonly account: string;
      readonly name: string;
      readonly label: string;
      readonly behaviour: PagePeer;
    },
  ) {
    this.#world = world;
    this.account = of.account;
    this.name = of.name;
    this.label = of.label;
    this.#behaviour = of.behaviour;
  }

  backlog(): number {
    return 0;
  }

  send(frame: unknown): void {
    if (this.isOpen) this.carrier?.(frame);
  }

  onFrame(run: (frame: unknown) => void): void {
    this.#onFrame.push(run);
  }

  onClose(run: () => void): void {
    this.#onClose.push(run);
  }

  /** The line ends, and its process hears of it. */
  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    for (const run of this.#onClose) run();
  }

  /** What it says by itself. */
  says(frame: unknown): void {
    for (const run of this.#onFrame) run(frame);
  }

  /** The process is gone: nobody there hears of anything. */
  drop(): void {
    this.isOpen = false;
  }

  /** @returns whether the page shows what it was sent; then it answers, as its person's kind */
  hears(frame: unknown): boolean {
    const character = drawing(this.#world.seed, `pages of ${this.name}`).pick(CHARACTERS);
    const draw = this.#world.draw(`frame at ${this.label}`);
    const isSure = character === 'steady' || character === 'slow';
    if (!isSure && draw.chance(0.5)) return false;
    if (character === 'silent') return true;
    const delayMs = draw.int(1, character === 'slow' ? LATE_MAX_MS : SOON_MAX_MS);
    const closes = character === 'flaky' && draw.chance(0.4);
    this.#world.schedule(delayMs, `${this.label} ${closes ? 'is closed' : 'answers'}`, () => {
      if (closes) return this.close();
      const answer = this.#behaviour.answer(frame);
      if (answer !== undefined && this.isOpen) this.says(answer);
    });
    return true;
  }
}

/** One channel's door in one process. */
export class SimulatedDoor implements Door {
  readonly url = 'http://localhost:2580';
  readonly #open: ((page: Page) => void)[] = [];
  #handle: ((request: DoorRequest) => Promise<DoorAnswer>) | undefined;

  serve(handle: (request: DoorRequest) => Promise<DoorAnswer>): void {
    this.#handle = handle;
  }

  pages(open: (page: Page) => void): void {
    this.#open.push(open);
  }

  enter(page: SimulatedPage, carrier: (frame: unknown) => void): void {
    page.carrier = carrier;
    for (const open of this.#open) open(page);
  }

  /** Undefined: nobody serves here. */
  ask(request: DoorRequest): Promise<DoorAnswer> | undefined {
    return this.#handle?.(request);
  }
}

/** All doors of one process. */
export class Doors {
  readonly #parts: PortParts;
  readonly #byChannel = new Map<string, SimulatedDoor>();
  readonly #jobs = new AsyncLocalStorage<DeliveryJob>();
  /** By attempt: the page whose copy is counted. */
  readonly #counted = new Map<string, SimulatedPage>();

  constructor(parts: PortParts) {
    this.#parts = parts;
  }

  of(channel: string): SimulatedDoor {
    const door = this.#byChannel.get(channel) ?? new SimulatedDoor();
    this.#byChannel.set(channel, door);
    return door;
  }

  /** The channel with its own agents; what they send within an attempt is known as its bytes. */
  watched(channel: Channel): Channel {
    const { deliver } = channel;
    if (deliver === undefined) return channel;
    return { ...channel, deliver: (context) => this.#watchedAgent(deliver(context)) };
  }

  #watchedAgent(agent: Deliverer): Deliverer {
    return { ...agent, deliver: (job) => this.#jobs.run(job, () => agent.deliver(job)) };
  }

  /** A page opens a line to this process, and says what it says at first. */
  enter(channel: SimulatedChannel, page: SimulatedPage): void {
    this.of(channel.name).enter(page, (frame) => this.#sent(page, frame));
    const device = deviceOn(channel, page.name);
    for (const frame of channel.page?.opens?.(device) ?? []) page.says(frame);
  }

  #sent(page: SimulatedPage, frame: unknown): void {
    const { process, watch, world } = this.#parts;
    const job = this.#jobs.getStore();
    if (process.dead) return;
    if (job === undefined) {
      page.told?.(frame);
      return;
    }
    const { message, delivery, attempt, possibleDuplicate } = job;
    if (!process.survives('edge.deliver:before', message.key)) return;
    world.log(`${page.label} gets ${message.key} attempt ${attempt}`);
    const name = `${message.key} ${attempt}`;
    const counted = this.#counted.get(name) ?? page;
    const shows = page.hears(frame);
    if (shows) this.#counted.set(name, counted);
    const brought = { messageKey: message.key, delivery: delivery.id, attempt, possibleDuplicate };
    const heard = shows && counted === page;
    watch.arrived({ ...brought, device: delivery.address.value }, { heard, account: page.account });
    process.survives('edge.deliver:after', message.key);
  }
}
