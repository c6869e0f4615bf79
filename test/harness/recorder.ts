/**
 * A line tap for SMTP: stands between a client and a server, passes every byte on unchanged, and
 * tells what was really sent, whatever program sent it.
 *
 * Stages, for each connection: client bytes → commands and content · server bytes → replies · the
 * n-th reply belongs to the n-th command, pipelined or not (RFC 2920) · a transaction is recorded
 * when the server has answered its final dot, or when the line is cut after the dot.
 * Content is what RFC 5321 4.5.2 calls the mail data: without the stuffed dots and the final one.
 * Lines that change to TLS are passed on and not understood.
 */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Recorded {
  readonly from: string;
  /** The paths which the server accepted. */
  readonly recipients: readonly string[];
  readonly content: Buffer;
  /** The answer to the final dot; '' when the line was cut before it came. */
  readonly reply: string;
}

export interface Recorder {
  /** "127.0.0.1:12345": clients connect here. */
  readonly address: string;
  readonly recorded: readonly Recorded[];
  /** The first transaction that fits, seen already or still to come. */
  find(fits: (transaction: Recorded) => boolean): Promise<Recorded>;
  /** Resolves when so many transactions have been recorded. */
  count(total: number): Promise<readonly Recorded[]>;
  close(): Promise<void>;
}

const CRLF = Buffer.from('\r\n');
const END_OF_CONTENT = Buffer.from('\r\n.\r\n');

interface Waiter {
  readonly look: () => boolean;
}

/** Listens on a free port and passes everything on to `target`, "host:port". */
export async function record(target: string): Promise<Recorder> {
  const recorded: Recorded[] = [];
  const sockets = new Set<Socket>();
  let waiters: Waiter[] = [];
  const add = (transaction: Recorded): void => {
    recorded.push(transaction);
    waiters = waiters.filter(({ look }) => !look());
  };
  const cut = target.lastIndexOf(':');
  const server = createServer((client) => {
    const upstream = connect(Number(target.slice(cut + 1)), target.slice(0, cut));
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    }
    tap(client, upstream, new Conversation(add));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const wait = <Found>(look: () => Found | undefined): Promise<Found> =>
    new Promise((resolve) => {
      const attempt = (): boolean => {
        const found = look();
        if (found !== undefined) resolve(found);
        return found !== undefined;
      };
      if (!attempt()) waiters.push({ look: attempt });
    });
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    recorded,
    find: (fits) => wait(() => recorded.find(fits)),
    count: (total) => wait(() => (recorded.length >= total ? recorded : undefined)),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A reset of one side resets the other, so that nobody waits for a peer that is gone. */
function tap(client: Socket, upstream: Socket, conversation: Conversation): void {
  client.on('data', (bytes: Buffer) => {
    conversation.fromClient(bytes);
    upstream.write(bytes);
  });
  upstream.on('data', (bytes: Buffer) => {
    conversation.fromServer(bytes);
    client.write(bytes);
  });
  client.on('end', () => upstream.end());
  upstream.on('end', () => client.end());
  for (const [one, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroy());
  }
  upstream.on('close', () => conversation.closed());
}

interface Command {
  readonly verb: string;
  readonly path: string;
}

/** What both sides said on one connection. */
class Conversation {
  readonly #add: (transaction: Recorded) => void;
  /** Commands without a reply; the greeting answers the connection itself. */
  #open: Command[] = [{ verb: 'CONNECT', path: '' }];
  #client: Buffer = Buffer.alloc(0);
  #server = '';
  #mode: 'commands' | 'data' | 'content' | 'tls' = 'commands';
  #from = '';
  #recipients: string[] = [];
  #content: Buffer | undefined;

  constructor(add: (transaction: Recorded) => void) {
    this.#add = add;
  }

  fromClient(bytes: Buffer): void {
    if (this.#mode === 'tls') return;
    this.#client = Buffer.concat([this.#client, bytes]);
    while (this.#mode === 'content' ? this.#takeContent() : this.#takeCommand());
  }

  fromServer(bytes: Buffer): void {
    if (this.#mode === 'tls') return;
    this.#server += bytes.toString('latin1');
    const lines = this.#server.split('\r\n');
    this.#server = lines.pop() ?? '';
    // RFC 5321 4.2.1: a hyphen after the code says that more lines follow.
    for (const line of lines) if (line[3] !== '-') this.#reply(line);
  }

  /** The line is gone: whether the server took what followed the dot is not known. */
  closed(): void {
    if (this.#content !== undefined) this.#end('');
  }

  #takeCommand(): boolean {
    // After DATA the client waits for the answer, which says what its next bytes are.
    if (this.#mode !== 'commands') return false;
    const end = this.#client.indexOf(CRLF);
    if (end < 0) return false;
    const line = this.#client.subarray(0, end).toString('utf8');
    this.#client = this.#client.subarray(end + 2);
    const [, verb = '', path = ''] = /^(\w+)[^<]*(?:<([^>]*)>)?/.exec(line) ?? [];
    this.#open.push({ verb: verb.toUpperCase(), path });
    if (/^data$/i.test(line.trim())) this.#mode = 'data';
    return true;
  }

  #takeContent(): boolean {
    // An empty mail has no line end before its final dot but the one of DATA.
    const whole = Buffer.concat([CRLF, this.#client]);
    const end = whole.indexOf(END_OF_CONTENT);
    if (end < 0) return false;
    this.#content = unstuff(whole.subarray(0, end + 2)).subarray(2);
    this.#client = whole.subarray(end + END_OF_CONTENT.length);
    this.#open.push({ verb: '.', path: '' });
    this.#mode = 'commands';
    return true;
  }

  #reply(line: string): void {
    const command = this.#open.shift() ?? { verb: '', path: '' };
    const good = line.startsWith('2');
    if (command.verb === '.') this.#end(line);
    if (command.verb === 'DATA') this.#mode = line.startsWith('354') ? 'content' : 'commands';
    if (command.verb === 'STARTTLS' && good) this.#mode = 'tls';
    if (command.verb === 'RSET' || command.verb === 'EHLO') this.#recipients = [];
    if (!good) return;
    if (command.verb === 'MAIL') {
      this.#from = command.path;
      this.#recipients = [];
    }
    if (command.verb === 'RCPT') this.#recipients.push(command.path);
  }

  #end(reply: string): void {
    const content = this.#content ?? Buffer.alloc(0);
    this.#add({ from: this.#from, recipients: this.#recipients, content, reply });
    this.#content = undefined;
    this.#recipients = [];
  }
}

/** RFC 5321 4.5.2: a line that begins with a dot was given another one for the way. */
function unstuff(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  let start = 0;
  for (;;) {
    const at = bytes.indexOf('\r\n.', start, 'latin1');
    if (at < 0) break;
    parts.push(bytes.subarray(start, at + 2));
    start = at + 3;
  }
  parts.push(bytes.subarray(start));
  return Buffer.concat(parts);
}
