/**
 * The live line: one WebSocket for the whole page.
 *
 * Stages: connect → hello → say what was seen (epoch and number) → changes, numbered → cut →
 * connect again, with back-off. Invariants: a frame is handed on once; after `reset` every list is
 * loaded anew, so what was missed is never shown as nothing.
 */

import { signal } from '@preact/signals';
import type {
  BoardMove,
  MessageSummary,
  PageFrame,
  ServerFrame,
} from '../../../../schemas/console.js';
import { after } from '../clock.js';
import { account, signedOut } from './session.js';

const AGAIN_FIRST_MS = 300;
const AGAIN_MAX_MS = 5000;

/** Whether the page hears the switch. `lost` only after it had been connected. */
export const line = signal<'connecting' | 'open' | 'lost'>('connecting');

type Listener<Value> = (value: Value) => void;

class Topic<Value> {
  readonly #listeners = new Set<Listener<Value>>();

  /** Returns how to stop listening. */
  listen(listener: Listener<Value>): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(value: Value): void {
    for (const listener of this.#listeners) listener(value);
  }
}

/** A message of one's own came, or moved on. */
export const changed = new Topic<MessageSummary>();
/** What is listed may be old: load it anew. */
export const stale = new Topic<void>();
export const boardMoved = new Topic<readonly BoardMove[]>();
/** A channel's own frames, with the channel's name. */
export const channelFrame = new Topic<{ channel: string; frame: unknown }>();

let socket: WebSocket | undefined;
let epoch: string | undefined;
let seq: number | undefined;
let tries = 0;
let board = false;

/** Operators' pages ask for everybody's moves. */
export function watchBoard(): void {
  if (board) return;
  board = true;
  sayWhatWasSeen();
}

export function sendToChannel(channel: string, frame: unknown): boolean {
  return send({ topic: 'channel', channel, frame });
}

/** Begins, and keeps the line up for as long as the page is open. */
export function connect(): void {
  const url = new URL('/live', location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const opened = new WebSocket(url);
  socket = opened;
  opened.addEventListener('message', ({ data }) => {
    if (typeof data === 'string') take(JSON.parse(data) as ServerFrame);
  });
  opened.addEventListener('close', () => {
    if (socket !== opened) return;
    socket = undefined;
    if (line.value === 'open') line.value = 'lost';
    const waitMs = Math.min(AGAIN_MAX_MS, AGAIN_FIRST_MS * 2 ** tries);
    tries += 1;
    after(waitMs, connect);
  });
}

function send(frame: PageFrame): boolean {
  if (socket?.readyState !== WebSocket.OPEN) return false;
  socket.send(JSON.stringify(frame));
  return true;
}

function sayWhatWasSeen(): void {
  send({
    topic: 'since',
    ...(epoch !== undefined && { epoch }),
    ...(seq !== undefined && { seq }),
    board,
  });
}

function take(frame: ServerFrame): void {
  switch (frame.topic) {
    case 'hello': {
      tries = 0;
      line.value = 'open';
      sayWhatWasSeen();
      epoch = frame.epoch;
      return;
    }
    case 'message':
      seq = frame.seq;
      changed.tell(frame.message);
      return;
    case 'account':
      seq = frame.seq;
      account.value = frame.account;
      return;
    case 'caughtUp':
      seq = frame.seq;
      return;
    case 'reset':
      seq = frame.seq;
      stale.tell();
      return;
    case 'board':
      boardMoved.tell(frame.moves);
      return;
    case 'channel':
      channelFrame.tell(frame);
      return;
    case 'signedOut':
      signedOut();
      return;
  }
}
