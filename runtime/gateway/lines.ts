/**
 * Live lines: one WebSocket (RFC 6455) for each open page, shared by the console's feed and the
 * channels.
 *
 * Stages: opened (signed in, within limits) → told to the console, then to each channel → frames
 * both ways, pings, the session looked up now and then → closed, by whoever was first.
 * Invariants: a page that takes too little, sends too much or answers no ping is closed, and it
 * alone; a line does not outlive its session by more than the time between two looks.
 */

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Clock, Log, Timer } from '../../actors/machinery.js';
import type { PageFrame, ServerFrame } from '../../schemas/console.js';
import type { Line } from '../console/console.js';
import type { SignedInSession } from '../sessions.js';
import { parseJson } from './body.js';
import type { Doors } from './doors.js';
import type { GatewayLimits } from './limits.js';
import { pageFrame } from './page-frame.js';

/** RFC 6455, 7.4.1. */
const CLOSE = { goingAway: 1001, policy: 1008, tooMuch: 1013 } as const;

export interface LineParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: GatewayLimits;
  readonly doors: Doors;
  /** Counts what was closed, and why. */
  refused(reason: string): void;
  /** Is the session still there? */
  check(token: string): Promise<SignedInSession | undefined>;
}

export interface NewLine {
  readonly signedIn: SignedInSession;
  readonly token: string;
  readonly peer: string;
}

interface LiveLine extends NewLine {
  readonly socket: WebSocket;
  isAlive: boolean;
  checkedAt: number;
  /** Frames that it may still send at once. */
  allowance: number;
  refilledAt: number;
}

export class Lines {
  readonly #parts: LineParts;
  readonly #server: WebSocketServer;
  /** The oldest first. */
  readonly #lines = new Set<LiveLine>();
  #tick: Timer | undefined;

