/**
 * A tiny mail client for tests and load: one connection, many mails, one after the other.
 * Invariant: what it is given arrives unchanged, with CRLF at its end.
 */

import { connect, type Socket } from 'node:net';

const CRLF = Buffer.from('\r\n');

export interface SourceMail {
  readonly from: string;
  readonly to: readonly string[];
  /** With CRLF line ends. */
  readonly bytes: Uint8Array;
  readonly mailParameters?: string;
}

export interface SourceResult {
  /** Answers to RCPT, in the order of the recipients. */
  readonly recipients: readonly string[];
  /** The answer that decided: to the dot, else to DATA or MAIL. */
  readonly answer: string;
  readonly accepted: boolean;
}

/** A mail client with one connection; sends MAIL, RCPT and DATA in one go (RFC 2920). */
export class MailSource {
  readonly #socket: Socket;
  readonly #answers: string[] = [];
  readonly #waiting: ((answer: string) => void)[] = [];
  #input = '';
  greeting = '';
  ehlo = '';

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk.toString('latin1')));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      for (const answer of this.#waiting.splice(0)) answer('');
    });
  }

  static async connect(options: {
    readonly port: number;
    readonly host?: string;
    readonly name?: string;
  }): Promise<MailSource> {
    const socket = connect(options.port, options.host ?? '127.0.0.1');
    const source = new MailSource(socket);
    source.greeting = await source.answer();
    source.ehlo = await source.command(`EHLO ${options.name ?? 'source.test'}`);
    return source;
  }

  /** The next answer, all its lines; empty: the connection is closed. */
  answer(): Promise<string> {
    const ready = this.#answers.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    if (this.#socket.destroyed) return Promise.resolve('');
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  command(line: string): Promise<string> {
    this.#socket.write(`${line}\r\n`);
    return this.answer();
  }

  async send(mail: SourceMail): Promise<SourceResult> {
    const parameters = mail.mailParameters === undefined ? '' : ` ${mail.mailParameters}`;
    const lines = [`MAIL FROM:<${mail.from}>${parameters}`];
    for (const to of mail.to) lines.push(`RCPT TO:<${to}>`);
    this.#socket.write(`${[...lines, 'DATA'].join('\r\n')}\r\n`);
    const mailAnswer = await this.answer();
    const recipients: string[] = [];
    for (let at = 0; at < mail.to.length; at += 1) recipients.push(await this.answer());
    const dataAnswer = await this.answer();
    if (!dataAnswer.startsWith('354')) {
      await this.command('RSET');
      const answer = mailAnswer.startsWith('2') ? dataAnswer : mailAnswer;
      return { recipients, answer, accepted: false };
    }
    this.#socket.write(Buffer.concat([stuff(mail.bytes), Buffer.from('.\r\n')]));
    const answer = await this.answer();
    return { recipients, answer, accepted: answer.startsWith('250') };
  }

  async quit(): Promise<void> {
    await this.command('QUIT');
    this.#socket.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #read(text: string): void {
    this.#input += text;
    for (;;) {
      const match = /^(?:\d{3}-[^\n]*\n)*\d{3}(?: [^\n]*)?\n/.exec(this.#input);
      if (match === null) return;
      this.#input = this.#input.slice(match[0].length);
      const answer = match[0].trimEnd();
      const next = this.#waiting.shift();
      if (next === undefined) this.#answers.push(answer);
      else next(answer);
    }
  }
}

/** Doubles dots at the beginning of lines and ends with CRLF (RFC 5321 4.5.2). */
function stuff(bytes: Uint8Array): Buffer {
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pieces: Buffer[] = content[0] === 0x2e ? [Buffer.from('.')] : [];
  let from = 0;
  for (let at = content.indexOf('\r\n.'); at >= 0; at = content.indexOf('\r\n.', at + 3)) {
    pieces.push(content.subarray(from, at + 3), Buffer.from('.'));
    from = at + 3;
  }
  pieces.push(content.subarray(from));
  if (content.subarray(-2).toString('latin1') !== '\r\n') pieces.push(CRLF);
  return Buffer.concat(pieces);
}
