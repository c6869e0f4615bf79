/** What strangers may not bring to a page, and what a sender may not learn from it. */

import assert from 'node:assert/strict';
import { createECDH } from 'node:crypto';
import { describe, it } from 'node:test';
import { parseAddress } from '../../actors/channels/web/address.js';
import { readShown, writeShown } from '../../actors/conversion/shown.js';
import { partsOf } from '../../runtime/console/documents/body-parts.js';
import { harmlessName } from '../../runtime/console/harmless.js';
import type { Umf } from '../../schemas/umf.js';
import { surroundings } from '../actors/channels/web/surroundings.js';
import { aConsole, type Person, type TestConsole } from '../runtime/console/a-console.js';

const HOUR_MS = 3_600_000;
/** Names of bob's devices, their addresses, and that he is not to be disturbed. */
const BOBS = /bob-phone|bob's phone|held|disturb|quiet|endpoint|inbox/i;

/** Everything that a person's page can ask about one message. */
async function allOf(on: TestConsole, by: Person, key: string): Promise<string> {
  const listed = await on.ask(by, 'messages.list', { box: 'sent' });
  const conversation = listed.items.find((one) => one.key === key)?.conversation ?? '';
  const { held: _, ...sent } = listed;
  return JSON.stringify([
    sent,
    await on.ask(by, 'message.open', { key }),
    await on.ask(by, 'message.history', { id: key.slice('msg/'.length) }),
    await on.ask(by, 'messages.conversation', { conversation }),
  ]);
}

describe('a sender learns nothing of the devices and times of who was written to', () => {
  for (const [what, before] of Object.entries({
    delivered: async () => {},
    held: async (on: TestConsole, bob: Person) => {
      const until = on.clock.now() + HOUR_MS;
      await on.ask(bob, 'quiet.set', { until, exceptions: [] });
    },
    'with an account that is gone': async (on: TestConsole, bob: Person) => {
      await on.running.accounts.remove(bob.account.id);
    },
  })) {
    it(what, async (t) => {
      const on = await aConsole(t);
      const [ann, bob] = [await on.person('ann'), await on.person('bob')];
      await before(on, bob);
      const page = on.page(ann);
      page.say({ topic: 'since' });
      const key = await on.send({ from: ann, to: bob });
      await on.later(HOUR_MS / 2);
      assert.ok(page.taken('message').length > 0);
      assert.doesNotMatch(JSON.stringify(page.frames), BOBS);
      assert.doesNotMatch(await allOf(on, ann, key), BOBS);
      await on.refused(ann, 'message.asTest', { key }, 'NOT_ALLOWED');
    });
  }

  it('nor to whom an operator sent it instead', async (t) => {
    const on = await aConsole(t);
    const [ann, bob] = [await on.person('ann'), await on.person('bob')];
    const [cid, olga] = [await on.person('cid'), await on.person('olga', ['operator'])];
    await on.running.accounts.remove(bob.account.id);
    const key = await on.send({ from: ann, to: bob });
    await on.ask(olga, 'message.redirect', { key, to: 'cid' });
    await on.settle();
    assert.match(await allOf(on, ann, key), /bob/);
    assert.doesNotMatch(await allOf(on, ann, key), /cid/);
    assert.equal((await on.ask(cid, 'messages.list', { box: 'inbox' })).items.length, 1);
  });
});

describe('what is shown at once, on pages and in notifications,', () => {
  it('is one line, and turns nothing beside it around', async () => {
    const umf: Umf = {
      uid: 'u',
      from: { channel: 'x', address: 'y', name: 'Ann\u202egnp.exe\u2066\r\n\u2028Bank' },
      to: [],
      subject: 'Pay \u202enow\u202c\r\n\tNow\u2029',
      body: { mediaType: 'text/plain', text: 'See \u202efdp.exe\nand 👩‍🚀' },
      priority: 'normal',
      securityLevel: 'normal',
    };
    const sender = { verification: { verified: false, how: '' } };
    assert.deepEqual(await readShown(await writeShown(umf), sender), {
      from: 'Anngnp.exe Bank',
      subject: 'Pay now Now',
      text: 'See fdp.exe\nand 👩‍🚀',
    });
  });

  it('names nobody by a sign that only looks like an at', () => {
    for (const name of ['boss@bank.example', 'boss＠bank.example', 'boss﹫bank.example']) {
      assert.equal(harmlessName(name, 'you@example.org'), undefined);
    }
    assert.equal(harmlessName('You@example.org', 'you@example.org'), 'You@example.org');
  });
});

describe('a huge text with pictures', () => {
  it('is shown as text, so its pictures are parts to save, and nobody looks for each', () => {
    const text = `<p>${'cid:p0 '.repeat(100_000)}</p>`;
    const pictures = Array.from({ length: 900 }, (_, i) => ({
      mediaType: 'image/png',
      contentId: `p${i}`,
      bytes: new Uint8Array(1),
    }));
    const html = { mediaType: 'text/html', text };
    const listed = partsOf({ mediaType: 'multipart/related', parts: [html, ...pictures] });
    assert.equal(listed.length, 900);
    const small = { ...html, text: '<img src="cid:p0">' };
    const few = partsOf({
      mediaType: 'multipart/related',
      parts: [small, ...pictures.slice(0, 2)],
    });
    assert.deepEqual(
      few.map(({ index }) => index),
      [2],
    );
  });
});

describe('somebody at the door of the browser', () => {
  it('adds no subscription that nothing can be encrypted for', () => {
    const pair = createECDH('prime256v1');
    const auth = Buffer.alloc(16, 1).toString('base64url');
    const read = (key: Buffer) => {
      const text = `https://fcm.googleapis.com/x#${key.toString('base64url')}.${auth}`;
      return parseAddress('web', text, ['fcm.googleapis.com']).ok;
    };
    const right = pair.generateKeys();
    assert.equal(read(right), true);
    const wrong = Buffer.from(right);
    wrong[64] = (wrong[64] ?? 0) ^ 1;
    assert.equal(read(wrong), false);
    assert.equal(read(Buffer.concat([Buffer.from([4]), Buffer.alloc(64)])), false);
  });

  it('who is nobody finds no names by trying one after the other', async (t) => {
    const config = { form: 'everybody', limits: { formPerPeerPerMinute: 3 } };
    const { door, anna } = await surroundings(t, { config });
    const tried: number[] = [];
    for (const to of ['anna', 'a', 'b', 'c', 'd', 'anna']) {
      tried.push((await door.request({ path: 'form', query: { to } })).status);
    }
    assert.deepEqual(tried, [200, 404, 404, 404, 429, 200]);
    const own = await door.request({ path: 'form', query: { to: 'd' }, account: anna });
    assert.equal(own.status, 404);
  });
});
