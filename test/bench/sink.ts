/**
 * The benchmarks' sink: takes mail over raw sockets as cheaply as can be, with several commands in
 * one segment answered by one write, and hands on each content. No TLS, no refusals: peer.ts has
 * the sink for tests that need more.
 */

import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

const END = Buffer.from('\r\n.\r\n');
const HELLO = '250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 104857600\r\n';
const ANSWERS: Readonly<Record<string, string>> = {
  EHLO: HELLO,
  HELO: '250 sink.test\r\n',
  MAIL: '250 Ok\r\n',
  RCPT: '250 Ok\r\n',
  DATA: '354 Go on\r\n',
  RSET: '250 Ok\r\n',
  NOOP: '250 Ok\r\n',
  QUIT: '221 Bye\r\n',
};

export type Take = (content: Buffer) => void;

export class BenchSink {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  connections = 0;

  private constructor(take: Take) {
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      serve(socket, take);
    });
  }

  /** Listens; port 0 takes a free one. */
  static async open(at: { host: string; port: number }, take: Take): Promise<BenchSink> {
    const sink = new BenchSink(take);
    sink.#server.listen({ ...at, backlog: 512 });
    await once(sink.#server, 'listening');
    return sink;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

function serve(socket: Socket, take: Take): void {
  let input: Buffer = Buffer.alloc(0);
  let inContent = false;
  /** Returns the answer to what is whole in `input`; empty: more must come. */
  const step = (): string => {
    if (!inContent) {
      const end = input.indexOf('\r\n');
      if (end < 0) return '';
      const verb = input.toString('latin1', 0, 4).toUpperCase();
      inContent = verb === 'DATA';
      // In content the CRLF stays: it is the first half of an end that comes at once.
      input = input.subarray(inContent ? end : end + 2);
      return ANSWERS[verb] ?? '502 What?\r\n';
    }
    const end = input.indexOf(END);
    if (end < 0) return '';
    take(input.subarray(2, end + 2));
    input = input.subarray(end + END.length);
    inContent = false;
    return '250 Ok: taken\r\n';
  };
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    input = input.length === 0 ? chunk : Buffer.concat([input, chunk]);
    let answers = '';
    for (let answer = step(); answer !== ''; answer = step()) answers += answer;
    if (answers !== '') socket.write(answers);
    if (answers.endsWith('221 Bye\r\n')) socket.end();
  });
  socket.write('220 sink.test ESMTP\r\n');
}
