/** A raw SMTP client for tests: bytes out exactly as given, replies in one by one. */

import net from 'node:net';
import tls from 'node:tls';

export interface RawReply {
  readonly code: number;
  /** All lines of the reply. */
  readonly text: string;
}

export class SmtpLine {
  #socket: net.Socket;
  #input = '';
  #replies: RawReply[] = [];
  #waiting: ((reply: RawReply | undefined) => void)[] = [];
  #lines: string[] = [];
  #ended = false;
  /** Resolves when the other side has closed, or reset, the connection. */
  readonly closed: Promise<void>;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    this.#listen();
  }

  /** Connects; the greeting is the first reply. */
  static connect(address: string, options: net.NetConnectOpts | object = {}): SmtpLine {
    const colon = address.lastIndexOf(':');
    const port = Number(address.slice(colon + 1));
    return new SmtpLine(net.connect({ host: address.slice(0, colon), port, ...options }));
  }

  get socket(): net.Socket {
    return this.#socket;
  }

  write(bytes: string | Uint8Array): boolean {
    return this.#socket.write(bytes);
  }

  /** The next reply; undefined: the connection has ended. */
  reply(): Promise<RawReply | undefined> {
    const ready = this.#replies.shift();
    if (ready !== undefined || this.#ended) return Promise.resolve(ready);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async code(): Promise<number | undefined> {
    return (await this.reply())?.code;
  }

  /** Sends a line and gives its reply. */
  async ask(line: string): Promise<RawReply> {
    this.write(`${line}\r\n`);
    const reply = await this.reply();
    if (reply === undefined) throw new Error(`The connection ended after ${line.slice(0, 60)}`);
    return reply;
  }

  /** Greeting and EHLO; gives the reply to EHLO. */
  async hello(): Promise<RawReply> {
    if ((await this.code()) !== 220) throw new Error('No greeting.');
    return this.ask('EHLO client.example.net');
  }

  /** MAIL, RCPT and DATA up to 354. */
  async begin(from: string, to: readonly string[]): Promise<void> {
    const lines = [`MAIL FROM:<${from}>`, ...to.map((one) => `RCPT TO:<${one}>`), 'DATA'];
    for (const line of lines) {
      const reply = await this.ask(line);
      if (reply.code >= 400) throw new Error(`${line}: ${reply.text}`);
    }
  }

  /** A whole mail; gives the reply to the final dot. */
  async mail(from: string, to: readonly string[], content: string | Uint8Array): Promise<RawReply> {
    await this.begin(from, to);
    this.write(content);
    return this.ask('.');
  }

  async secure(): Promise<void> {
    const plain = this.#socket;
    plain.removeAllListeners('data').removeAllListeners('end').removeAllListeners('error');
    const secured = tls.connect({ socket: plain, rejectUnauthorized: false });
    await new Promise<void>((resolve, reject) => {
      secured.once('secureConnect', () => resolve());
      secured.once('error', reject);
    });
    this.#socket = secured;
    this.#listen();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #listen(): void {
    this.#socket.setEncoding('utf8');
    this.#socket.on('data', (text: string) => this.#take(text));
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.#ended = true;
      for (const resolve of this.#waiting.splice(0)) resolve(undefined);
    });
  }

  #take(text: string): void {
    this.#input += text;
    for (;;) {
      const end = this.#input.indexOf('\r\n');
      if (end < 0) return;
      const line = this.#input.slice(0, end);
      this.#input = this.#input.slice(end + 2);
      this.#lines.push(line);
      if (line[3] === '-') continue;
      const reply = { code: Number(line.slice(0, 3)), text: this.#lines.join('\n') };
      this.#lines = [];
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#replies.push(reply);
      else waiting(reply);
    }
  }
}
