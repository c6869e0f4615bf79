/**
 * The world around one switch of the crash matrix: a data directory, senders that try again until
 * they are acknowledged, a next hop, and whoever starts the switch anew when it has died.
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
import type { Arrival, Submitted } from '../harness/ledger.js';
import { tokenOf } from '../harness/ledger.js';
import { Died, SwitchChild } from './switch-child.js';

export const SENDER = 'sender@elsewhere.example';
const QUEUED_AS = /^250 .*queued as (\S+)/;
const TRIES_MAX = 10;

export interface Mail {
  readonly token: string;
  /** Empty: the null sender. */
  readonly from?: string;
  readonly to: readonly string[];
  readonly bytes: Uint8Array;
}

export class World {
  readonly data: string;
  readonly sink: MailSink;
  submitted: Submitted[] = [];
  #child: SwitchChild | undefined;
  /** Answers by the path of RCPT, each given once. */
  readonly #refuseOnce = new Map<string, string>();
  #holdsDots = false;
  #dots: (() => void) | undefined;
  #arrivedBefore = 0;
  /** How often the switch died by a crash point since the round began. */
  deaths = 0;
  /** What the switch that was stopped last had come to. */
  pointsOfStopped: readonly string[] = [];

  private constructor(data: string, sink: MailSink) {
    this.data = data;
    this.sink = sink;
  }

  static async open(data: string): Promise<World> {
    const script = (stage: SinkStage, argument: string) => world.#script(stage, argument);
    const world: World = new World(data, await MailSink.start({ script }));
    return world;
  }

  async close(): Promise<void> {
    await this.#child?.kill();
    await this.sink.stop();
  }

  /** A new round: its own books, a next hop that knows of nothing. */
  beginRound(): void {
    this.closeBooks();
    this.deaths = 0;
    this.#refuseOnce.clear();
    this.#holdsDots = false;
  }

  /** What was sent and what arrived until now is balanced. */
  closeBooks(): void {
    this.submitted = [];
    this.#arrivedBefore = this.sink.messages.length;
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

  /** The switch; started when there is none. */
  async alive(deadly?: string): Promise<SwitchChild> {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const old = this.#child;
      if (old === undefined || old.isGone) {
        const own = { data: this.data, sinkPort: this.sink.port };
        this.#child = new SwitchChild({ ...own, ...(tries === 0 && { deadly }) });
      }
      const child = this.#child;
      try {
        await child?.ready;
        if (child !== undefined) return child;
      } catch (error) {
        await this.#mourn(child, error);
      }
    }
    throw new Error('the switch does not come up');
  }

  async kill(): Promise<void> {
    await this.#child?.kill();
  }

  /** Stops it in order, a sender being connected; the next `alive` starts another. */
  async stop(): Promise<void> {
    const child = await this.alive();
    try {
      const sender = await this.#connect(child);
      const answer = await child.ask({ do: 'stop' });
      this.pointsOfStopped = Array.isArray(answer) ? answer.map(String) : [];
      sender.destroy();
      await child.release();
    } catch (error) {
      await this.#mourn(child, error);
    }
  }

  /** Does it, and again with the next switch where the switch died in the midst. */
  async persist<Result>(work: (child: SwitchChild) => Promise<Result>): Promise<Result> {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const child = await this.alive();
      try {
        return await work(child);
      } catch (error) {
        await this.#mourn(child, error);
      }
    }
    throw new Error(`given up after ${TRIES_MAX} tries`);
  }

  drain(): Promise<unknown> {
    return this.persist((child) => child.ask({ do: 'drain' }));
  }

  /** Sends until it is acknowledged; the submission's identifier, or the answer if it has none. */
  send(mail: Mail): Promise<string> {
    return this.persist(async (child) => {
      const answer = await this.#try(child, mail);
      const id = QUEUED_AS.exec(answer)?.[1];
      const { token, to: recipients } = mail;
      this.submitted.push({ token, recipients, ...(id !== undefined && { id }) });
      if (answer.startsWith('250')) return id ?? answer;
      if (answer !== '') throw new Error(`${token} was answered ${answer}: ${child.words}`);
      throw new Died('the line is dead');
    });
  }

  async #try(child: SwitchChild, mail: Mail): Promise<string> {
    const source = await this.#connect(child);
    const { answer } = await source.send({
      from: mail.from ?? SENDER,
      to: mail.to,
      bytes: mail.bytes,
    });
    await source.quit();
    return answer;
  }

  async #connect(child: SwitchChild): Promise<MailSource> {
    const address = await child.ready;
    return MailSource.connect({ port: Number(address.slice(address.lastIndexOf(':') + 1)) });
  }

  async #mourn(child: SwitchChild | undefined, error: unknown): Promise<void> {
    if (!(error instanceof Died) || child === undefined) throw error;
    await child.gone;
    if (!child.wasKilled) throw error;
    if (this.#child === child) {
      this.#child = undefined;
      this.deaths += 1;
    }
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
