/**
 * A tiny mail server for tests and load: it takes mail and keeps it.
 *
 * The sink does what RFC 5321 asks, until its script says otherwise for one stage: another answer,
 * silence, hanging up. It knows what it has of a message before the final dot.
 */

import { createServer, type Server, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** `content`: the first bytes of the content have come; right is to say nothing yet. */
export type SinkStage =
  | 'connect'
  | 'EHLO'
  | 'STARTTLS'
  | 'AUTH'
  | 'MAIL'
  | 'RCPT'
  | 'DATA'
  | 'content'
  | 'dot'
  | 'RSET'
  | 'QUIT';

/** What the sink does at a stage; undefined: what is right. */
export type SinkAction =
  | { readonly answer: string; readonly afterwards?: 'hangUp' }
  | 'stall'
  | 'hangUp'
  | undefined;

export interface SinkMessage {
  readonly session: number;
  readonly from: string;
  readonly mailParameters: string;
  readonly to: readonly string[];
  readonly rcptParameters: readonly string[];
  /** Without dot stuffing, with the CRLF before the dot. */
  readonly bytes: Buffer;
  readonly secure: boolean;
}

export interface SinkOptions {
  readonly host?: string;
  readonly port?: number;
  readonly name?: string;
  /** Announced by EHLO. */
  readonly extensions?: readonly string[];
  readonly tls?: { readonly key: string | Buffer; readonly cert: string | Buffer };
  readonly script?: (
    stage: SinkStage,
    argument: string,
    session: number,
  ) => SinkAction | Promise<SinkAction>;
  /** Counts messages and keeps none of them. */
  readonly keep?: 'all' | 'none';
}

const EXTENSIONS = ['PIPELINING', 'SIZE 104857600', '8BITMIME', 'SMTPUTF8', 'DSN'];
const ENHANCED = 'ENHANCEDSTATUSCODES';
const END = Buffer.from('\r\n.\r\n');
const CRLF = Buffer.from('\r\n');
const STUFFED = Buffer.from('\r\n..');

/** A mail server that keeps what it is sent. */
export class MailSink {
  readonly options: SinkOptions;
  readonly #server: Server;
  readonly #sessions = new Set<SinkSession>();
  readonly messages: SinkMessage[] = [];
  /** Contents whose connection ended before the final dot. */
  readonly broken: Buffer[] = [];
  /** Every command line, "1 MAIL FROM:<…>", first the number of its session. */
  readonly commands: string[] = [];
  count = 0;
  connections = 0;
  #watchers: (() => boolean)[] = [];

  private constructor(options: SinkOptions) {
    this.options = options;
    this.#server = createServer((socket) => {
      this.connections += 1;
      this.#sessions.add(new SinkSession(this, socket, this.connections));
      this.changed();
    });
  }

  static async start(options: SinkOptions = {}): Promise<MailSink> {
    const sink = new MailSink(options);
    await new Promise<void>((resolve, reject) => {
      sink.#server.once('error', reject);
      sink.#server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve);
    });
    return sink;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  get openSessions(): number {
    return this.#sessions.size;
  }

  /** What each session has of a content whose dot has not come. */
  partial(): Buffer[] {
    return [...this.#sessions].flatMap((session) => session.partial ?? []);
  }

  /** Resolves when `condition` holds; looks after everything that happens. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): boolean => {
        if (condition()) resolve();
        return condition();
      };
      if (!look()) this.#watchers.push(look);
    });
  }

  async stop(): Promise<void> {
    for (const session of this.#sessions) session.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  changed(): void {
    if (this.#watchers.length === 0) return;
    const watchers = this.#watchers;
    this.#watchers = [];
    this.#watchers.push(...watchers.filter((look) => !look()));
  }

  took(message: SinkMessage): void {
    this.count += 1;
    if (this.options.keep !== 'none') this.messages.push(message);
    this.changed();
  }

  ended(session: SinkSession): void {
    this.#sessions.delete(session);
    if (session.partial !== undefined) this.broken.push(session.partial);
    this.changed();
  }

  noted(line: string): void {
    if (this.options.keep !== 'none') this.commands.push(line);
    this.changed();
  }
}

class SinkSession {
  readonly #sink: MailSink;
  readonly #number: number;
  #socket: Socket;
  /** Bytes not yet understood. */
  #input: Buffer = Buffer.alloc(0);
  /** In DATA: what came so far, beginning with the CRLF of the command. */
  #content: Buffer[] | undefined;
  #from: string | undefined;
  #mailParameters = '';
  #to: string[] = [];
  #rcptParameters: string[] = [];
  #busy = false;

  constructor(sink: MailSink, socket: Socket, number: number) {
    this.#sink = sink;
    this.#number = number;
    this.#socket = socket;
    this.#listen(socket);
    socket.once('close', () => sink.ended(this));
    void this.#greet();
  }

  get partial(): Buffer | undefined {
    return this.#content && Buffer.concat(this.#content).subarray(CRLF.length);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  async #greet(): Promise<void> {
    this.#busy = true;
    if (!(await this.#act('connect', '', `220 ${this.#name} ESMTP sink`))) return;
    this.#busy = false;
    await this.#work();
  }

  get #name(): string {
    return this.#sink.options.name ?? 'sink.test';
  }

  #listen(socket: Socket): void {
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      this.#input = this.#input.length === 0 ? chunk : Buffer.concat([this.#input, chunk]);
      void this.#work();
    });
  }

  /** One thing after the other, until the input has nothing whole any more. */
  async #work(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    let more = true;
    while (more && !this.#socket.destroyed) {
      more = this.#content === undefined ? await this.#command() : await this.#data();
    }
    this.#busy = false;
  }

  async #command(): Promise<boolean> {
    const end = this.#input.indexOf('\r\n');
    if (end < 0) return false;
    const line = this.#input.subarray(0, end).toString();
    this.#input = this.#input.subarray(end + CRLF.length);
    this.#sink.noted(`${this.#number} ${line}`);
    const verb = line.slice(0, 4).toUpperCase();
    if (verb === 'EHLO' || verb === 'HELO') return this.#act('EHLO', line, this.#hello());
    if (verb === 'STAR') return this.#startTls(line);
    if (verb === 'AUTH') return this.#act('AUTH', line, '235 2.7.0 Welcome');
    if (verb === 'MAIL') return this.#mail(line);
    if (verb === 'RCPT') return this.#rcpt(line);
    if (verb === 'DATA') return this.#startData(line);
    if (verb === 'RSET') {
      this.#forget();
      return this.#act('RSET', line, '250 2.0.0 Ok');
    }
    if (verb === 'QUIT') {
      await this.#act('QUIT', line, '221 2.0.0 Bye');
      this.#socket.end();
      return false;
    }
    return this.#act('RSET', line, verb === 'NOOP' ? '250 2.0.0 Ok' : '502 5.5.2 What?');
  }

  #hello(): string {
    const { extensions = EXTENSIONS, tls } = this.#sink.options;
    const plain = !(this.#socket instanceof TLSSocket);
    const offered = [...extensions, ENHANCED, ...(tls && plain ? ['STARTTLS'] : [])];
    const lines = [this.#name, ...offered];
    return lines.map((line, at) => `250${at < lines.length - 1 ? '-' : ' '}${line}`).join('\r\n');
  }

  async #startTls(line: string): Promise<boolean> {
    const { tls } = this.#sink.options;
    if (tls === undefined) return this.#act('STARTTLS', line, '502 5.5.1 No TLS here');
    let upgraded = false;
    const plain = this.#socket;
    if (!(await this.#act('STARTTLS', line, '220 2.0.0 Go ahead', () => (upgraded = true)))) {
      return false;
    }
    if (!upgraded) return true;
    plain.removeAllListeners('data');
    this.#input = Buffer.alloc(0);
    this.#socket = new TLSSocket(plain, { isServer: true, key: tls.key, cert: tls.cert });
    this.#listen(this.#socket);
    return false;
  }

  #mail(line: string): Promise<boolean> {
    if (this.#from !== undefined) {
      this.#socket.write('503 5.5.1 Nested MAIL\r\n');
      return Promise.resolve(true);
    }
    const [path, parameters] = pathOf(line);
    return this.#act('MAIL', line, '250 2.1.0 Ok', () => {
      this.#from = path;
      this.#mailParameters = parameters;
    });
  }

  #rcpt(line: string): Promise<boolean> {
    const [path, parameters] = pathOf(line);
    const right = this.#from === undefined ? '503 5.5.1 MAIL first' : '250 2.1.5 Ok';
    return this.#act('RCPT', line, right, () => {
      this.#to.push(path);
      this.#rcptParameters.push(parameters);
    });
  }

  #startData(line: string): Promise<boolean> {
    const right = this.#to.length === 0 ? '554 5.5.1 No valid recipients' : '354 Go on';
    return this.#act('DATA', line, right, (answer) => {
      if (answer.startsWith('354')) this.#content = [CRLF];
    });
  }

  async #data(): Promise<boolean> {
    const content = this.#content ?? [];
    if (this.#input.length === 0) return false;
    if (content.length === 1 && !(await this.#act('content', '', ''))) return false;
    const before = Buffer.concat(content.slice(-END.length)).subarray(-(END.length - 1));
    const end = Buffer.concat([before, this.#input]).indexOf(END);
    if (end < 0) {
      content.push(this.#input);
      this.#input = Buffer.alloc(0);
      this.#sink.changed();
      return false;
    }
    const cut = end - before.length + END.length;
    content.push(this.#input.subarray(0, cut));
    this.#input = this.#input.subarray(cut);
    const whole = Buffer.concat(content);
    const message: SinkMessage = {
      session: this.#number,
      from: this.#from ?? '',
      mailParameters: this.#mailParameters,
      to: this.#to,
      rcptParameters: this.#rcptParameters,
      bytes: unstuff(whole.subarray(0, whole.length - 3)),
      secure: this.#socket instanceof TLSSocket,
    };
    this.#content = undefined;
    this.#forget();
    const id = `S${this.#number}.${this.#sink.count + 1}`;
    return this.#act('dot', '', `250 2.0.0 Ok: queued as ${id}`, () => this.#sink.took(message));
  }

  #forget(): void {
    this.#from = undefined;
    this.#to = [];
    this.#rcptParameters = [];
  }

  /** The script's way or the right one. False: this session hears nothing more. */
  async #act(
    stage: SinkStage,
    argument: string,
    right: string,
    done?: (answer: string) => void,
  ): Promise<boolean> {
    const { script } = this.#sink.options;
    const asked = script?.(stage, argument, this.#number);
    const action = asked instanceof Promise ? await asked : asked;
    if (action === 'stall') return new Promise(() => undefined);
    if (action === 'hangUp') {
      this.#socket.destroy();
      return false;
    }
    const answer = action?.answer ?? right;
    if (answer === '') return true;
    if (/^[23]/.test(answer)) done?.(answer);
    this.#socket.write(`${answer}\r\n`);
    if (action?.afterwards !== 'hangUp') return true;
    this.#socket.end();
    return false;
  }
}

function pathOf(line: string): [string, string] {
  const match = /^[^<]*<((?:"(?:[^"\\]|\\.)*"|[^>])*)>\s*(.*)$/.exec(line);
  return [match?.[1] ?? '', match?.[2] ?? ''];
}

/** Takes away the leading CRLF and the stuffed dots (RFC 5321 4.5.2). */
function unstuff(content: Buffer): Buffer {
  const pieces: Buffer[] = [];
  let from = 0;
  for (let at = content.indexOf(STUFFED); at >= 0; at = content.indexOf(STUFFED, at + 3)) {
    pieces.push(content.subarray(from, at + 3));
    from = at + 4;
  }
  const whole = pieces.length === 0 ? content : Buffer.concat([...pieces, content.subarray(from)]);
  return whole.subarray(CRLF.length);
}
