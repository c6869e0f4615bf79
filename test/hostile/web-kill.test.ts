/**
 * The switch is killed with -9 while a page's requests are under way, at one moment after the
 * other; the page then repeats what it was not answered. Invariants: one message for one reference,
 * one device for one wish, and who signs in is in, or gets in by the next link.
 */

import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import type { ConsoleCalls } from '../../schemas/console-calls.js';
import { type SwitchProcess, startSwitch } from '../harness/switch-process.js';

/** After so many answers the plug is pulled: before, within and after the steps of the others. */
const ANSWERS = [0, 1, 2, 3];

interface Got {
  readonly status: number;
  readonly cookie: string;
  readonly text: string;
}

/** One request of a page; status 0 where no answer came. */
function post(on: SwitchProcess, cookie: string, path: string, body: string, type: string) {
  const port = Number(on.addresses['http']?.split(':').at(-1));
  const host = `localhost:${port}`;
  const headers = { host, origin: `http://${host}`, 'content-type': type, cookie };
  return new Promise<Got>((resolve) => {
    const nothing = { status: 0, cookie: '', text: '' };
    const to = { host: '127.0.0.1', port, method: 'POST', path, headers, agent: false };
    const sent = request(to, (response) => {
      let text = '';
      response.on('data', (bytes) => {
        text += String(bytes);
      });
      response.on('error', () => resolve(nothing));
      response.on('end', () => {
        const [set = ''] = response.headers['set-cookie'] ?? [];
        resolve({ status: response.statusCode ?? 0, cookie: set.split(';', 1)[0] ?? '', text });
      });
    });
    sent.on('error', () => resolve(nothing));
    sent.end(body);
  });
}

const call = (on: SwitchProcess, cookie: string, name: string, argument: unknown) =>
  post(on, cookie, `/api/${name}`, JSON.stringify(argument), 'application/json');

async function done<Name extends keyof ConsoleCalls>(
  on: SwitchProcess,
  cookie: string,
  name: Name,
  argument: ConsoleCalls[Name]['in'],
): Promise<ConsoleCalls[Name]['out']> {
  const got = await call(on, cookie, name, argument);
  assert.equal(got.status, 200, `${name}: ${got.text}`);
  return JSON.parse(got.text).value;
}

async function signedIn(on: SwitchProcess): Promise<Got> {
  const key = on.signIn?.split('#k=')[1];
  return post(on, '', '/login', JSON.stringify({ key }), 'application/json');
}

const send = (on: SwitchProcess, cookie: string, reference: string) => {
  const fields = { to: 'demo', subject: reference, text: 'Once.', reference };
  const body = new URLSearchParams(fields).toString();
  return post(on, cookie, '/c/web/send', body, 'application/x-www-form-urlencoded');
};

/** Resolves when so many are there. */
async function some(all: readonly Promise<unknown>[], count: number): Promise<void> {
  let there = 0;
  await new Promise<void>((resolve) => {
    if (count === 0) resolve();
    for (const one of all) {
      one.then(() => {
        there += 1;
        if (there === count) resolve();
      });
    }
  });
}

test('a page is killed under its requests, and repeats them', { timeout: 90_000 }, async (t) => {
  let on = await startSwitch(t);
  const { cookie } = await signedIn(on);
  for (const round of ANSWERS) {
    const reference = `r${round}`;
    const device = {
      name: `D${round}`,
      channel: 'email',
      address: `d${round}@x.example`,
      use: true,
    };
    const until = Date.now() + 3_600_000 + round;
    const wishes = [
      () => send(on, cookie, reference),
      () => call(on, cookie, 'device.add', device),
      () => call(on, cookie, 'quiet.set', { until, exceptions: [] }),
    ];
    const first = wishes.map((wish) => wish());
    await some(first, round);
    await on.kill();
    const answered = (await Promise.all(first)).map(({ status }) => status);
    on = await startSwitch(t, { data: on.data });
    const unanswered = wishes.filter((_, i) => answered[i] === 0);
    const again = await Promise.all(unanswered.map((wish) => wish()));
    assert.ok(again.every(({ status }) => status === 200));
    t.diagnostic(`killed after ${round} answers: answered ${answered.join()}, the others again`);
    const { account } = await done(on, cookie, 'me', {});
    const own = account.devices.filter(({ name }) => name === device.name);
    assert.equal(own.length, 1, `${own.length} devices for one wish`);
    const used = account.profiles.flatMap(({ steps }) => steps.flatMap((one) => one.endpoints));
    const endpoint = own[0]?.endpoints[0]?.id;
    assert.equal(used.filter((id) => id === endpoint).length, 1, 'its way stands in the profile');
    assert.equal(account.quiet?.until, until);
    await done(on, cookie, 'quiet.clear', {});
    await done(on, cookie, 'messages.list', { box: 'inbox' });
    const { items } = await done(on, cookie, 'messages.list', { box: 'sent' });
    const sent = items.filter(({ subject }) => subject === reference);
    assert.equal(sent.length, 1, `${sent.length} messages of one reference`);
    const key = sent[0]?.key ?? '';
    await call(on, cookie, 'message.read', { key });
  }
  assert.equal(await on.stop(), 0);
});

test('a sign-in that is killed gets in, by what it got or the next link', async (t) => {
  for (const count of [0, 1]) {
    const first = await startSwitch(t);
    const signing = signedIn(first);
    await some([signing], count);
    await first.kill();
    const got = await signing;
    const second = await startSwitch(t, { data: first.data });
    const old = await post(
      second,
      '',
      '/login',
      JSON.stringify({ key: first.signIn?.split('#k=')[1] }),
      'application/json',
    );
    const cookie = got.cookie || old.cookie || (await signedIn(second)).cookie;
    if (got.status === 200) assert.equal(old.status, 401, 'the link worked twice');
    assert.equal((await done(second, cookie, 'me', {})).account.name, 'demo');
    await second.kill();
  }
});
