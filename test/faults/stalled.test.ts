/** One stalled destination slows no other: measured, with and without it, in the same run. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MailSink, MailSource } from '../../actors/channels/email/peer.js';
import { atEnd } from '../harness/at-end.js';
import { startDns } from '../harness/dns.js';
import { aSwitch, DOMAIN } from './a-switch.js';

const MAILS = 200;
/** More than all connections of a destination, and of a worker's queue for one lane. */
const STALLED_MAILS = 300;
const HEALTHY = '127.0.0.2';
const STALLED = '127.0.0.3';

/** Two destinations found by DNS, on two addresses of this computer: one takes, one is silent. */
async function setUp(t: TestContext) {
  const healthy = await MailSink.start({ host: HEALTHY });
  const { port } = healthy;
  const stalled = await MailSink.start({ host: STALLED, port, script: () => 'stall' });
  const dns = await startDns({ 'A healthy.example': HEALTHY, 'A stalled.example': STALLED });
  const on = await aSwitch(t, {
    settings: { 'email.dnsServers': dns.address, 'email.deliver.port': String(port) },
  });
  atEnd(t, () => healthy.stop());
  atEnd(t, () => stalled.stop());
  atEnd(t, () => dns.close());
  await on.subscriber('healthy', { channel: 'email', value: 'phone@healthy.example' });
  await on.subscriber('stalled', { channel: 'email', value: 'phone@stalled.example' });
  const address = on.addresses['email'] ?? '';
  const source = await MailSource.connect({ port: Number(address.split(':')[1]) });
  atEnd(t, () => source.destroy());
  let sent = 0;
  const send = async (name: string, count: number): Promise<void> => {
    for (let n = 0; n < count; n += 1) {
      sent += 1;
      const bytes = Buffer.from(`Message-ID: <${sent}@faults>\r\n\r\nHello\r\n`);
      const mail = { from: 'a@example.org', to: [`${name}@${DOMAIN}`], bytes };
      const { accepted, answer } = await source.send(mail);
      assert.ok(accepted, answer);
    }
  };
  return { on, healthy, stalled, send };
}

test(`${MAILS} mails to a healthy destination beside a stalled one`, async (t) => {
  const { healthy, stalled, send } = await setUp(t);
  const measure = async (): Promise<number> => {
    const before = healthy.count;
    const since = performance.now();
    await send('healthy', MAILS);
    await healthy.until(() => healthy.count === before + MAILS);
    return performance.now() - since;
  };
  await measure();
  const aloneMs = await measure();
  await send('stalled', STALLED_MAILS);
  await stalled.until(() => stalled.openSessions > 0);
  const besideMs = await measure();
  assert.ok(stalled.openSessions > 0, 'it still stalls');
  assert.equal(stalled.count, 0);
  const ratio = (besideMs / aloneMs).toFixed(2);
  const times = `${aloneMs.toFixed(0)} ms alone, ${besideMs.toFixed(0)} ms beside a stalled one`;
  t.diagnostic(`${MAILS} mails: ${times}, ratio ${ratio}`);
});
