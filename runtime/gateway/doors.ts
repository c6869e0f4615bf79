/**
 * The channels' own doors: paths below `/c/<channel>/`, and each channel's part of a live line.
 *
 * Invariant: a channel hears only frames that name it, from pages that are signed in; its trouble
 * with one page or request ends that one alone.
 */

import type { Door, DoorAnswer, DoorRequest, Log, Page } from '../../actors/machinery.js';
import type { Account } from '../../schemas/account.js';

interface OpenDoor {
  handle?: (request: DoorRequest) => Promise<DoorAnswer>;
  readonly pages: ((page: Page) => void)[];
}

/** What carries a page: its line. */
export interface Carrier {
  readonly account: Account;
  backlog(): number;
  send(channel: string, frame: unknown): void;
  onClose(run: () => void): void;
}

/** Hands a line's frames to the channels that they name. */
export type TakeFrame = (channel: string, frame: unknown) => void;

export class Doors {
  readonly #log: Log;
  readonly #doors = new Map<string, OpenDoor>();

  constructor(log: Log) {
    this.#log = log;
  }

  doorOf(channel: string, url: string): Door {
    const door: OpenDoor = { pages: [] };
    this.#doors.set(channel, door);
    return {
      url,
      serve(handle) {
        door.handle = handle;
      },
      pages(open) {
        door.pages.push(open);
      },
    };
  }

  /** Undefined: the channel serves nothing. */
  handlerOf(channel: string): OpenDoor['handle'] {
    return this.#doors.get(channel)?.handle;
  }

  /** Tells each channel of a new page. */
  open(carrier: Carrier): TakeFrame {
    const listeners = new Map<string, ((frame: unknown) => void)[]>();
    for (const [channel, { pages }] of this.#doors) {
      const heard: ((frame: unknown) => void)[] = [];
      listeners.set(channel, heard);
      for (const open of pages) this.#guarded(channel, () => open(pageOf(carrier, channel, heard)));
    }
    return (channel, frame) => {
      for (const run of listeners.get(channel) ?? []) this.#guarded(channel, () => run(frame));
    };
  }

  #guarded(channel: string, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#log.error('line.channelFailed', { channel, error });
    }
  }
}

function pageOf(carrier: Carrier, channel: string, heard: ((frame: unknown) => void)[]): Page {
  return {
    account: carrier.account.id,
    name: carrier.account.name,
    backlog: () => carrier.backlog(),
    send: (frame) => carrier.send(channel, frame),
    onFrame(run) {
      heard.push(run);
    },
    onClose: (run) => carrier.onClose(run),
  };
}
