/** Signing in at a switch as a person meets it: the printed link, the commands, a restart. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WebSocket } from 'ws';
import type { Me } from '../../../schemas/console.js';
import { type SwitchProcess, startSwitch } from '../../harness/switch-process.js';
import { askAt, closed, type Got, nextFrame, openLine } from './a-gateway.js';

/** A browser at this switch: it keeps its cookie. */
function aBrowser({ addresses }: SwitchProcess, cookie = '') {
  const port = Number(addresses['http']?.split(':').at(-1));
  const host = `localhost:${port}`;
  const origin = `http://${host}`;
  let kept = cookie;
  const post = async (path: string, argument: unknown): Promise<Got> => {
    const headers = { origin, 'content-type': 'application/json', cookie: kept };
    const asking = { method: 'POST', path, headers, body: JSON.stringify(argument) };
    const got = await askAt(port, host, asking);
    kept = got.headers['set-cookie']?.[0]?.split(';', 1)[0] ?? kept;
    return got;
  };
  const line = async (): Promise<WebSocket> => {
    const opened = await openLine(port, { host, origin, cookie: kept });
    assert.ok(opened instanceof WebSocket);
    return opened;
  };
  return { post, line, cookie: () => kept };
}

function keyOf(link: string | undefined): string {
  return /^http:\/\/localhost:\d+\/#k=([\w-]+)$/.exec(link ?? '')?.[1] ?? `no link: ${link}`;
}

async function me(browser: ReturnType<typeof aBrowser>): Promise<Me> {
  const got = await browser.post('/api/me', {});
  assert.equal(got.status, 200, got.text);
  return JSON.parse(got.text).value;
}

describe('the demo account of a new switch', () => {
  it('signs in by the printed link, once, and has a browser and a practice phone', async (t) => {
    const running = await startSwitch(t);
    const browser = aBrowser(running);
    const key = keyOf(running.signIn);
    assert.equal((await browser.post('/login', { key })).status, 200);
    assert.equal((await aBrowser(running).post('/login', { key })).status, 401);
    const { account, channels, may, demo } = await me(browser);
    assert.equal(account.name, 'demo');
    assert.equal(may.operate, true);
    assert.match(demo?.invitation ?? '', /^curl smtp:\/\/127\.0\.0\.1:\d+ /);
    assert.deepEqual([demo?.kill, demo?.start], [`kill -9 ${running.child.pid}`, 'npm start']);
    const practice = channels.find(({ page }) => page === 'practice')?.name;
    const phone = account.devices.find(({ name }) => name === 'Practice phone');
    assert.deepEqual(
      phone?.endpoints.map(({ address }) => address),
      [{ channel: practice, value: 'demo-phone' }],
    );
    const browserDevice = account.devices.find(({ name }) => name === 'Browser');
    const profile = account.profiles.find(({ id }) => id === account.defaultProfile);
    const together = [browserDevice, phone].map((device) => device?.endpoints[0]?.id);
    assert.deepEqual(profile?.steps, [{ endpoints: together }]);
    assert.equal(profile?.lastResort, 'inbox');
    assert.equal(await running.stop(), 0);
  });

  it('stays signed in over a crash, and the next start prints a new link', async (t) => {
    const first = await startSwitch(t);
    const browser = aBrowser(first);
    await browser.post('/login', { key: keyOf(first.signIn) });
    await first.kill();
    const second = await startSwitch(t, { data: first.data });
    const again = aBrowser(second, browser.cookie());
    assert.equal((await me(again)).account.name, 'demo');
    assert.equal(second.demo, undefined, 'its password is told once');
    assert.notEqual(second.signIn, first.signIn);
    const other = aBrowser(second);
    assert.equal((await other.post('/login', { key: keyOf(second.signIn) })).status, 200);
    assert.equal(await second.stop(), 0);
  });
});

describe('patchboard account link', () => {
  it('prints a link for any account; its pages close when it changes or goes', async (t) => {
    const running = await startSwitch(t, { yaml: 'domain: example.org\n' });
    assert.equal(running.signIn, undefined, 'a journal holds no keys');
    await running.operate('account.create', { name: 'ada', password: 'first password' });
    const made = await running.command('account', 'link', 'ada');
    assert.equal(made.code, 0, made.stderr);
    const browser = aBrowser(running);
    await browser.post('/login', { key: keyOf(made.stdout.trim()) });
    assert.equal((await me(browser)).demo, undefined);
    const line = await browser.line();
    const ended = closed(line);
    await running.operate('account.password', { account: 'ada', password: 'second password' });
    assert.equal((await browser.post('/api/me', {})).status, 401);
    await ended;
    const answer = await browser.post('/login', { name: 'ada', password: 'second password' });
    assert.equal(answer.status, 200);
    const second = await browser.line();
    const gone = closed(second);
    await running.operate('account.remove', { account: 'ada' });
    assert.equal((await browser.post('/api/me', {})).status, 401);
    await gone;
    const unknown = await running.command('account', 'link', 'ada');
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /There is no account "ada"/);
    assert.equal(await running.stop(), 0);
    const stopped = await running.command('account', 'link', 'operator');
    assert.equal(stopped.code, 69);
    assert.match(stopped.stderr, /The switch is not running: a link leads to its page/);
  });

  it('is not needed for a change of one’s own password: the page stays open', async (t) => {
    const running = await startSwitch(t);
    const mine = aBrowser(running);
    await mine.post('/login', { key: keyOf(running.signIn) });
    const made = await running.command('account', 'link', 'demo', '--json');
    const other = aBrowser(running);
    await other.post('/login', { key: keyOf(JSON.parse(made.stdout).url) });
    const line = await mine.line();
    const hello = await nextFrame(line);
    assert.equal((hello as { topic?: unknown }).topic, 'hello');
    const otherLine = await other.line();
    const ended = closed(otherLine);
    const changed = await mine.post('/api/password.set', { password: 'a new password' });
    assert.equal(changed.status, 200, changed.text);
    await ended;
    assert.equal((await other.post('/api/me', {})).status, 401);
    assert.equal((await me(mine)).account.name, 'demo');
    assert.equal(line.readyState, WebSocket.OPEN);
    assert.equal(await running.stop(), 0);
  });
});
