/**
 * Practice devices: phones that are drawn on signed-in pages, each with a line of its own to the
 * page that shows it. The registered loopback channel.
 *
 * Frames of the page: `show` a device of one's own, `took` an attempt, `answer` a message, `send` a
 * new one, `behave` (take the phone off the net). Frames to it: `shown`, `message`, `sent`,
 * `refused`.
 *
 * Invariants: only the account that has a device may show it, and only its pages get what goes
 * there (law 7); a device that no page shows is absent; `bytesSent` is stored before the frame.
 */

import type { Page } from '../../machinery.js';

export interface Shown {
  readonly page: Page;
  readonly account: string;
  readonly devices: Set<string>;
  offline: boolean;
  /** What waits for this page's word, by attempt. */
  readonly offers: Map<string, Offer>;
}

export interface Offer {
  readonly pages: Set<Shown>;
  readonly end: (how: 'took' | 'closed' | 'silence') => void;
}

/** The pages that show devices. */
export class Devices {
  readonly #byDevice = new Map<string, Set<Shown>>();
  /** What waits for any page's word. */
  readonly waiting = new Set<Offer>();

  /** A page from now on, until it closes. */
  open(page: Page): Shown {
    const { account } = page;
    const shown: Shown = {
      page,
      account,
      devices: new Set(),
      offline: false,
      offers: new Map(),
    };
    page.onClose(() => {
      for (const device of shown.devices) this.#leave(device, shown);
      for (const offer of shown.offers.values()) {
        offer.pages.delete(shown);
        if (offer.pages.size === 0) offer.end('closed');
      }
    });
    return shown;
  }

  show(device: string, shown: Shown): void {
    shown.devices.add(device);
    const pages = this.#byDevice.get(device) ?? new Set();
    this.#byDevice.set(device, pages.add(shown));
  }

  /** The pages of this account that show the device. */
  of(device: string, account: string): Shown[] {
    return [...(this.#byDevice.get(device) ?? [])].filter((one) => one.account === account);
  }

  /** Why nothing can reach the device now; undefined: it is on the net. */
  absent(device: string): string | undefined {
    const pages = this.#byDevice.get(device);
    if (pages === undefined) return `no page shows the device ${device}`;
    const reachable = [...pages].some(({ offline }) => !offline);
    return reachable ? undefined : `the device ${device} is off the net`;
  }

  #leave(device: string, shown: Shown): void {
    const pages = this.#byDevice.get(device);
    pages?.delete(shown);
    if (pages?.size === 0) this.#byDevice.delete(device);
  }
}
