/**
 * The other side of the web channel, tiny: pages without a browser that are signed in, take what
 * they are shown and write. For tests and load only.
 */

import type { ChannelPeer, OpenPeer, PagePeer, PeerSending, PeerWorld } from '../../channel.js';
import { openPage, type SignedInPage } from '../../page-peer.js';

const NAME = 'web';
const FORM = 'application/x-www-form-urlencoded';

interface Deliver {
  readonly key: string;
  readonly attempt: string;
  readonly subject: string;
}

/** How a page behaves: it takes what it shows, and writes through the door. */
const page: PagePeer = {
  answer(frame) {
    const deliver = deliverIn(frame);
    return deliver && { kind: 'took', attempt: deliver.attempt, key: deliver.key };
  },
  request: (sending) => ({
    method: 'POST',
    path: 'send',
    contentType: FORM,
    body: fieldsOf(sending),
  }),
  submitted: ({ body }) => idIn(String(body)),
};

export const peer: ChannelPeer = {
  settings: () => ({}),
  open: (world) => Promise.resolve(new Browsers(world)),
  page,
};

class Browsers implements OpenPeer {
  readonly port = 0;
  readonly #world: PeerWorld;
  readonly #pages = new Map<string, SignedInPage>();
  readonly #arrivals: { readonly subject: string; readonly address: string }[] = [];

  constructor(world: PeerWorld) {
    this.#world = world;
  }

  deviceOf(name: string): string {
    return name;
  }

  async attach(name: string): Promise<void> {
    this.#pages.get(name)?.close();
    const opened = await openPage(this.#world, { name, channel: NAME }, (frame, own) => {
      const deliver = deliverIn(frame);
      if (deliver === undefined) return;
      this.#arrivals.push({ subject: deliver.subject, address: name });
      own.send(page.answer(frame));
    });
    this.#pages.set(name, opened);
  }

  async send(sending: PeerSending): Promise<string | undefined> {
    try {
      if (this.#pages.get(sending.from)?.isOpen !== true) await this.attach(sending.from);
      const from = this.#pages.get(sending.from);
      if (from === undefined) return undefined;
      const answer = await fetch(`${from.url}/c/${NAME}/send`, {
        method: 'POST',
        headers: { ...from.headers, 'content-type': FORM },
        body: fieldsOf(sending),
      });
      return idIn(await answer.text());
    } catch {
      // The switch is gone: whoever sends tries again.
      return undefined;
    }
  }

  arrivals() {
    return this.#arrivals;
  }

  close(): Promise<void> {
    for (const one of this.#pages.values()) one.close();
    return Promise.resolve();
  }
}

function fieldsOf({ to, subject, text, reference }: PeerSending): string {
  return new URLSearchParams({ to, subject, text, reference }).toString();
}

function deliverIn(frame: unknown): Deliver | undefined {
  if (typeof frame !== 'object' || frame === null || !('kind' in frame)) return undefined;
  if (frame.kind !== 'deliver' || !('attempt' in frame) || !('key' in frame)) return undefined;
  const subject = 'subject' in frame ? String(frame.subject) : '';
  return { key: String(frame.key), attempt: String(frame.attempt), subject };
}

function idIn(body: string): string | undefined {
  const answer: unknown = JSON.parse(body);
  if (typeof answer !== 'object' || answer === null || !('value' in answer)) return undefined;
  const { value } = answer;
  if (typeof value !== 'object' || value === null || !('id' in value)) return undefined;
  return typeof value.id === 'string' ? value.id : undefined;
}
