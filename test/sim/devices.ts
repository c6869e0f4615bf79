/**
 * The devices of the simulated world, outside the switch: each has a character, and every attempt
 * draws from it. What a device took stays taken, whoever dies; receipts are sent until the switch
 * has taken them.
 */

import type { Behaviour, Receipt, Received } from '../../actors/channels/loopback/peer.js';
import { drawing } from './random.js';
import type { World } from './world.js';

/**
 * `steady` confirms · `receipts` takes, and tells later · `flaky` often cannot · `dead` refuses
 * for good · `silent` never answers, and half the time has nothing.
 */
const CHARACTERS = ['steady', 'steady', 'receipts', 'receipts', 'flaky', 'dead', 'silent'] as const;
export type Character = (typeof CHARACTERS)[number];

const RECEIPT_MAX_MS = 50_000;
const RECEIPT_AGAIN_MS = 2_000;

/** How a receipt goes back by its channel; false: nobody took it. */
export type SendReceipt = (channel: string, receipt: Receipt) => Promise<boolean>;

export class Devices {
  readonly #world: World;
  readonly #send: SendReceipt;
  /** Receipts on their way. */
  pending = 0;
  #receipts = 0;

  constructor(world: World, send: SendReceipt) {
    this.#world = world;
    this.#send = send;
  }

  character(device: string): Character {
    return drawing(this.#world.seed, `character of ${device}`).pick(CHARACTERS);
  }

  next(device: string): Exclude<Behaviour, object> | 'busy' {
    const character = this.character(device);
    if (character === 'steady') return 'confirm';
    if (character === 'receipts') return 'accept';
    if (character === 'dead') return 'permanent';
    if (character === 'silent') return 'silence';
    const draw = this.#world.draw(`attempt at ${device}`);
    return draw.pick(['confirm', 'busy', 'offline', 'silence', 'accept']);
  }

  /** @returns whether the device has it; else the bytes went nowhere */
  hears(message: Received): boolean {
    if (this.character(message.device) !== 'silent') return true;
    return this.#world.draw(`heard ${message.device} ${message.attempt}`).chance(0.5);
  }

  took(channel: string, message: Received): void {
    if (this.character(message.device) !== 'receipts') return;
    const draw = this.#world.draw(`receipt ${message.device}`);
    const result = draw.pick(['confirmed', 'confirmed', 'confirmed', 'failed', 'none']);
    if (result === 'none') return;
    this.#receipts += 1;
    const { messageKey, delivery } = message;
    const id = `receipt-${this.#receipts}`;
    const receipt: Receipt = {
      messageKey,
      delivery,
      id,
      outcome:
        result === 'confirmed'
          ? { result, level: 'delivered', status: '2.0.0', reason: 'the person has it' }
          : { result: 'failed', status: '5.2.0', reason: 'the device gave it back' },
    };
    const copies = draw.chance(0.2) ? 2 : 1;
    for (let i = 0; i < copies; i += 1) {
      this.pending += 1;
      this.#later(draw.int(5, RECEIPT_MAX_MS), channel, receipt);
    }
  }

  #later(delayMs: number, channel: string, receipt: Receipt): void {
    this.#world.schedule(delayMs, `${receipt.id} by ${channel}`, () => {
      void this.#send(channel, receipt).then((taken) => {
        if (taken) this.pending -= 1;
        else this.#later(RECEIPT_AGAIN_MS, channel, receipt);
      });
    });
  }
}
