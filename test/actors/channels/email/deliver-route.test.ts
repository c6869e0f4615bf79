/** Where mail goes: MX records, address literals, smart hosts, TLS, and never to ourselves. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import type { SinkOptions } from '../../../../actors/channels/email/peer.js';
import { agent, agentTo, job, startSink } from '../../../harness/delivering.js';
import { type Records, startDns } from '../../../harness/dns.js';

const TLS = {
  key: readFileSync('test/fixtures/tls/key.pem'),
  cert: readFileSync('test/fixtures/tls/cert.pem'),
};

const mx = (preference: number, exchange: string) => ({ preference, exchange });

async function routed(t: TestContext, records: Records, options: { port: number }) {
  const dns = await startDns(records);
  t.after(() => dns.close());
  const changes = { dnsServers: [dns.address], deliver: { port: options.port } };
  return { dns, deliverer: agent(t, changes) };
}

/** Two servers of different addresses and the same port. */
async function twoHosts(t: TestContext, first: SinkOptions = {}, second: SinkOptions = {}) {
  const one = await startSink(t, { host: '127.0.0.2', ...first });
  const two = await startSink(t, { host: '127.0.0.3', port: one.port, ...second });
  return { one, two, port: one.port };
}

describe('mail hosts by DNS', () => {
  const hosts = { 'A one.test': '127.0.0.2', 'A two.test': '127.0.0.3' };

  it('the lowest preference is asked first', async (t) => {
    const { one, two, port } = await twoHosts(t);
    const records = { ...hosts, 'MX d.test': [mx(20, 'one.test'), mx(10, 'two.test')] };
    const { deliverer } = await routed(t, records, { port });
    const outcome = await deliverer.deliver(job({ to: 'r@d.test' }));
    assert.equal(outcome.peer, 'two.test [127.0.0.3]');
    assert.deepEqual([one.count, two.count], [0, 1]);
  });

  it('the next host is asked when one does not take connections or refuses us', async (t) => {
    const greeting: SinkOptions = {
      script: (stage) => (stage === 'connect' ? { answer: '421 4.3.2 Full' } : undefined),
    };
    const { two, port } = await twoHosts(t, greeting);
    const down = '127.0.0.9';
    const records = {
      ...hosts,
      'A down.test': down,
      'MX d.test': [mx(1, 'gone.test'), mx(2, 'down.test'), mx(3, 'one.test'), mx(4, 'two.test')],
    };
    const { deliverer } = await routed(t, records, { port });
    assert.equal((await deliverer.deliver(job({ to: 'r@d.test' }))).result, 'accepted');
    assert.equal(two.count, 1);
  });

  it('equal ones are asked in random order', async (t) => {
    const { one, two, port } = await twoHosts(t);
    const records: Record<string, Records[string]> = { ...hosts };
    for (let n = 0; n < 40; n += 1) {
      records[`MX d${n}.test`] = [mx(10, 'one.test'), mx(10, 'two.test')];
    }
    const { deliverer } = await routed(t, records, { port });
    for (let n = 0; n < 40; n += 1) await deliverer.deliver(job({ to: `r@d${n}.test` }));
    assert.equal(one.count + two.count, 40);
    assert.ok(one.count > 0 && two.count > 0, `${one.count} and ${two.count}`);
  });

  it('without MX the domain itself is the host; answers are kept for a while', async (t) => {
    const sink = await startSink(t);
    const { deliverer, dns } = await routed(t, { 'A d.test': '127.0.0.1' }, sink);
    for (const to of ['r@d.test', 's@d.test']) {
      assert.equal((await deliverer.deliver(job({ to }))).result, 'accepted');
    }
    assert.equal(dns.asked.filter((question) => question === 'MX d.test').length, 1);
  });

  it('an address literal needs no DNS', async (t) => {
    const sink = await startSink(t);
    const { deliverer, dns } = await routed(t, {}, sink);
    const outcome = await deliverer.deliver(job({ to: 'r@[127.0.0.1]' }));
    assert.equal(outcome.result, 'accepted');
    assert.deepEqual(sink.messages[0]?.to, ['r@[127.0.0.1]']);
    assert.deepEqual(dns.asked, []);
  });

  const failures: readonly [string, Records, string][] = [
    ['a null MX', { 'MX d.test': mx(0, '') }, '5.1.10'],
    ['no such domain', {}, '5.1.2'],
    ['no address', { 'TXT d.test': 'x' }, '5.4.4'],
    ['an MX host without address', { 'MX d.test': mx(1, 'gone.test') }, '5.4.4'],
    ['ourselves as best MX', { ...hosts, 'MX d.test': mx(1, 'mx.example.com') }, '5.4.6'],
  ];
  for (const [name, records, status] of failures) {
    it(`${name}: fails with ${status}`, async (t) => {
      const { deliverer } = await routed(t, records, { port: 25 });
      const outcome = await deliverer.deliver(job({ to: 'r@d.test' }));
      assert.equal(outcome.result, 'failed', outcome.reason);
      assert.equal(outcome.status, status);
    });
  }

  it('a host worse than ourselves is not used (RFC 5321 5.1), a better one is', async (t) => {
    const { one, two, port } = await twoHosts(t);
    const own = mx(10, 'mx.example.com');
    const records = {
      ...hosts,
      'MX worse.test': [own, mx(20, 'one.test')],
      'MX better.test': [own, mx(5, 'two.test')],
    };
    const { deliverer } = await routed(t, records, { port });
    assert.equal((await deliverer.deliver(job({ to: 'r@worse.test' }))).status, '5.4.6');
    assert.equal((await deliverer.deliver(job({ to: 'r@better.test' }))).result, 'accepted');
    assert.deepEqual([one.count, two.count], [0, 1]);
  });
});

