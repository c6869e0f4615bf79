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
import { type Asked, PageOffers } from '../../page-offers.js';

export interface Shown extends Asked {
  readonly devices: Set<string>;
  offline: boolean;
}

/** The pages that show devices. */
export class Devices {
  readonly #byDevice = new Map<string, Set<Shown>>();
  /** What waits for a page's word. */
  readonly offers = new PageOffers();

  /** A page from now on, until it closes. */
  open(page: Page): Shown {
    const shown: Shown = { page, devices: new Set(), offline: false, offers: new Map() };
    page.onClose(() => {
      for (const device of shown.devices) this.#leave(device, shown);
      this.offers.left(shown);
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
    return [...(this.#byDevice.get(device) ?? [])].filter(({ page }) => page.account === account);
  }

  /** Why nothing can reach this account's device now; undefined: it is on the net. */
  absent(device: string, account: string): string | undefined {
    const pages = this.of(device, account);
    if (pages.length === 0) return `no page shows the device ${device}`;
    const reachable = pages.some(({ offline }) => !offline);
    return reachable ? undefined : `the device ${device} is off the net`;
  }

  #leave(device: string, shown: Shown): void {
    const pages = this.#byDevice.get(device);
    pages?.delete(shown);
    if (pages?.size === 0) this.#byDevice.delete(device);
  }
}
