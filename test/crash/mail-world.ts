/**
 * The world of the mail scenarios: senders that try again until they are acknowledged, and a next
 * hop that does what a scenario says.
 *
 * Invariants: a sender's try counts as acknowledged only if its 250 was read; what the next hop was
 * sent up to the dot has arrived, whether its answer was heard or not.
 */

import {
  MailSink,
  MailSource,
  type SinkAction,
  type SinkStage,
} from '../../actors/channels/email/peer.js';
import type { MessageDocument } from '../../schemas/message.js';
import type { Arrival, Submitted } from '../harness/ledger.js';
import { tokenOf } from '../harness/ledger.js';
import { configText } from './configuration.js';
import { checkMail } from './mail-books.js';
import type { Subscriber } from './subscribers.js';
import { Died, type SwitchChild } from './switch-child.js';
import { type Checked, type Expected, World } from './world.js';

export const SENDER = 'sender@elsewhere.example';
const CHANNEL = 'email';
const QUEUED_AS = /^250 .*queued as (\S+)/;
const PACE = { retryMs: '10ms', trials: '8' };
const FLAGS = {
  'http.listen': 'off',
  'email.verify.mode': 'off',
  // A connection for each mail, so that the points do not depend on the mails before.
  'email.deliver.messagesPerConnection': '1',
};

/** The address of a subscriber's phone, outside. */
export function phoneOf(name: string): string {
  return `${name}@phones.example`;
}

const phone = (name: string) => ({ channel: CHANNEL, value: phoneOf(name) });

const SUBSCRIBERS: readonly Subscriber[] = [
  { name: 'plain', ways: [phone('plain')], lastResort: 'inbox' },
  { name: 'other', ways: [phone('other')], lastResort: 'inbox' },
  { name: 'kept', ways: ['inbox'], lastResort: 'inbox' },
  { name: 'refused', ways: [phone('refused')], lastResort: 'dead' },
  { name: 'retried', ways: [phone('retried')], lastResort: 'inbox' },
  { name: 'held', ways: [phone('held')], lastResort: 'inbox', quiet: true },
  { name: 'both', ways: ['inbox', phone('both')], lastResort: 'inbox' },
];

export interface Mail {
  readonly token: string;
  /** Empty: the null sender. */
  readonly from?: string;
  readonly to: readonly string[];
  readonly bytes: Uint8Array;
}

export class MailWorld extends World {
  readonly sink: MailSink;
  readonly #config: string;
  submitted: Submitted[] = [];
  /** Answers by the path of RCPT, each given once. */
  readonly #refuseOnce = new Map<string, string>();
  #holdsDots = false;
  #dots: (() => void) | undefined;
  #arrivedBefore = 0;

  private constructor(data: string, sink: MailSink) {
    super(data);
    this.sink = sink;
    const flags = { ...FLAGS, 'email.smartHost': `127.0.0.1:${sink.port}` };
    this.#config = configText(data, { pace: PACE, flags });
  }

  static async open(data: string): Promise<MailWorld> {
    const script = (stage: SinkStage, argument: string) => world.#script(stage, argument);
    const world: MailWorld = new MailWorld(data, await MailSink.start({ script }));
    return world;
  }

  protected override start() {
    return { config: this.#config, ports: new Map([[this.sink.port, CHANNEL]]) };
  }

  /** A mail server is always there. */
  protected override greet(): Promise<void> {
    return Promise.resolve();
  }

  protected override async beforeStop(child: SwitchChild): Promise<() => void> {
    const sender = await connect(child);
    return () => sender.destroy();
  }

  protected override closePeers(): Promise<void> {
    return this.sink.stop();
  }

  override settle(): Promise<unknown> {
    const subscribers = SUBSCRIBERS;
    return this.persist((child) => child.ask({ do: 'open subscribers', subscribers }));
  }

  override beginRound(): void {
    super.beginRound();
    this.#refuseOnce.clear();
    this.#holdsDots = false;
  }

  override closeBooks(): void {
    this.submitted = [];
    this.#arrivedBefore = this.sink.messages.length;
  }

  override check(documents: readonly MessageDocument[], expected: readonly Expected[]): Checked {
    return checkMail(this, documents, expected);
  }

  arrivals(): Arrival[] {
    return this.sink.messages
      .slice(this.#arrivedBefore)
      .flatMap(({ bytes, to }) => to.map((address) => ({ token: tokenOf(bytes), address })));
  }

  /** The reverse path with which the mail left. */
  returnPathOf(token: string): string {
    const messages = this.sink.messages.slice(this.#arrivedBefore);
    const found = messages.find(({ bytes }) => tokenOf(bytes) === token);
    if (found === undefined) throw new Error(`${token} has not arrived`);
    return found.from;
  }

  /** The next hop answers 451 to the first RCPT for the address. */
  refuseOnce(address: string): void {
    this.#refuseOnce.set(address, '451 4.2.1 Not now');
  }

  /** The next hop takes mails up to the dot and stays silent; resolves when so many have come. */
  holdDots(count: number): Promise<void> {
    this.#holdsDots = true;
    let missing = count;
    return new Promise((resolve) => {
      this.#dots = () => {
        missing -= 1;
        if (missing === 0) resolve();
      };
    });
  }

  answerDots(): void {
    this.#holdsDots = false;
  }

  /** Sends until it is acknowledged; the submission's identifier, or the answer if it has none. */
  send(mail: Mail): Promise<string> {
    return this.persist(async (child) => {
      const answer = await trySending(child, mail);
      const id = QUEUED_AS.exec(answer)?.[1];
      const { token, to: recipients } = mail;
      this.submitted.push({ token, recipients, ...(id !== undefined && { id }) });
      if (answer.startsWith('250')) return id ?? answer;
      if (answer !== '') throw new Error(`${token} was answered ${answer}: ${child.words}`);
      throw new Died('the line is dead');
    });
  }

  #script(stage: SinkStage, argument: string): SinkAction {
    if (stage === 'dot' && this.#holdsDots) {
      this.#dots?.();
      return 'stall';
    }
    if (stage !== 'RCPT') return undefined;
    const path = /<([^>]*)>/.exec(argument)?.[1] ?? '';
    if (path.startsWith('refused@')) return { answer: '550 5.1.1 Nobody here' };
    const once = this.#refuseOnce.get(path);
    this.#refuseOnce.delete(path);
    return once === undefined ? undefined : { answer: once };
  }
}

async function connect(child: SwitchChild): Promise<MailSource> {
  const address = (await child.ready).get(CHANNEL) ?? '';
  return MailSource.connect({ port: Number(address.slice(address.lastIndexOf(':') + 1)) });
}

async function trySending(child: SwitchChild, { from, to, bytes }: Mail): Promise<string> {
  const source = await connect(child);
  const { answer } = await source.send({ from: from ?? SENDER, to, bytes });
  await source.quit();
  return answer;
}
