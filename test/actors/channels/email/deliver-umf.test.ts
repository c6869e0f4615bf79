/** Mail the switch writes itself: its sender, its signature, and what cannot be smuggled in. */

import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { deliverMail } from '../../../../actors/channels/email/deliver.js';
import { parseReply, peerReference } from '../../../../actors/channels/email/reply.js';
import { systemClock } from '../../../../runtime/clock.js';
import { createTokens } from '../../../../runtime/tokens.js';
import type { Umf } from '../../../../schemas/umf.js';
import {
  agent,
  agentTo,
  deliverContext,
  job,
  KEY,
  startSink,
} from '../../../harness/delivering.js';
import { temporaryFolder } from '../../../harness/files.js';

const UMF: Umf = {
  uid: '0123456789abcdef',
  from: { channel: 'im', address: 'anna', name: 'Anna Müller' },
  to: [{ channel: 'email', address: 'r@example.org' }],
  subject: 'Grüße aus dem Serverraum',
  body: { mediaType: 'text/plain', text: 'It is warm, 31 °C.\nAnybody there?  \n\n\n' },
  priority: 'normal',
  securityLevel: 'normal',
};

/** A key in a file, and the TXT record that belongs to it. */
function dkimKey(t: TestContext, kind: 'rsa' | 'ed25519'): { keyFile: string; record: string } {
  const pair: { privateKey: KeyObject; publicKey: KeyObject } =
    kind === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ed25519');
  const keyFile = join(temporaryFolder(t), 'dkim.pem');
  writeFileSync(keyFile, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const spki = pair.publicKey.export({ type: 'spki', format: 'der' });
  const key = kind === 'rsa' ? spki : spki.subarray(-32);
  return { keyFile, record: `v=DKIM1; k=${kind}; p=${key.toString('base64')}` };
}

async function verify(bytes: Buffer, record: string): Promise<string[]> {
  const { results } = await dkimVerify(bytes, {
    resolver: (name: string) => {
      assert.equal(name, 'pb._domainkey.example.com');
      return Promise.resolve([[record]]);
    },
  });
  return results.map((result) => String(result.status.result));
}

describe('a message from another channel', () => {
  it('leaves under our own name, and its reply address brings answers home', async (t) => {
    const sink = await startSink(t);
    assert.equal((await agentTo(t, sink).deliver(job({ umf: UMF }))).result, 'accepted');
    const text = sink.messages[0]?.bytes.toString() ?? '';
    const from = /^From: =\?UTF-8\?.*\?=\s+<reply\+([0-9a-z.-]+)@example\.com>\r$/m.exec(text);
    assert.ok(from, text);
    const clock = systemClock();
    const tokens = createTokens(Buffer.from('secret of the tests'), clock);
    assert.deepEqual(tokens.verify('reply', from[1] ?? ''), { messageKey: KEY, delivery: 1 });
    assert.match(text, /^Message-ID: <0123456789abcdef\.0\.1@example\.com>\r$/im);
    assert.match(sink.messages[0]?.from ?? '', /^bounce\+/);
  });

  for (const kind of ['rsa', 'ed25519'] as const) {
    it(`is signed with an ${kind} key, and mailauth verifies it`, async (t) => {
      const { keyFile, record } = dkimKey(t, kind);
      const sink = await startSink(t);
      const deliverer = agent(t, {
        smartHost: `127.0.0.1:${sink.port}`,
        dkim: { domain: 'example.com', selector: 'pb', keyFile },
      });
      await deliverer.deliver(job({ umf: UMF }));
      const bytes = sink.messages[0]?.bytes ?? Buffer.alloc(0);
      assert.deepEqual(await verify(bytes, record), ['pass']);
      const forged = Buffer.from(
        bytes.toString('latin1').replace('Subject:', 'Subject: Not'),
        'latin1',
      );
      assert.deepEqual(await verify(forged, record), ['fail']);
      const second = Buffer.concat([Buffer.from('From: <evil@example.net>\r\n'), bytes]);
      assert.deepEqual(await verify(second, record), ['fail'], 'a second From breaks it');
    });
  }

  it('carries its signature through a switch that passes it on', async (t) => {
    const { keyFile, record } = dkimKey(t, 'ed25519');
    const sink = await startSink(t);
    const smartHost = `127.0.0.1:${sink.port}`;
    const dkim = { domain: 'example.com', selector: 'pb', keyFile };
    await agent(t, { smartHost, dkim }).deliver(job({ umf: UMF }));
    const raw = sink.messages[0]?.bytes ?? Buffer.alloc(0);
    await agent(t, { smartHost }).deliver(job({ raw }));
    assert.deepEqual(await verify(sink.messages[1]?.bytes ?? Buffer.alloc(0), record), ['pass']);
  });

  it('cannot bring fields of its own into the head', async (t) => {
    const sink = await startSink(t);
    const evil = 'x\r\nBcc: all@example.org\r\n\r\nEvil: yes\u2028';
    const umf: Umf = {
      ...UMF,
      from: { channel: 'im', address: evil, name: evil },
      subject: evil,
      conversation: { id: evil, message: evil, inReplyTo: evil, references: [evil] },
    };
    const message = {
      sender: { name: evil, address: { channel: 'im', value: evil }, verification: UNVERIFIED },
    };
    const outcome = await agentTo(t, sink).deliver(job({ umf, message }));
    assert.equal(outcome.result, 'accepted');
    const head = (sink.messages[0]?.bytes.toString() ?? '').split('\r\n\r\n')[0] ?? '';
    assert.doesNotMatch(head, /^(?:Bcc|Evil)/im);
  });

  const UNVERIFIED = { verified: false, how: 'nobody asked' };

  it('a key that cannot be read is said at the start', () => {
    const dkim = { domain: 'example.com', selector: 'pb', keyFile: '/nowhere' };
    assert.throws(
      () => deliverMail(deliverContext({ dkim })),
      /email\.dkim\.keyFile \/nowhere .* correct the setting/,
    );
  });
});

describe('answers of servers', () => {
  const references: readonly [string, string | undefined][] = [
    ['250 2.0.0 Ok: queued as 4Xy1Ab2Cd3z', '4Xy1Ab2Cd3z'],
    ['250 OK id=1sWq2E-0004xY-1r', '1sWq2E-0004xY-1r'],
    ['250 2.0.0 46ABcdEf012345 Message accepted for delivery', '46ABcdEf012345'],
    ['250 2.6.0 <abc@example.net> [InternalId=1] Queued mail for delivery', 'abc@example.net'],
    ['250 2.0.0 OK  1732363200 af79cd13be357-7b - gsmtp', '1732363200 af79cd13be357-7b'],
    ['250 Ok', undefined],
  ];
  for (const [answer, reference] of references) {
    it(`"${answer}" names it ${reference}`, () => assert.equal(peerReference(answer), reference));
  }

  it('of several lines are one line, without control characters', () => {
    const reply = parseReply('550-5.7.1 Go\r\n550-5.7.1 \u001b[31maway\r\n550 5.7.1 now');
    assert.deepEqual(reply, {
      code: 550,
      status: '5.7.1',
      text: '550-5.7.1 Go [31maway now',
    });
  });
});
