/**
 * The devices at the other end: inside the process, named, each doing what a script says. They
 * record what they got, and send. The simulation's edge, and the stand-in for channels to come.
 *
 * Invariants: a device that keeps has a message exactly when it is in `received`; nothing waits for
 * real time.
 */

import type { Outcome } from '../../../schemas/delivery.js';
import type { Umf } from '../../../schemas/umf.js';
import { readUmf } from '../../conversion/umf-reader.js';

export { peer } from './practice-peer.js';

/**
 * `confirm` and `accept`: takes it, with or without a receipt · `silence`: takes it and never
 * answers · `offline`: cannot be reached, nothing is sent · `permanent`: refuses for good ·
 * `temporary`: refuses so often, then confirms.
 */
export type Behaviour =
  | 'confirm'
  | 'accept'
  | 'silence'
  | 'offline'
  | 'permanent'
  | { readonly temporary: number };

export interface Received {
  readonly device: string;
  readonly messageKey: string;
  readonly delivery: number;
  readonly attempt: string;
  readonly possibleDuplicate: boolean;
  readonly bytes: Uint8Array;
  readonly umf: Umf;
}

/** What a device sends; `reference` is its own identifier of it. */
export interface Sending {
  readonly from: string;
  readonly to: readonly string[];
  readonly umf: Omit<Umf, 'uid' | 'from' | 'to'>;
  readonly reference?: string;
}

export type SendAnswer =
  | { readonly ok: true; readonly id: string; readonly again: boolean }
  | { readonly ok: false; readonly temporary: boolean; readonly reason: string };

/** The receiving agent, as the devices see it. */
export interface Line {
  take(sending: Sending): Promise<SendAnswer>;
  receipt(receipt: Receipt): Promise<void>;
}

export interface Receipt {
  readonly messageKey: string;
  readonly delivery: number;
  readonly id: string;
  readonly outcome: Outcome;
}

/** What the device reads from the wire, when somebody looks. */
function withUmf(message: Omit<Received, 'umf'>): Received {
  return {
    ...message,
    get umf() {
      const read = readUmf(message.bytes);
      if (!read.ok) throw new Error(`The device cannot read it: ${read.message}`);
      return read.umf;
    },
  };
}

export class LoopbackPeer {
  readonly #behaviours = new Map<string, Behaviour>();
  readonly #keep: 'all' | 'none';
  readonly received: Received[] = [];
  #watchers: (() => boolean)[] = [];
  /** Set while a receiving agent runs. */
  line: Line | undefined;

  /** @param keep `none`: devices that nobody looks at record nothing, or memory had no bound */
  constructor(keep: 'all' | 'none' = 'all') {
    this.#keep = keep;
  }

  /** From now on the device does this; at first every device confirms. */
  script(device: string, behaviour: Behaviour): void {
    this.#behaviours.set(device, behaviour);
  }

  /** What the device does this time. */
  next(device: string): Exclude<Behaviour, object> | 'busy' {
    const behaviour = this.#behaviours.get(device) ?? 'confirm';
    if (typeof behaviour === 'string') return behaviour;
    if (behaviour.temporary <= 0) return 'confirm';
    this.#behaviours.set(device, { temporary: behaviour.temporary - 1 });
    return 'busy';
  }

  took(message: Omit<Received, 'umf'>): void {
    if (this.#keep === 'all') this.received.push(withUmf(message));
    const watchers = this.#watchers;
    this.#watchers = [];
    this.#watchers.push(...watchers.filter((look) => !look()));
  }

  /** What one device has. */
  of(device: string): Received[] {
    return this.received.filter((message) => message.device === device);
  }

  /** Resolves when the condition holds; looks after everything that a device gets. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): boolean => {
        const holds = condition();
        if (holds) resolve();
        return holds;
      };
      if (!look()) this.#watchers.push(look);
    });
  }

  send(sending: Sending): Promise<SendAnswer> {
    const reason = 'no receiving agent runs';
    return this.line?.take(sending) ?? Promise.resolve({ ok: false, temporary: true, reason });
  }

  /** Tells the switch of a message that the device got earlier. */
  receipt(receipt: Receipt): Promise<void> {
    return this.line?.receipt(receipt) ?? Promise.resolve();
  }
}
