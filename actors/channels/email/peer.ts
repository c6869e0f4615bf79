/**
 * The other side of mail, tiny: a sink that takes mail (peer-sink.ts), a source that sends it
 * (peer-source.ts), and both together as the channel's peer. For tests and load only; nothing of
 * the switch imports it.
 */

import type { ChannelPeer, OpenPeer, PeerSending, PeerWorld } from '../../channel.js';
import { headerFacts } from './head.js';
import { MailSink } from './peer-sink.js';
import { MailSource } from './peer-source.js';

export {
  MailSink,
  type SinkAction,
  type SinkMessage,
  type SinkOptions,
  type SinkStage,
} from './peer-sink.js';
export { MailSource, type SourceMail, type SourceResult } from './peer-source.js';

/** Devices have their mailboxes here, whoever sends has one there; neither is the switch's. */
const DEVICES = 'devices.example';
const SENDERS = 'senders.example';
const QUEUED_AS = /^250 .*queued as (\S+)/;

export const peer: ChannelPeer = {
  settings: ({ port }) => ({ 'email.smartHost': `127.0.0.1:${port}` }),
  open: async (world) => new MailPeer(world, await MailSink.start()),
};

class MailPeer implements OpenPeer {
  readonly #world: PeerWorld;
  readonly #sink: MailSink;

  constructor(world: PeerWorld, sink: MailSink) {
    this.#world = world;
    this.#sink = sink;
  }

  get port(): number {
    return this.#sink.port;
  }

  deviceOf(name: string): string {
    return `${name}@${DEVICES}`;
  }

  /** A mailbox is always there. */
  attach(): Promise<void> {
    return Promise.resolve();
  }

  async send({ from, to, subject, text, reference }: PeerSending): Promise<string | undefined> {
    let source: MailSource | undefined;
    try {
      const at = new URL(`smtp://${await this.#world.address('channel')}`);
      source = await MailSource.connect({ host: at.hostname, port: Number(at.port) });
      const sender = `${from}@${SENDERS}`;
      const head = `From: <${sender}>\r\nTo: <${to}>\r\nMessage-ID: <${reference}@${SENDERS}>\r\n`;
      const bytes = Buffer.from(`${head}Subject: ${subject}\r\n\r\n${text}\r\n`);
      const { answer } = await source.send({ from: sender, to: [to], bytes });
      return QUEUED_AS.exec(answer)?.[1];
    } catch {
      // The switch is gone: whoever sends tries again.
      return undefined;
    } finally {
      source?.destroy();
    }
  }

  arrivals() {
    return this.#sink.messages.map(({ bytes, to }) => ({
      subject: headerFacts(bytes).subject ?? '',
      address: to[0] ?? '',
    }));
  }

  close(): Promise<void> {
    return this.#sink.stop();
  }
}
