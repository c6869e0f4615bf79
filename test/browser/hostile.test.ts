/**
 * Hostile mail and hostile pages, in a real browser: nothing runs, nothing is fetched, nobody else
 * acts for who is signed in. A trap notes every request that reaches it; at the end it is shown
 * that it would have: a remote picture that is asked for does arrive there, and only then.
 */

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { MailSource } from '../../actors/channels/email/peer.js';
import { atEnd } from '../harness/at-end.js';
import { type OpenPage, startBrowser, type TestBrowser } from '../harness/browser.js';
import { type SwitchProcess, startSwitch } from '../harness/switch-process.js';
import { hostileMails } from './hostile-mails.js';

const TIMEOUT = { timeout: 180_000 };

interface Trap {
  readonly url: string;
  /** Paths that somebody asked for. */
  readonly asked: string[];
  /** What the next document there is. */
  page: string;
}

async function startTrap(t: Pick<TestContext, 'after'>): Promise<Trap> {
  const trap = { url: '', asked: [] as string[], page: '<p>a trap</p>' };
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    if (path !== '/favicon.ico') trap.asked.push(path);
    response.writeHead(200, { 'Content-Type': 'text/html', 'Access-Control-Allow-Origin': '*' });
    response.end(path === '/page' ? trap.page : '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  trap.url = `http://127.0.0.1:${port}`;
  return trap;
}

interface Scene {
  readonly running: SwitchProcess;
  readonly browser: TestBrowser;
  readonly opened: OpenPage;
  readonly trap: Trap;
  readonly origin: string;
}

/** Undefined: there is no browser, and the test has said so. */
async function aScene(t: TestContext): Promise<Scene | undefined> {
  const browser = await startBrowser(t);
  if (browser === undefined) return undefined;
  const trap = await startTrap(t);
  const running = await startSwitch(t);
  assert.ok(running.signIn, 'the demo has a link');
  const opened = await browser.open(running.signIn, { width: 1280 });
  await opened.page.getByRole('heading').first().waitFor();
  return { running, browser, opened, trap, origin: new URL(running.signIn).origin };
}

async function mail({ running }: Scene, subject: string, mime: string): Promise<void> {
  const port = Number(running.addresses['email']?.split(':').at(-1));
  const source = await MailSource.connect({ port });
  const head = `From: a <a@evil.example>\r\nMessage-ID: <${encodeURIComponent(subject)}@evil>\r\n`;
  const own = /^Subject:/m.test(mime.split('\r\n\r\n')[0] ?? '') ? '' : `Subject: ${subject}\r\n`;
  const { answer } = await source.send({
    from: 'a@evil.example',
    to: [running.demo?.address ?? ''],
    bytes: Buffer.from(`${head}${own}${mime}`),
  });
  assert.match(answer, /^250/);
  await source.quit();
}

/** Keys of what the subscriber has, the newest first, as the page itself would list them. */
async function keysOf({ opened }: Scene): Promise<readonly string[]> {
  return opened.page.evaluate<readonly string[]>(`fetch('/api/messages.list', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ box: 'inbox' }),
  }).then((answer) => answer.json()).then(({ value }) => value.items.map(({ key }) => key))`);
}

async function assertNothingRan({ trap, origin }: Scene, opened: OpenPage, name: string) {
  const { page } = opened;
  assert.equal(await page.evaluate('window.pwned'), undefined, `${name} ran`);
  assert.doesNotMatch(await page.title(), /pwned/, name);
  assert.deepEqual(trap.asked, [], `${name} was fetched`);
  const strange = opened.asked.filter(({ url }) => !/^(data|blob|about):/.test(url));
  assert.deepEqual(
    strange.filter(({ url }) => new URL(url).host !== new URL(origin).host),
    [],
    name,
  );
}

test(
  'hostile mail: nothing runs, nothing is fetched, nothing is passed off',
  TIMEOUT,
  async (t) => {
    const scene = await aScene(t);
    if (scene === undefined) return;
    const { opened, trap, origin, browser } = scene;
    const { page } = opened;
    for (const { name, mime } of hostileMails(trap.url)) {
      await mail(scene, name, mime);
      const [key = ''] = await keysOf(scene);
      await page.goto(`${origin}/messages/${encodeURIComponent(key)}`);
      await page.locator('.letter-html, .letter-text').first().waitFor();
      for (const link of await page.frameLocator('.letter-html').locator('a').all()) {
        assert.doesNotMatch((await link.getAttribute('href')) ?? '', /script:|data:/i, name);
      }
      await assertNothingRan(scene, opened, name);
      const alone = await browser.open(`${origin}/api/body?key=${encodeURIComponent(key)}`, {
        width: 1280,
        beside: opened,
      });
      await assertNothingRan(scene, alone, `${name}, opened by itself`);
      await alone.close();
    }
    await opened.shot('hostile-name');
    assert.doesNotMatch(await page.locator('body').innerText(), /\u202E/);
  },
);

test('a remote picture comes when it is asked for, and nothing else does', TIMEOUT, async (t) => {
  const scene = await aScene(t);
  if (scene === undefined) return;
  const { opened, trap, origin } = scene;
  const body = `<p>Look:</p><img src="${trap.url}/picture.png"><script src="${trap.url}/x.js">`;
  await mail(scene, 'A picture', `MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n${body}`);
  const [key = ''] = await keysOf(scene);
  await opened.page.goto(`${origin}/messages/${encodeURIComponent(key)}`);
  await opened.page.getByRole('button', { name: 'Show remote pictures' }).click();
  const yes = opened.page.getByRole('button', { name: 'Show them' });
  await yes.waitFor();
  assert.deepEqual(trap.asked, []);
  const comes = opened.page.waitForRequest(`${trap.url}/picture.png`);
  await yes.click();
  await comes;
  await opened.page.waitForLoadState('networkidle');
  assert.deepEqual([...new Set(trap.asked)], ['/picture.png']);
});

const ATTACK = `<script>
const tried = [];
const post = (path, type, body) => fetch('ORIGIN' + path, {
  method: 'POST', credentials: 'include', mode: 'no-cors', headers: { 'Content-Type': type }, body,
}).catch(() => undefined);
tried.push(post('/api/quiet.set', 'text/plain', '{"until":9999999999999,"exceptions":[]}'));
tried.push(post('/c/CHANNEL/send', 'application/x-www-form-urlencoded',
  'to=demo&subject=forged&text=x'));
tried.push(fetch('ORIGIN/api/me', { method: 'POST', credentials: 'include', body: '{}',
  headers: { 'Content-Type': 'application/json' } }).then((a) => a.text(), () => 'refused'));
tried.push(new Promise((resolve) => {
  const socket = new WebSocket('ORIGIN'.replace('http', 'ws') + '/live');
  socket.onmessage = () => resolve('heard');
  socket.onclose = () => resolve('closed');
}));
Promise.all(tried).then((all) => { window.outcome = JSON.stringify(all.slice(2)); });
</script>
<form id="f" method="post" action="ORIGIN/c/CHANNEL/send"><input name="to" value="demo">
<input name="subject" value="forged"><input name="text" value="x"></form>`;

test('a page of another origin cannot act or listen for who is signed in', TIMEOUT, async (t) => {
  const scene = await aScene(t);
  if (scene === undefined) return;
  const { opened, trap, origin, browser } = scene;
  const channel = await opened.page.evaluate<string>(`fetch('/api/me', { method: 'POST',
    headers: { 'Content-Type': 'application/json' }, body: '{}' })
    .then((answer) => answer.json())
    .then(({ value }) => value.channels.find(({ page }) => page === 'messenger').name)`);
  trap.page = ATTACK.replaceAll('ORIGIN', origin).replaceAll('CHANNEL', channel);
  // The same site to a browser: only the port differs, so that cookies alone do not protect.
  const site = trap.url.replace('127.0.0.1', new URL(origin).hostname);
  const hostile = await browser.open(`${site}/page`, { width: 1280, beside: opened });
  await hostile.page.waitForFunction('window.outcome !== undefined');
  const outcome = await hostile.page.evaluate<string>('window.outcome');
  assert.deepEqual(JSON.parse(outcome), ['refused', 'closed']);
  await hostile.page.evaluate("document.getElementById('f').submit()");
  await hostile.page.waitForURL(/\/c\//);
  assert.deepEqual(await keysOf(scene), [], 'a forged message was taken');
  const quiet = await opened.page.evaluate(`fetch('/api/me', { method: 'POST',
    headers: { 'Content-Type': 'application/json' }, body: '{}' })
    .then((answer) => answer.json()).then(({ value }) => value.account.quiet ?? null)`);
  assert.equal(quiet, null);
});

test('a link signs in once', TIMEOUT, async (t) => {
  const scene = await aScene(t);
  if (scene === undefined) return;
  const second = await scene.browser.open(scene.running.signIn ?? '', { width: 390 });
  await second.page.getByRole('alert').waitFor();
  await second.page.getByRole('button', { name: 'Sign in' }).waitFor();
  assert.doesNotMatch(second.page.url(), /k=/, 'the key stays in the address');
  await second.shot('link-used');
});
