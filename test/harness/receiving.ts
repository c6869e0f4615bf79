/** Starts the real email receiving agent for a test, and ends it with its connections. */

import type { Receiver } from '../../actors/channel.js';
import { receive } from '../../actors/channels/email/receive.js';
import { MemoryReceiveContext } from './receive-context.js';
import { SmtpLine } from './smtp-line.js';

export const MAIL =
  'From: <you@example.net>\r\nSubject: Hello\r\nMessage-ID: <1@example.net>\r\n\r\nHi\r\n';

export interface Receiving {
  readonly context: MemoryReceiveContext;
  readonly receiver: Receiver;
  readonly address: string;
  /** A connection that has not been greeted yet. */
  connect(): SmtpLine;
  /** A connection after EHLO. */
  open(): Promise<SmtpLine>;
  /** Another sender's mail on a new connection: it must be served; how long it took. */
  canary(): Promise<number>;
}

const running: { readonly receiver: Receiver; readonly lines: SmtpLine[] }[] = [];

export async function startReceiving(changes: Record<string, unknown> = {}): Promise<Receiving> {
  const context = new MemoryReceiveContext(changes);
  const receiver = await receive(context);
  const address = receiver.address ?? '';
  const lines: SmtpLine[] = [];
  running.push({ receiver, lines });
  const connect = (): SmtpLine => {
    const line = SmtpLine.connect(address);
    lines.push(line);
    return line;
  };
  const open = async (): Promise<SmtpLine> => {
    const line = connect();
    await line.hello();
    return line;
  };
  const canary = async (): Promise<number> => {
    const before = performance.now();
    const line = await open();
    const reply = await line.mail('canary@example.net', ['ben@example.com'], MAIL);
    if (reply.code !== 250) throw new Error(`The canary was not served: ${reply.text}`);
    line.end();
    return performance.now() - before;
  };
  return { context, receiver, address, connect, open, canary };
}

/** To be called after each test. */
export async function stopReceiving(): Promise<void> {
  for (const { receiver, lines } of running.splice(0)) {
    for (const line of lines) line.destroy();
    await receiver.stop();
  }
}
