/**
 * Frames that are offered to open pages, for channels that deliver there: the first page that takes
 * one ends the offer.
 *
 * Invariants: a page is sent one frame for each attempt; only a page that was sent it can answer
 * it; what waits ends with the first answer, with the last page, or after its time.
 */

import type { Clock, Page, Timer } from './machinery.js';

/** How an offer ended. */
export type Offered = 'took' | 'silence' | 'closed';

interface Offer {
  readonly key: string;
  readonly pages: Set<Asked>;
  readonly end: (how: Offered) => void;
}

/** A page that can be offered something. */
export interface Asked {
  readonly page: Page;
  /** What waits for this page's word, by attempt. */
  readonly offers: Map<string, Offer>;
}

export interface OfferedFrame {
  readonly key: string;
  readonly attempt: string;
  readonly [name: string]: unknown;
}

export class PageOffers {
  readonly #waiting = new Set<Offer>();

  /** Sends the frame to each of these pages; resolves with how it ended. */
  offer<Of extends Asked>(
    to: readonly Of[],
    frame: OfferedFrame,
    within: { readonly clock: Clock; readonly ms: number },
  ): Promise<Offered> {
    const pages = new Set<Asked>(to);
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

  /** Hears a page say `took`; anything else is not for here. */
  heard({ offers }: Asked, frame: unknown): void {
    if (typeof frame !== 'object' || frame === null || !('kind' in frame)) return;
    if (frame.kind !== 'took' || !('attempt' in frame)) return;
    const offer = offers.get(String(frame.attempt));
    // Attempts are numbered within a message; a page that names the message too is surer.
    if ('key' in frame && frame.key !== offer?.key) return;
    offer?.end('took');
  }

  /** The page is closed. */
  left(asked: Asked): void {
    for (const offer of asked.offers.values()) {
      offer.pages.delete(asked);
      if (offer.pages.size === 0) offer.end('closed');
    }
  }

  /** The switch stops: a page's word that has not come is not awaited. */
  stop(): void {
    for (const offer of this.#waiting) offer.end('closed');
  }
}
