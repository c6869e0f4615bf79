/**
 * The benchmarks' load: sessions that send mails one after the other, as fast as they are taken,
 * with MAIL, RCPT and DATA in one segment (RFC 2920). A refusal ends the run: it would be measured
 * as speed.
 */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface Load {
  readonly port: number;
  readonly to: string;
  readonly sessions: number;
  /** Whether a session keeps its connection. */
  readonly connections: 'reused' | 'onePerMail';
  /** The next mail; undefined: there is none any more. */
  next(): { readonly id: string; readonly bytes: Buffer } | undefined;
  /** Told with the time from MAIL (or connecting) to the final answer. */
  accepted(id: string, tookMs: number): void;
}

const DOT = Buffer.from('.\r\n');

/** Sends until `next` has no more; rejects when a mail is refused. */
export async function send(load: Load): Promise<void> {
  await Promise.all(Array.from({ length: load.sessions }, () => runSession(load)));
}

async function runSession(load: Load): Promise<void> {
  const envelope = `MAIL FROM:<load@bench.example>\r\nRCPT TO:<${load.to}>\r\nDATA\r\n`;
  let line: Line | undefined;
  for (let mail = load.next(); mail !== undefined; mail = load.next()) {
    const startedAt = performance.now();
    line ??= await Line.open(load.port);
    line.write(envelope);
    await line.answers(['250', '250', '354']);
    line.write(Buffer.concat([mail.bytes, DOT]));
    await line.answers(['250']);
    load.accepted(mail.id, performance.now() - startedAt);
    if (load.connections === 'onePerMail') {
      await line.quit();
      line = undefined;
    }
  }
  await line?.quit();
}

/** A connection read line by line. */
class Line {
  readonly #socket: Socket;
  #rest = '';
  #codes: string[] = [];
  #wake: (() => void) | undefined;
  #over = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      const lines = (this.#rest + chunk.toString('latin1')).split('\r\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) if (line[3] !== '-') this.#codes.push(line);
      this.#wake?.();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#over = true;
      this.#wake?.();
    });
  }

  static async open(port: number): Promise<Line> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const line = new Line(socket);
    await line.answers(['220']);
    line.write('EHLO load.bench.example\r\n');
    await line.answers(['250']);
    return line;
  }

  write(data: string | Buffer): void {
    this.#socket.write(data);
  }

  /** Waits for these answers, in this order. */
  async answers(codes: readonly string[]): Promise<void> {
    while (this.#codes.length < codes.length) {
      if (this.#over) throw new Error(`the server hung up; it last said ${this.#codes.at(-1)}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const got = this.#codes.splice(0, codes.length);
    const wrong = got.find((answer, i) => !answer.startsWith(codes[i] ?? ''));
    if (wrong !== undefined) throw new Error(`a mail of the load was refused: ${wrong}`);
  }

  async quit(): Promise<void> {
    if (this.#over) return;
    const closed = once(this.#socket, 'close');
    this.#socket.end('QUIT\r\n');
    await closed;
  }
}
