/**
 * A whole way for mail: client → tap → switch → tap → next hop. The demo subscriber has a phone at
 * an outside address, so that what comes in for it goes out again.
 *
 * What passes the first tap is what was really sent, what passes the second is what really left.
 */

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { atEnd } from './at-end.js';
import type { Recorded, Recorder } from './recorder.js';
import { record } from './recorder.js';
import { type Demo, type SwitchProcess, startSwitch } from './switch-process.js';

export const PHONE = 'phone@example.net';

export interface MailRoute {
  /** "127.0.0.1:12345": where clients send to. */
  readonly entry: string;
  readonly port: string;
  readonly demo: Demo;
  readonly running: SwitchProcess;
  readonly sent: Recorder;
  readonly arrived: Recorder;
}

export interface RouteOptions {
  /** "host:port" of the server that takes what leaves. */
  readonly nextHop: string;
  /** The phone's address. */
  readonly phone?: string;
  readonly settings?: Readonly<Record<string, string>>;
}

/** Starts everything between client and next hop. */
export async function layOutRoute(
  t: Pick<TestContext, 'after'>,
  options: RouteOptions,
): Promise<MailRoute> {
  const arrived = await record(options.nextHop);
  atEnd(t, () => arrived.close());
  const running = await startSwitch(t, {
    settings: { 'email.smartHost': arrived.address, ...options.settings },
  });
  const { demo } = running;
  const inlet = running.addresses['email'];
  assert.ok(demo !== undefined && inlet !== undefined, `no demo account: ${running.output()}`);
  await forward(running, demo.name, options.phone ?? PHONE);
  const sent = await record(inlet);
  atEnd(t, () => sent.close());
  const port = sent.address.slice(sent.address.lastIndexOf(':') + 1);
  return { entry: sent.address, port, demo, running, sent, arrived };
}

/** What comes for the account goes to an outside mail address. */
export async function forward(running: SwitchProcess, account: string, to: string): Promise<void> {
  const address = { channel: 'email', value: to };
  await running.operate('device.add', { account, name: 'phone', addresses: [address] });
  const steps = [{ endpoints: ['phone'] }];
  const profile = { id: 'away', name: 'Away', steps, confirms: 'any', lastResort: 'inbox' };
  await running.operate('profile.put', { account, profile });
  await running.operate('profile.use', { account, profile: 'away' });
}

/** What servers may put above a mail: trace lines, each with its continuation lines. */
const TRACE_LINES = /^(?:(?:Received|Delivered-To): [^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*)+$/;

/** Below the lines of the switches and servers on its way, it is byte for byte what was sent. */
export function assertUnchanged(sent: Recorded, arrived: Recorded): void {
  const above = arrived.content.length - sent.content.length;
  assert.ok(above > 0, `${-above} bytes were lost on the way:\n${arrived.content.toString()}`);
  const head = arrived.content.subarray(0, above).toString('latin1');
  assert.match(head, TRACE_LINES);
  assert.ok(
    arrived.content.subarray(above).equals(sent.content),
    `sent:\n${sent.content.toString()}\narrived:\n${arrived.content.toString()}`,
  );
}
