/**
 * The open pages of this channel: who has one, and what they are offered.
 *
 * Invariant: a page is there for its account, not for its name: a name may have changed hands while
 * a page was open (law 7).
 */

import type { Clock, Page } from '../../machinery.js';
import { type Asked, type Offered, type OfferedFrame, PageOffers } from '../../page-offers.js';

interface Of {
  readonly name: string;
  readonly account: string;
}

export class Pages {
  readonly #byName = new Map<string, Set<Asked>>();
  readonly #offers = new PageOffers();

  /** Keeps a page until it closes. */
  open(page: Page): void {
    const { name } = page;
    const own: Asked = { page, offers: new Map() };
    const pages = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, pages.add(own));
    page.onFrame((frame) => this.#offers.heard(own, frame));
    page.onClose(() => {
      pages.delete(own);
      if (pages.size === 0 && this.#byName.get(name) === pages) this.#byName.delete(name);
      this.#offers.left(own);
    });
  }

  stop(): void {
    this.#offers.stop();
  }

  isOpen(of: Of): boolean {
    return this.#pagesOf(of).length > 0;
  }

  /** Sends the frame to every page of the account; resolves with the first that takes it. */
  async offer(
    to: Of,
    frame: OfferedFrame,
    within: { readonly clock: Clock; readonly ms: number },
  ): Promise<Offered | 'nobody'> {
    const pages = this.#pagesOf(to);
    return pages.length === 0 ? 'nobody' : this.#offers.offer(pages, frame, within);
  }

  #pagesOf({ name, account }: Of): Asked[] {
    return [...(this.#byName.get(name) ?? [])].filter(({ page }) => page.account === account);
  }
}