describe('mail to ourselves', () => {
  it('is not sent to our own listener, by MX or by smart host', async (t) => {
    const sink = await startSink(t);
    const listen = `127.0.0.1:${sink.port}`;
    const dns = await startDns({ 'A d.test': '127.0.0.1' });
    t.after(() => dns.close());
    const byMx = agent(t, { listen, dnsServers: [dns.address], deliver: { port: sink.port } });
    const bySmartHost = agent(t, { listen, smartHost: listen });
    for (const deliverer of [byMx, bySmartHost]) {
      const outcome = await deliverer.deliver(job({ to: 'r@d.test' }));
      assert.deepEqual([outcome.result, outcome.status], ['failed', '5.4.6']);
    }
    assert.equal(sink.connections, 0);
  });
});

describe('TLS', () => {
  it('is used where it is offered; the dot is withheld there too', async (t) => {
    const sink = await startSink(t, { tls: TLS });
    const deliverer = agentTo(t, sink);
    const outcome = await deliverer.deliver(
      job({
        bytesSent: async () => {
          await sink.until(() => (sink.partial()[0]?.length ?? 0) > 0);
          assert.equal(sink.count, 0);
          return true;
        },
      }),
    );
    assert.equal(outcome.result, 'accepted');
    assert.equal(sink.messages[0]?.secure, true);
    assert.equal((await deliverer.deliver(job())).result, 'accepted');
    assert.equal(sink.connections, 1);
  });

  it('withheld for good leaves the server without the message', async (t) => {
    const sink = await startSink(t, { tls: TLS });
    await agentTo(t, sink).deliver(job({ bytesSent: async () => false }));
    await sink.until(() => sink.openSessions === 0);
    assert.equal(sink.count, 0);
  });

  it('opportunistic: a broken STARTTLS does not keep the mail', async (t) => {
    const refusing = await startSink(t, {
      tls: TLS,
      script: (stage) => (stage === 'STARTTLS' ? { answer: '454 4.7.0 Not now' } : undefined),
    });
    assert.equal((await agentTo(t, refusing).deliver(job())).result, 'accepted');
    const breaking = await startSink(t, {
      tls: TLS,
      script: (stage) =>
        stage === 'STARTTLS' ? { answer: '220 2.0.0 Go', afterwards: 'hangUp' } : undefined,
    });
    assert.equal((await agentTo(t, breaking).deliver(job())).result, 'accepted');
    assert.equal(breaking.messages[0]?.secure, false);
  });

  for (const tls of ['require', 'verify'] as const) {
    it(`${tls}: nothing is sent to a server without it`, async (t) => {
      const sink = await startSink(t);
      const outcome = await agentTo(t, sink, { tls }).deliver(job());
      assert.deepEqual([outcome.result, outcome.status], ['retry', '4.7.5']);
      assert.ok(!sink.commands.some((line) => line.includes('MAIL')));
    });
  }

  it('verify: an unknown certificate is refused, require takes it', async (t) => {
    const sink = await startSink(t, { tls: TLS });
    const outcome = await agentTo(t, sink, { tls: 'verify' }).deliver(job());
    assert.deepEqual([outcome.result, outcome.status], ['retry', '4.7.5']);
    assert.equal((await agentTo(t, sink, { tls: 'require' }).deliver(job())).result, 'accepted');
  });

  it('off: it is not used', async (t) => {
    const sink = await startSink(t, { tls: TLS });
    await agentTo(t, sink, { tls: 'off' }).deliver(job());
    assert.equal(sink.messages[0]?.secure, false);
  });
});

describe('signing in to a smart host', () => {
  const smartHostAuth = { user: 'switch', password: 'secret of the tests' };

  it('happens once for each connection', async (t) => {
    const sink = await startSink(t, { extensions: ['AUTH PLAIN'] });
    const deliverer = agent(t, { smartHost: `127.0.0.1:${sink.port}`, smartHostAuth });
    for (let n = 0; n < 2; n += 1) await deliverer.deliver(job());
    assert.equal(sink.count, 2);
    assert.equal(sink.commands.filter((line) => line.includes('AUTH PLAIN')).length, 1);
  });

  it('that is refused is our trouble, not the message’s', async (t) => {
    const sink = await startSink(t, {
      extensions: ['AUTH PLAIN'],
      script: (stage) => (stage === 'AUTH' ? { answer: '535 5.7.8 Wrong' } : undefined),
    });
    const deliverer = agent(t, { smartHost: `127.0.0.1:${sink.port}`, smartHostAuth });
    const outcome = await deliverer.deliver(job());
    assert.deepEqual([outcome.result, outcome.status], ['retry', '4.7.8']);
  });
});
