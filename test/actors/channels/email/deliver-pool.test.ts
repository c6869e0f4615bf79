/** Connections by destination: used again, bounded, isolated; the breaker that pauses one. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { Breaker } from '../../../../actors/channels/email/breaker.js';
import type { SinkAction } from '../../../../actors/channels/email/peer.js';
import { agent, agentTo, job, startSink } from '../../../harness/delivering.js';
import { startDns } from '../../../harness/dns.js';
import { manualClock } from '../../../harness/manual-clock.js';

describe('connections', () => {
  it('that are being opened are given up when the grace of a stop is over', async (t) => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    t.after(() => silent.close());
    const bound = silent.address();
    assert.ok(typeof bound === 'object' && bound !== null);
    const clock = manualClock();
    const deliverer = agent(t, { smartHost: `127.0.0.1:${bound.port}` }, clock);
    const outcome = deliverer.deliver(job());
    const [socket]: Socket[] = await once(silent, 'connection');
    assert.ok(socket);
    const stopped = deliverer.stop();
    const closed = once(socket.resume(), 'close');
    clock.advance(10_000);
    assert.equal((await outcome).result, 'postponed');
    await Promise.all([stopped, closed]);
  });

  it('carry many messages, one after the other', async (t) => {
    const sink = await startSink(t);
    const deliverer = agentTo(t, sink);
    for (let n = 0; n < 50; n += 1) {
      assert.equal((await deliverer.deliver(job())).result, 'accepted');
    }
    assert.equal(sink.count, 50);
    assert.equal(sink.connections, 1);
    assert.ok(!sink.commands.some((line) => line.endsWith('RSET')), 'no RSET after success');
  });

  it('are at most perDestination at once; the rest waits its turn', async (t) => {
    let inside = 0;
    let most = 0;
    const sink = await startSink(t, {
      script: (stage) => {
        if (stage === 'MAIL') inside += 1;
        most = Math.max(most, inside);
        if (stage === 'dot') inside -= 1;
        return undefined;
      },
    });
    const deliverer = agentTo(t, sink, { perDestination: 3 });
    const all = await Promise.all(Array.from({ length: 40 }, () => deliverer.deliver(job())));
    assert.ok(all.every((outcome) => outcome.result === 'accepted'));
    assert.equal(sink.connections, 3);
    assert.ok(most <= 3, `${most} at once`);
  });

  it('are replaced after messagesPerConnection', async (t) => {
    const sink = await startSink(t);
    const deliverer = agentTo(t, sink, { messagesPerConnection: 2 });
    for (let n = 0; n < 5; n += 1) await deliverer.deliver(job());
    assert.equal(sink.connections, 3);
    assert.equal(sink.count, 5);
  });

  it('are reset after a refusal and used again', async (t) => {
    const sink = await startSink(t, {
      script: (stage, line) =>
        stage === 'RCPT' && line.includes('nobody') ? { answer: '550 5.1.1 No' } : undefined,
    });
    for (const extensions of [undefined, []]) {
      const deliverer = agentTo(t, sink);
      Object.assign(sink.options, { extensions });
      assert.equal((await deliverer.deliver(job({ to: 'nobody@a.test' }))).result, 'failed');
      assert.equal((await deliverer.deliver(job({ to: 'somebody@a.test' }))).result, 'accepted');
    }
    assert.equal(sink.connections, 2);
    assert.equal(sink.commands.filter((line) => line.endsWith('RSET')).length, 2);
    assert.ok(sink.messages.every((message) => message.to.length === 1));
  });

  it('that the server closed meanwhile cost no trial', async (t) => {
    const sink = await startSink(t, {
      script: (stage, _, session): SinkAction =>
        stage === 'MAIL' && session === 1 && sink.count === 1
          ? { answer: '421 4.4.2 Idle for too long', afterwards: 'hangUp' }
          : undefined,
    });
    const deliverer = agentTo(t, sink);
    assert.equal((await deliverer.deliver(job())).result, 'accepted');
    assert.equal((await deliverer.deliver(job())).result, 'accepted');
    assert.equal(sink.connections, 2);
  });

  it('that are idle for idleMs are closed', async (t) => {
    const sink = await startSink(t);
    const clock = manualClock();
    const smartHost = `127.0.0.1:${sink.port}`;
    const deliverer = agent(t, { smartHost, deliver: { idleMs: 1000 } }, clock);
    await deliverer.deliver(job());
    assert.equal(sink.openSessions, 1);
    clock.advance(1000);
    await sink.until(() => sink.openSessions === 0);
    assert.ok(sink.commands.includes('1 QUIT'));
  });

  it('of all destinations stay within capacity; idle ones make room', async (t) => {
    const dns = await startDns({ 'A a.test': '127.0.0.1', 'A b.test': '127.0.0.1' });
    t.after(() => dns.close());
    const sink = await startSink(t);
    const deliver = { port: sink.port, capacity: 1 };
    const deliverer = agent(t, { dnsServers: [dns.address], deliver });
    for (const to of ['r@a.test', 'r@b.test', 'r@a.test']) {
      assert.equal((await deliverer.deliver(job({ to }))).result, 'accepted');
      await sink.until(() => sink.openSessions === 1);
    }
    assert.equal(sink.connections, 3);
  });
});

describe('a destination that stalls', () => {
  it('slows no other: the others finish while it hangs', async (t) => {
    const dns = await startDns({ 'A good.test': '127.0.0.1', 'A bad.test': '127.0.0.1' });
    t.after(() => dns.close());
    const sink = await startSink(t, {
      script: (stage, line) =>
        stage === 'RCPT' && line.includes('bad.test') ? 'stall' : undefined,
    });
    const deliver = { port: sink.port, perDestination: 5, capacity: 10 };
    const deliverer = agent(t, { dnsServers: [dns.address], deliver });
    let stalledFinished = 0;
    const stalled = Array.from({ length: 20 }, () =>
      deliverer.deliver(job({ to: 'r@bad.test' })).then(() => {
        stalledFinished += 1;
      }),
    );
    const good = Array.from({ length: 30 }, () => deliverer.deliver(job({ to: 'r@good.test' })));
    const outcomes = await Promise.all(good);
    assert.equal(outcomes.filter((outcome) => outcome.result === 'accepted').length, 30);
    assert.equal(stalledFinished, 0);
    await sink.stop();
    await Promise.all(stalled);
    assert.equal(stalledFinished, 20);
  });
});

describe('the breaker', () => {
  it('pauses a destination after three failures, and one delivery probes it then', async (t) => {
    const clock = manualClock();
    const down = await startSink(t);
    const { port } = down;
    await down.stop();
    const smartHost = `127.0.0.1:${port}`;
    const deliverer = agent(t, { smartHost }, clock);
    const lane = deliverer.lane({ channel: 'email', value: 'r@example.org' });
    for (let n = 0; n < 3; n += 1) {
      assert.equal(deliverer.paused(lane), undefined);
      assert.equal((await deliverer.deliver(job())).result, 'retry');
    }
    const paused = deliverer.paused(lane);
    assert.equal(paused?.until, clock.now() + 5000);
    assert.match(paused?.reason ?? '', /ECONNREFUSED/);
    const outcome = await deliverer.deliver(job());
    assert.equal(outcome.result, 'postponed');
    assert.ok(outcome.result === 'postponed' && outcome.afterMs === 5000);
    clock.advance(5000);
    assert.equal(deliverer.paused(lane), undefined);
    const sink = await startSink(t, { port });
    const both = await Promise.all([deliverer.deliver(job()), deliverer.deliver(job())]);
    assert.deepEqual(both.map(({ result }) => result).sort(), ['accepted', 'postponed']);
    assert.equal(deliverer.paused(lane), undefined);
    assert.equal((await deliverer.deliver(job())).result, 'accepted');
    assert.equal(sink.count, 2);
  });

  it('waits longer each time, to a limit, and forgets at the first success', () => {
    const clock = manualClock();
    const breaker = new Breaker(clock);
    const pauses: number[] = [];
    for (let n = 0; n < 2; n += 1) breaker.failed('lane', 'down');
    for (let n = 0; n < 9; n += 1) {
      assert.equal(breaker.enter('lane'), undefined);
      breaker.failed('lane', 'down');
      const ms = (breaker.paused('lane')?.until ?? 0) - clock.now();
      pauses.push(ms);
      clock.advance(ms);
    }
    const seconds = [5, 10, 20, 40, 80, 160, 300, 300, 300];
    assert.deepEqual(
      pauses,
      seconds.map((s) => s * 1000),
    );
    breaker.succeeded('lane');
    breaker.failed('lane', 'down');
    assert.equal(breaker.paused('lane'), undefined);
  });

  it('lets the next one probe when the probe learned nothing', () => {
    const clock = manualClock();
    const breaker = new Breaker(clock);
    for (let n = 0; n < 3; n += 1) breaker.failed('lane', 'down');
    clock.advance(5000);
    assert.equal(breaker.enter('lane'), undefined);
    assert.match(breaker.enter('lane')?.reason ?? '', /^probing/);
    breaker.leave('lane');
    assert.equal(breaker.enter('lane'), undefined);
  });
});
