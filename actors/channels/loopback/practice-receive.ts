/**
 * Receives from practice devices: what is written on the phone that a page shows.
 *
 * Stages of a frame: is the device one's own? → whom it goes to → accept, durably (law 1) → answer.
 * Invariants: a page speaks for its own account's devices only; an answer goes to the person of the
 * message that it answers (law 7); the same reference twice is one message (law 13).
 */

import { createHash } from 'node:crypto';
import type { Recipient } from '../../../schemas/address.js';
import type { Conversation, Umf } from '../../../schemas/umf.js';
import { answering, begun } from '../../answering.js';
import type { Receiver } from '../../channel.js';
import type { Page, ReceiveContext } from '../../machinery.js';
import type { LoopbackConfig } from './config.js';
import type { Devices, Shown } from './practice.js';

const REPORT = { success: false, failure: true, delay: false } as const;
/** What a phone can write in one message. */
const TEXT_CHARACTERS_MAX = 10_000;
const SUBJECT_CHARACTERS_MAX = 500;
/** A page that shows more devices is no page of ours. */
const DEVICES_MAX = 100;
const IDENTIFIER_CHARACTERS = 32;
const RANDOM_BYTES = 16;
const DEVICE_SUFFIX = '-phone';

type Fields = Readonly<Record<string, unknown>>;
interface Goal {
  readonly to: Recipient;
  readonly conversation: Conversation;
}

export function receiveFromDevices(
  channel: string,
  devices: Devices,
  context: ReceiveContext<LoopbackConfig>,
): Promise<Receiver> {
  context.door?.pages((page) => {
    const phone = new PhoneLine({ channel, devices, context, page });
    page.onFrame((frame) => phone.heard(frame));
  });
  return Promise.resolve({ address: undefined, stop: () => Promise.resolve() });
}

class PhoneLine {
  readonly #channel: string;
  readonly #devices: Devices;
  readonly #context: ReceiveContext<LoopbackConfig>;
  readonly #page: Page;
  readonly #shown: Shown;

  constructor(parts: {
    readonly channel: string;
    readonly devices: Devices;
    readonly context: ReceiveContext<LoopbackConfig>;
    readonly page: Page;
  }) {
    this.#channel = parts.channel;
    this.#devices = parts.devices;
    this.#context = parts.context;
    this.#page = parts.page;
    this.#shown = parts.devices.open(parts.page);
  }

  heard(frame: unknown): void {
    if (typeof frame !== 'object' || frame === null) return;
    const fields: Fields = { ...frame };
    const kind = text(fields, 'kind');
    this.#devices.offers.heard(this.#shown, frame);
    if (kind === 'behave') this.#shown.offline = fields['offline'] === true;
    if (kind !== 'show' && kind !== 'answer' && kind !== 'send') return;
    const doing = kind === 'show' ? this.#show(fields) : this.#write(kind, fields);
    doing.catch((error: unknown) => {
      this.#context.log.error(`${this.#channel}.frame`, { why: String(error) });
      this.#refuse(fields, 'The switch has trouble of its own: try again.');
    });
  }

  async #show(fields: Fields): Promise<void> {
    const device = text(fields, 'device');
    if (this.#shown.devices.size >= DEVICES_MAX) return this.#refuse(fields, 'Too many devices.');
    if (!(await this.#isOwn(device))) {
      return this.#refuse(fields, `${device.slice(0, 80)} is no device of ${this.#page.name}.`);
    }
    this.#devices.show(device, this.#shown);
    this.#page.send({ kind: 'shown', device });
  }

  async #isOwn(device: string): Promise<boolean> {
    if (device === `${this.#page.name}${DEVICE_SUFFIX}`) return true;
    const account = await this.#context.directory.account(this.#page.account);
    const endpoints = account?.devices.flatMap((one) => one.endpoints) ?? [];
    return endpoints.some(
      ({ address }) => address.channel === this.#channel && address.value === device,
    );
  }

