/** Delivery to open pages: shown on each, confirmed by the first, ambiguous by none. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { job, KEY, surroundings, UMF } from './surroundings.js';

const TO_ANNA = { channel: 'web', value: 'anna' };

describe('an open page', () => {
  it('is shown the message, after bytesSent, and confirms it', async (t) => {
    const { door, anna, deliverer } = await surroundings(t);
    const page = door.open(anna);
    const copies: string[] = [];
    const delivering = deliverer.deliver(
      job({
        to: 'anna',
        bytesSent({ body }) {
          assert.deepEqual(page.got, []);
          if (body !== undefined && 'bytes' in body) copies.push(String(body.bytes));
          return Promise.resolve(true);
        },
      }),
    );
    const frame = await page.frame('deliver');
    assert.deepEqual(frame, {
      kind: 'deliver',
      key: KEY,
      delivery: 2,
      attempt: '2.1.nonce',
      possibleDuplicate: false,
      from: 'You',
      subject: 'Hello',
      text: 'Anybody there?',
    });
    assert.deepEqual(copies, [JSON.stringify(frame)]);
    page.say({ kind: 'took', attempt: 'another' });
    page.say({ kind: 'took', attempt: '2.1.nonce', key: 'msg/another.0' });
    page.say('nonsense');
    page.say({ kind: 'took', attempt: '2.1.nonce' });
    const outcome = await delivering;
    assert.equal(`${outcome.result} ${outcome.status}`, 'confirmed 2.0.0');
    assert.equal(outcome.result === 'confirmed' && outcome.level, 'delivered');
  });

  it('gets the beginning of a long text, from HTML without markup', async (t) => {
    const { door, anna, deliverer } = await surroundings(t);
    const page = door.open(anna);
    const html = `<p>Hi <b>you</b></p><script>x</script>${'<p>word</p>'.repeat(5000)}`;
    const umf = { ...UMF, body: { mediaType: 'text/html', text: html } };
    void deliverer.deliver(job({ to: 'anna', umf }));
    const { text } = await page.frame('deliver');
    assert.match(String(text), /^Hi you/);
    assert.doesNotMatch(String(text), /<|x<|script/);
    assert.ok(String(text).length <= 2000);
    page.close();
  });

  it('among several: all show it once, the first that answers confirms', async (t) => {
    const { door, anna, ben, deliverer } = await surroundings(t);
    const [one, two, foreign] = [door.open(anna), door.open(anna), door.open(ben)];
    const delivering = deliverer.deliver(job({ to: 'anna' }));
    await two.frame('deliver');
    foreign.say({ kind: 'took', attempt: '2.1.nonce' });
    one.close();
    two.say({ kind: 'took', attempt: '2.1.nonce' });
    assert.equal((await delivering).result, 'confirmed');
    assert.equal(one.got.length, 1);
    assert.equal(two.got.length, 1);
    assert.deepEqual(foreign.got, []);
  });

  it('that closes or is silent leaves the attempt ambiguous', async (t) => {
    const { door, anna, deliverer, clock } = await surroundings(t);
    const page = door.open(anna);
    const closed = deliverer.deliver(job({ to: 'anna' }));
    await page.frame('deliver');
    page.close();
    const afterClose = await closed;
    assert.deepEqual([afterClose.result, afterClose.ambiguous], ['retry', true]);
    const silent = door.open(anna);
    const waiting = deliverer.deliver(job({ to: 'anna' }));
    await silent.frame('deliver');
    clock.advance(10_000);
    const afterSilence = await waiting;
    assert.deepEqual([afterSilence.result, afterSilence.ambiguous], ['retry', true]);
    assert.match(afterSilence.reason, /no page answered within 10000 ms/);
  });

  it('is not waited for when the switch stops', async (t) => {
    const { door, anna, deliverer } = await surroundings(t);
    const page = door.open(anna);
    const delivering = deliverer.deliver(job({ to: 'anna' }));
    await page.frame('deliver');
    await deliverer.stop();
    const outcome = await delivering;
    assert.deepEqual([outcome.result, outcome.ambiguous], ['retry', true]);
  });

  it('of an account that had the name before gets nothing', async (t) => {
    const { door, anna, deliverer } = await surroundings(t);
    const former = door.open({ ...anna, id: 'gone' });
    const outcome = await deliverer.deliver(job({ to: 'anna' }));
    assert.deepEqual([outcome.result, outcome.ambiguous], ['retry', undefined]);
    assert.deepEqual(former.got, []);
  });

  it('is sent nothing when bytesSent says no', async (t) => {
    const { door, anna, deliverer } = await surroundings(t);
    const page = door.open(anna);
    const bytesSent = () => Promise.resolve(false);
    const outcome = await deliverer.deliver(job({ to: 'anna', bytesSent }));
    assert.equal(outcome.result, 'postponed');
    assert.deepEqual(page.got, []);
  });

  it('makes its person present: without one the address is absent', async (t) => {
    const { door, anna, deliverer } = await surroundings(t);
    assert.equal(deliverer.absent?.(TO_ANNA, 'anna'), 'no page of anna is open');
    const page = door.open(anna);
    const second = door.open(anna);
    assert.equal(deliverer.absent?.(TO_ANNA, 'anna'), undefined);
    page.close();
    assert.equal(deliverer.absent?.(TO_ANNA, 'anna'), undefined);
    second.close();
    assert.equal(deliverer.absent?.(TO_ANNA, 'anna'), 'no page of anna is open');
    const outcome = await deliverer.deliver(job({ to: 'anna' }));
    assert.equal(`${outcome.result} ${outcome.status}`, 'retry 4.2.1');
    assert.equal(outcome.ambiguous, undefined);
  });
});
