/**
 * The other side of the practice devices, tiny: pages without a browser, each showing one phone.
 * For tests and load only.
 */

import type { ChannelPeer, OpenPeer, PagePeer, PeerSending, PeerWorld } from '../../channel.js';
import { openPage, type SignedInPage } from '../../page-peer.js';

const NAME = 'loopback';

/** How a page behaves that shows one phone. */
const page: PagePeer = {
  opens: (device) => [{ kind: 'show', device }],
  answer(frame) {
    if (field(frame, 'kind') !== 'message') return undefined;
    return { kind: 'took', attempt: field(frame, 'attempt') };
  },
  says: ({ to, subject, text, reference }) => ({ kind: 'send', to, subject, text, reference }),
  told(frame) {
    const kind = field(frame, 'kind');
    if (kind !== 'sent' && kind !== 'refused') return undefined;
    return {
      reference: field(frame, 'reference'),
      id: kind === 'sent' ? field(frame, 'id') : undefined,
    };
  },
};

export const peer: ChannelPeer = {
  settings: () => ({}),
  open: (world) => Promise.resolve(new Phones(world)),
  page,
};

/** A page, and what waits for an answer on its line. */
interface Phone {
  readonly page: SignedInPage;
  /** By reference, or by the device that is to be shown; undefined: refused, or cut. */
  readonly waiting: Map<string, (answer: string | undefined) => void>;
}

class Phones implements OpenPeer {
  readonly port = 0;
  readonly #world: PeerWorld;
  readonly #phones = new Map<string, Phone>();
  readonly #arrivals: { readonly subject: string; readonly address: string }[] = [];

  constructor(world: PeerWorld) {
    this.#world = world;
  }

  deviceOf(name: string): string {
    return `${name}-phone`;
  }

  async attach(name: string): Promise<void> {
    this.#phones.get(name)?.page.close();
    const phone = await this.#open(name);
    const device = this.deviceOf(name);
    await new Promise<void>((resolve, reject) => {
      phone.waiting.set(device, (answer) => {
        if (answer === undefined) reject(new Error(`the phone of ${name} cannot be shown`));
        else resolve();
      });
      for (const frame of page.opens?.(device) ?? []) phone.page.send(frame);
    });
    this.#phones.set(name, phone);
  }

  async #open(name: string): Promise<Phone> {
    const waiting: Phone['waiting'] = new Map();
    const device = this.deviceOf(name);
    const opened = await openPage(this.#world, { name, channel: NAME }, (frame, own) => {
      const kind = field(frame, 'kind');
      const told = page.told?.(frame);
      if (kind === 'shown') waiting.get(device)?.(device);
      if (kind === 'message') this.#took(device, frame, own);
      if (told !== undefined) waiting.get(told.reference || device)?.(told.id);
    });
    opened.onClose(() => {
      for (const settle of waiting.values()) settle(undefined);
    });
    return { page: opened, waiting };
  }

  #took(address: string, frame: unknown, own: SignedInPage): void {
    this.#arrivals.push({ subject: field(frame, 'subject'), address });
    own.send(page.answer(frame));
  }

  async send(sending: PeerSending): Promise<string | undefined> {
    const { from, reference } = sending;
    try {
      if (this.#phones.get(from)?.page.isOpen !== true) await this.attach(from);
    } catch {
      // The switch is gone: whoever sends tries again.
      return undefined;
    }
    const phone = this.#phones.get(from);
    if (phone?.page.isOpen !== true) return undefined;
    const id = await new Promise<string | undefined>((resolve) => {
      phone.waiting.set(reference, resolve);
      phone.page.send(page.says?.(sending));
    });
    phone.waiting.delete(reference);
    return id;
  }

  arrivals() {
    return this.#arrivals;
  }

  close(): Promise<void> {
    for (const { page } of this.#phones.values()) page.close();
    return Promise.resolve();
  }
}

function field(frame: unknown, name: string): string {
  if (typeof frame !== 'object' || frame === null) return '';
  const value = Object.entries(frame).find(([key]) => key === name)?.[1];
  return typeof value === 'string' ? value : '';
}
