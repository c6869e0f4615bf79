/**
 * Web push on the wire: an endpoint of ours takes the request, decrypts it as a browser does
 * (RFC 8291) and checks who signed it (RFC 8292). No push service of a browser's maker is asked.
 */

import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { PUSH_SERVICES } from '../../../../actors/channels/web/config.js';
import { systemClock } from '../../../../runtime/clock.js';
import { type Pushed, startPushService } from '../../../harness/push-service.js';
import { answerIn, job, KEY, type Surroundings, surroundings } from './surroundings.js';

function pushes(t: TestContext, service: string, push: object = {}): Promise<Surroundings> {
  const clock = { ...systemClock(), advance() {} };
  return surroundings(t, { config: { push: { services: [service], ...push } }, clock });
}

function addressOf({ channel }: Surroundings, subscription: object): string {
  const parsed = channel.address(JSON.stringify(subscription));
  return parsed.ok ? parsed.address.value : assert.fail(parsed.message);
}

describe('web push', { timeout: 30_000 }, () => {
  it('sends who and what about, encrypted for the browser and signed by the switch', async (t) => {
    const service = await startPushService(t);
    const here = await pushes(t, service.origin);
    const expiresAt = here.clock.now() + 90_500;
    let before = -1;
    const outcome = await here.deliverer.deliver(
      job({
        to: addressOf(here, service.subscription),
        expiresAt,
        message: { header: { priority: 'urgent', size: 1 } },
        bytesSent: () => {
          before = service.pushed.length;
          return Promise.resolve(true);
        },
      }),
    );
    assert.equal(`${outcome.result} ${outcome.status}`, 'accepted 2.0.0', outcome.reason);
    assert.equal(before, 0);
    const [pushed] = service.pushed;
    assert.ok(pushed);
    assert.equal(pushed.url, '/push/abc');
    assert.equal(pushed.headers['content-encoding'], 'aes128gcm');
    assert.equal(pushed.headers['urgency'], 'high');
    assert.match(String(pushed.headers['ttl']), /^(?:89|90)$/);
    const payload = service.decrypted(pushed) as Record<string, string>;
    const { token, ...shown } = payload;
    assert.deepEqual(shown, {
      from: 'You',
      subject: 'Hello',
      key: KEY,
      open: '/m/0123456789abcdef.0',
      received: '/c/web/received',
    });
    assert.doesNotMatch(JSON.stringify(payload), /Anybody there/);
    await signedBy(here, pushed, service.origin);

    const wrong = await here.door.post('received', JSON.stringify({ token: `${token}0` }));
    assert.equal(wrong.status, 404);
    const told = await here.door.post('received', JSON.stringify({ token }));
    assert.equal(told.status, 200);
    const [fact] = here.memory.facts;
    assert.equal(fact?.messageKey, KEY);
    assert.equal(fact?.delivery, 2);
    assert.equal(fact?.outcome.result, 'confirmed');
    here.memory.observeWith = () => Promise.reject(new Error('gone'));
    const again = await here.door.post('received', JSON.stringify({ token }));
    assert.equal(again.status, 503);
  });

  const answers: readonly (readonly [number, Record<string, string>, string, number?])[] = [
    [404, {}, 'failed 5.1.6'],
    [410, {}, 'failed 5.1.6'],
    [413, {}, 'failed 5.3.4'],
    [403, {}, 'failed 5.7.0'],
    [301, { location: 'http://127.0.0.1:1/' }, 'failed 5.7.0'],
    [500, {}, 'retry 4.3.0'],
    [429, { 'retry-after': '7' }, 'retry 4.3.2', 7000],
    [429, {}, 'retry 4.3.2', 60_000],
    [503, { 'retry-after': 'Fri, 31 Dec 2100 23:59:59 GMT' }, 'retry 4.3.2', 6 * 3_600_000],
  ];
  for (const [status, headers, expected, afterMs] of answers) {
    it(`answered ${status} ${JSON.stringify(headers)} is ${expected}`, async (t) => {
      const service = await startPushService(t, (response) =>
        response.writeHead(status, headers).end(),
      );
      const here = await pushes(t, service.origin);
      const to = addressOf(here, service.subscription);
      const outcome = await here.deliverer.deliver(job({ to }));
      assert.equal(`${outcome.result} ${outcome.status}`, expected);
      assert.equal(outcome.ambiguous, undefined);
      assert.equal(outcome.result === 'retry' ? outcome.afterMs : undefined, afterMs);
      const lane = here.deliverer.lane({ channel: 'web', value: to });
      assert.equal(lane, new URL(service.origin).host);
      assert.equal(here.deliverer.paused(lane) !== undefined, afterMs !== undefined);
    });
  }

  it('unanswered is ambiguous; unreachable is not', async (t) => {
    const service = await startPushService(t, () => {});
    const here = await pushes(t, service.origin, { answerMs: 50 });
    const to = addressOf(here, service.subscription);
    const silent = await here.deliverer.deliver(job({ to }));
    assert.deepEqual([silent.result, silent.status, silent.ambiguous], ['retry', '4.4.2', true]);
    const hangsUp = await startPushService(t, (response) => response.destroy());
    const there = await pushes(t, hangsUp.origin);
    const cut = await there.deliverer.deliver(job({ to: addressOf(there, hangsUp.subscription) }));
    assert.equal(cut.ambiguous, true);
    const gone = await pushes(t, 'http://127.0.0.1:1');
    const nowhere = { ...service.subscription, endpoint: 'http://127.0.0.1:1/x' };
    const asked: boolean[] = [];
    const bytesSent = () => Promise.resolve(asked.push(true) > 0);
    const refused = await gone.deliverer.deliver(job({ to: addressOf(gone, nowhere), bytesSent }));
    assert.deepEqual([refused.result, refused.ambiguous], ['retry', undefined]);
    assert.deepEqual(asked, []);
  });

  it('sends no byte of the body when bytesSent says no', async (t) => {
    const service = await startPushService(t);
    const here = await pushes(t, service.origin);
    const to = addressOf(here, service.subscription);
    const bytesSent = () => Promise.resolve(false);
    const outcome = await here.deliverer.deliver(job({ to, bytesSent }));
    assert.equal(outcome.result, 'postponed');
    assert.deepEqual(service.pushed, []);
  });

  it('whose bytesSent cannot be stored leaves no line behind', async (t) => {
    const connected: Socket[] = [];
    const server = createServer((socket) => void connected.push(socket.resume())).listen(0);
    t.after(() => server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const service = await startPushService(t);
    const origin = `http://127.0.0.1:${port}`;
    const here = await pushes(t, origin);
    const endpoint = `${origin}/x`;
    const to = addressOf(here, { ...service.subscription, endpoint });
    const bytesSent = () => Promise.reject(new Error('the store is gone'));
    await assert.rejects(here.deliverer.deliver(job({ to, bytesSent })), /the store is gone/);
    const [socket] = connected;
    assert.ok(socket);
    if (!socket.readableEnded) await once(socket, 'end');
    socket.destroy();
  });

  it('stopped before bytesSent is stored sends nothing afterwards', async (t) => {
    const service = await startPushService(t);
    const here = await pushes(t, service.origin);
    const to = addressOf(here, service.subscription);
    let stored: (may: boolean) => void = () => {};
    const bytesSent = () => {
      void here.deliverer.stop();
      return new Promise<boolean>((resolve) => {
        stored = resolve;
      });
    };
    const outcome = await here.deliverer.deliver(job({ to, bytesSent }));
    assert.deepEqual([outcome.result, outcome.ambiguous], ['retry', undefined]);
    stored(true);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(service.pushed, []);
  });

  it('goes to known services only, when the device is added and when it is used', async (t) => {
    const service = await startPushService(t);
    const here = await surroundings(t, { config: { push: { services: PUSH_SERVICES } } });
    const { keys } = service.subscription;
    const at = (endpoint: string) => here.channel.address(JSON.stringify({ endpoint, keys }));
    const good = at('https://fcm.googleapis.com/fcm/send/a:b');
    assert.ok(good.ok);
    assert.equal(
      good.address.value,
      `https://fcm.googleapis.com/fcm/send/a:b#${keys.p256dh}.${keys.auth}`,
    );
    assert.deepEqual(here.channel.address(good.address.value), good);
    assert.ok(at('https://updates.push.services.mozilla.com/wpush/v2/x').ok);
    const bad = [
      service.subscription.endpoint,
      'http://fcm.googleapis.com/x',
      'https://fcm.googleapis.com:8443/x',
      'https://user@fcm.googleapis.com/x',
      'https://evilfcm.googleapis.com.example/x',
      'https://xfcm.googleapis.com/x',
      'https://169.254.169.254/latest',
      'file:///etc/passwd',
      'https://fcm.googleapis.com/x#y',
    ];
    for (const endpoint of bad) assert.equal(at(endpoint).ok, false, endpoint);
    const short = { endpoint: 'https://fcm.googleapis.com/x', keys: { ...keys, auth: 'abc' } };
    assert.equal(here.channel.address(JSON.stringify(short)).ok, false);
    const to = `${service.subscription.endpoint}#${keys.p256dh}.${keys.auth}`;
    const outcome = await here.deliverer.deliver(job({ to }));
    assert.equal(`${outcome.result} ${outcome.status}`, 'failed 5.7.1');
    assert.deepEqual(service.pushed, []);
    assert.equal(here.deliverer.absent?.({ channel: 'web', value: to }, 'anna'), undefined);
  });

  it('stops with what is under way', async (t) => {
    const service = await startPushService(t, () => void here.deliverer.stop());
    const here = await pushes(t, service.origin);
    const to = addressOf(here, service.subscription);
    const outcome = await here.deliverer.deliver(job({ to }));
    assert.match(outcome.reason, /the switch stopped/);
    assert.equal(outcome.ambiguous, true);
  });
});

/** RFC 8292: a token for this service, signed by the key that browsers are given. */
async function signedBy({ door }: Surroundings, { headers }: Pushed, audience: string) {
  const given = answerIn(await door.get('push-key')) as { value: { key: string } };
  const match = /^vapid t=([^,]+), k=(.+)$/.exec(headers.authorization ?? '');
  const [, token = '', key = ''] = match ?? [];
  assert.equal(key, given.value.key);
  const [head = '', claims = '', signature = ''] = token.split('.');
  const { aud, sub } = JSON.parse(String(Buffer.from(claims, 'base64url'))) as {
    aud: string;
    sub: string;
  };
  assert.equal(aud, audience);
  assert.equal(sub, 'mailto:postmaster@patchboard.localhost');
  const point = Buffer.from(key, 'base64url');
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((n) => n.toString('base64url'));
  const jwk = { kty: 'EC', crv: 'P-256', x: x ?? '', y: y ?? '' };
  const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
  const how = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
  const signed = Buffer.from(`${head}.${claims}`);
  assert.ok(verify('sha256', signed, how, Buffer.from(signature, 'base64url')));
}