  constructor(parts: LineParts) {
    this.#parts = parts;
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: parts.limits.frameBytes,
    });
    this.#arm();
  }

  get isFull(): boolean {
    return this.#lines.size >= this.#parts.limits.lines;
  }

  /** Makes the connection a line; `told` hears of it first, then each channel. */
  open(
    upgrade: { readonly request: IncomingMessage; readonly socket: Duplex; readonly head: Buffer },
    line: NewLine,
    told: (line: Line) => void,
  ): void {
    const { request, socket, head } = upgrade;
    this.#server.handleUpgrade(request, socket, head, (opened) => {
      this.#makeRoom(line.signedIn.account.id);
      this.#opened({ ...line, socket: opened, ...this.#fresh() }, told);
    });
  }

  /** The session has ended: its pages are told, and closed. */
  signOut(sessionId: string): void {
    for (const line of this.#lines) {
      if (line.signedIn.session.id === sessionId) this.#signOut(line);
    }
  }

  stop(): void {
    this.#tick?.cancel();
    for (const { socket } of this.#lines) socket.close(CLOSE.goingAway, 'the switch is stopping');
  }

  /** Closes what has not closed by itself. */
  terminate(): void {
    for (const { socket } of this.#lines) socket.terminate();
  }

  #fresh() {
    const { clock, limits } = this.#parts;
    const now = clock.monotonic();
    return { isAlive: true, checkedAt: now, allowance: limits.framesAtOnce, refilledAt: now };
  }

  #opened(line: LiveLine, told: (line: Line) => void): void {
    const { socket, signedIn, peer } = line;
    this.#lines.add(line);
    const closers: (() => void)[] = [];
    const listeners: ((frame: PageFrame) => void)[] = [];
    socket.on('error', () => this.#parts.refused('line'));
    socket.on('pong', () => {
      line.isAlive = true;
    });
    socket.once('close', () => {
      this.#lines.delete(line);
      for (const run of closers) run();
    });
    const onClose = (run: () => void): void => void closers.push(run);
    const backlog = (): number => socket.bufferedAmount;
    const send = (frame: ServerFrame): void => this.#send(line, frame);
    told({
      signedIn,
      peer,
      backlog,
      send,
      onFrame: (run) => void listeners.push(run),
      onClose,
      close: () => socket.close(CLOSE.goingAway),
    });
    const take = this.#parts.doors.open({
      account: signedIn.account,
      backlog,
      send: (channel, frame) => {
        this.#mayAnswer(line);
        send({ topic: 'channel', channel, frame });
      },
      onClose,
    });
    socket.on('message', (data, isBinary) => {
      const frame = this.#frameIn(line, data, isBinary);
      if (frame?.topic === 'channel') take(frame.channel, frame.frame);
      else if (frame !== undefined) for (const run of listeners) run(frame);
    });
  }

  #frameIn(line: LiveLine, data: unknown, isBinary: boolean): PageFrame | undefined {
    if (line.socket.readyState !== line.socket.OPEN) return undefined;
    if (!this.#mayStillSend(line)) {
      this.#parts.refused('flood');
      line.socket.close(CLOSE.policy, 'too many frames');
      return undefined;
    }
    const given = !isBinary && data instanceof Uint8Array ? parseJson(data) : undefined;
    const frame = pageFrame(given);
    if (frame === undefined) {
      this.#parts.refused('frame');
      line.socket.close(CLOSE.policy, 'this is no frame of a page');
    }
    return frame;
  }

  /** An answer to what a channel sends is no flood, however much that is. */
  #mayAnswer(line: LiveLine): void {
    line.allowance = Math.min(this.#parts.limits.framesAtOnce, line.allowance + 1);
  }

  /** A bucket that refills: so many frames at once, so many a second, one for each of ours. */
  #mayStillSend(line: LiveLine): boolean {
    const { clock, limits } = this.#parts;
    const now = clock.monotonic();
    const refill = ((now - line.refilledAt) / 1000) * limits.framesPerSecond;
    line.allowance = Math.min(limits.framesAtOnce, line.allowance + refill) - 1;
    line.refilledAt = now;
    return line.allowance >= 0;
  }

  #send({ socket }: LiveLine, frame: ServerFrame): void {
    if (socket.readyState !== socket.OPEN) return;
    socket.send(JSON.stringify(frame), () => {});
    if (socket.bufferedAmount <= this.#parts.limits.backlogBytes) return;
    this.#parts.refused('backlog');
    socket.terminate();
  }

  #signOut(line: LiveLine): void {
    this.#send(line, { topic: 'signedOut' });
    line.socket.close(CLOSE.policy, 'signed out');
  }

  #makeRoom(accountId: string): void {
    const own = [...this.#lines].filter(({ signedIn }) => signedIn.account.id === accountId);
    const over = Math.max(0, own.length - this.#parts.limits.linesPerAccount + 1);
    for (const { socket } of own.slice(0, over)) {
      this.#parts.refused('lines');
      // One that was told to close and does not: whoever opens more must not keep those.
      if (socket.readyState !== socket.OPEN) socket.terminate();
      else socket.close(CLOSE.tooMuch, 'too many pages of one account');
    }
  }

  #arm(): void {
    this.#tick = this.#parts.clock.after(this.#parts.limits.pingMs, () => {
      this.#look();
      this.#arm();
    });
  }

  #look(): void {
    const now = this.#parts.clock.monotonic();
    for (const line of this.#lines) {
      if (!line.isAlive || line.socket.readyState !== line.socket.OPEN) {
        line.socket.terminate();
        continue;
      }
      line.isAlive = false;
      line.socket.ping(() => {});
      if (now - line.checkedAt < this.#parts.limits.sessionCheckMs) continue;
      line.checkedAt = now;
      this.#parts.check(line.token).then(
        (found) => found ?? this.#signOut(line),
        (error: unknown) => this.#parts.log.warn('line.unchecked', { reason: String(error) }),
      );
    }
  }
}