  async #write(kind: 'answer' | 'send', fields: Fields): Promise<void> {
    const { clock, accept, refusing } = this.#context;
    const startedAt = clock.now();
    const why = refusing();
    if (why !== undefined) return this.#refuse(fields, why);
    const device = this.#deviceIn(fields);
    if (device === undefined) return this.#refuse(fields, 'No device of yours is shown here.');
    const words = text(fields, 'text');
    if (words.trim() === '' || words.length > TEXT_CHARACTERS_MAX) {
      return this.#refuse(fields, `A text has 1 to ${TEXT_CHARACTERS_MAX} characters.`);
    }
    const hash = this.#hash(text(fields, 'reference'));
    const message = `<${hash.slice(0, IDENTIFIER_CHARACTERS)}@${this.#channel}.invalid>`;
    const goal = await this.#goal(kind, fields, message);
    if (goal === undefined) {
      const what = kind === 'answer' ? 'That is no message of yours' : 'That is nobody';
      return this.#refuse(fields, `${what} who can be answered.`);
    }
    const subject = oneLine(text(fields, 'subject'));
    const size = Buffer.byteLength(words);
    const accepted = await accept({
      sender: {
        address: { channel: this.#channel, value: device },
        name: this.#page.name,
        account: this.#page.account,
        verification: { verified: true, how: 'signed in' },
      },
      header: {
        priority: 'normal',
        size,
        reference: message,
        conversation: goal.conversation.id,
        ...(subject !== '' && { subject }),
      },
      origin: { channel: this.#channel, peer: device, startedAt },
      hops: 0,
      recipients: [{ to: goal.to, report: REPORT }],
      content: { kind: 'umf', umf: this.#umf({ ...goal, device, words, subject, startedAt }) },
      unique: { hash, lasts: 'always' },
    });
    if (!accepted.ok) return this.#refuse(fields, accepted.message);
    this.#page.send({ kind: 'sent', id: accepted.id, ...referenceOf(fields) });
    accepted.proceed({ answered: true });
  }

  /** The device that writes: the named one, or the only one. */
  #deviceIn(fields: Fields): string | undefined {
    const named = text(fields, 'device');
    if (named !== '') return this.#shown.devices.has(named) ? named : undefined;
    return [...this.#shown.devices][0];
  }

  async #goal(kind: 'answer' | 'send', fields: Fields, message: string): Promise<Goal | undefined> {
    const named = text(fields, 'to');
    if (kind === 'send') {
      const to = await this.#context.recipient(named);
      return to && { to, conversation: begun(message) };
    }
    const home = await this.#context.home(named);
    if (home === undefined) return undefined;
    const { recipient } = home.of;
    // Only who got it may answer it.
    if (recipient.kind !== 'subscriber' || recipient.account !== this.#page.account) {
      return undefined;
    }
    return { to: home.to, conversation: answering(home, message) };
  }

  #umf(parts: Goal & Record<'device' | 'words' | 'subject', string> & { startedAt: number }): Umf {
    const { to, conversation, device, words, subject, startedAt } = parts;
    return {
      uid: conversation.message ?? conversation.id,
      from: { channel: this.#channel, address: device, name: this.#page.name },
      to: [{ channel: to.via.channel, address: to.via.value }],
      ...(subject !== '' && { subject }),
      body: { mediaType: 'text/plain', text: words },
      priority: 'normal',
      securityLevel: 'normal',
      conversation,
      sentAt: startedAt,
    };
  }

  /** Without a reference of the page's own each frame is a message. */
  #hash(reference: string): string {
    const { clock } = this.#context;
    const own = reference || Buffer.from(clock.random(RANDOM_BYTES)).toString('hex');
    const source = `${this.#channel}\n${this.#page.account}\n${own}`;
    return createHash('sha256').update(source).digest('hex');
  }

  #refuse(fields: Fields, message: string): void {
    this.#page.send({ kind: 'refused', message, ...referenceOf(fields) });
  }
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === 'string' ? value : '';
}

function referenceOf(fields: Fields): { reference?: string } {
  const reference = text(fields, 'reference');
  return reference === '' ? {} : { reference: reference.slice(0, 200) };
}

function oneLine(subject: string): string {
  return subject
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, SUBJECT_CHARACTERS_MAX);
}
