/**
 * The open pages of this channel: who has one, and the frames that wait for a page's word.
 *
 * Invariants: a page is sent one frame for each attempt; only a page that was sent it can answer
 * it; what waits ends with the first answer, with the last page, or after its time.
 */

import type { Clock, Page, Timer } from '../../machinery.js';

/** How an offer to open pages ended. */
export type Offered = 'took' | 'silence' | 'closed' | 'nobody';

/** One attempt, offered to pages. */
interface Offer {
  readonly key: string;
  readonly pages: Set<OpenPage>;
  readonly end: (how: Offered) => void;
}

interface OpenPage {
  readonly page: Page;
  /** By attempt. */
  readonly offers: Map<string, Offer>;
}

export class Pages {
  readonly #byName = new Map<string, Set<OpenPage>>();
  readonly #waiting = new Set<Offer>();

  /** Keeps a page until it closes. */
  open(page: Page): void {
    const { name } = page;
    const own: OpenPage = { page, offers: new Map() };
    const pages = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, pages.add(own));
    page.onFrame((frame) => heard(own, frame));
    page.onClose(() => {
      pages.delete(own);
      if (pages.size === 0 && this.#byName.get(name) === pages) this.#byName.delete(name);
      for (const offer of own.offers.values()) {
        offer.pages.delete(own);
        if (offer.pages.size === 0) offer.end('closed');
      }
    });
  }

  /** The switch stops: a page's word that has not come is not awaited. */
  stop(): void {
    for (const offer of this.#waiting) offer.end('closed');
  }

  isOpen(name: string): boolean {
    return this.#byName.has(name);
  }

  /**
   * Sends the frame to every page of this name that is the account's: a name may have changed
   * hands while a page was open (law 7). Resolves with the first that takes it.
   */
  offer(
    to: { readonly name: string; readonly account: string },
    frame: { readonly attempt: string; readonly key: string },
    within: { readonly clock: Clock; readonly ms: number },
  ): Promise<Offered> {
    const named = [...(this.#byName.get(to.name) ?? [])];
    const pages = new Set(named.filter(({ page }) => page.account === to.account));
    if (pages.size === 0) return Promise.resolve('nobody');
    const waiting = this.#waiting;
    return new Promise((resolve) => {
      let timer: Timer | undefined;
      const offer: Offer = {
        key: frame.key,
        pages,
        end(how) {
          timer?.cancel();
          waiting.delete(offer);
          for (const { offers } of pages) {
            if (offers.get(frame.attempt) === offer) offers.delete(frame.attempt);
          }
          resolve(how);
        },
      };
      timer = within.clock.after(within.ms, () => offer.end('silence'));
      waiting.add(offer);
      for (const { offers } of pages) offers.set(frame.attempt, offer);
      for (const { page } of pages) page.send(frame);
    });
  }
}

function heard(own: OpenPage, frame: unknown): void {
  if (typeof frame !== 'object' || frame === null || !('kind' in frame)) return;
  if (frame.kind !== 'took' || !('attempt' in frame)) return;
  const offer = own.offers.get(String(frame.attempt));
  // Attempts are numbered within a message; a page that names the message too is surer.
  if ('key' in frame && frame.key !== offer?.key) return;
  offer?.end('took');
}
