/**
 * Every page, at a desk's and a phone's width, light and dark: nothing serious for axe-core,
 * nothing wider than the window, no complaint in the console, everything to be had by keyboard.
 * And what the first page weighs.
 */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MailSource } from '../../actors/channels/email/peer.js';
import {
  assertAccessible,
  assertAskedOnly,
  assertFits,
  type OpenPage,
  startBrowser,
  type TestBrowser,
} from '../harness/browser.js';
import { type SwitchProcess, startSwitch } from '../harness/switch-process.js';

const TIMEOUT = { timeout: 300_000 };
/** Compressed, all scripts that the first page asks for. */
const FIRST_SCRIPTS_MAX_BYTES = 100 * 1024;
const LONG = 'A subject that goes on for longer than any list has room for, as subjects do';

interface Scene {
  readonly running: SwitchProcess;
  readonly browser: TestBrowser;
  readonly opened: OpenPage;
  readonly origin: string;
}

async function aScene(t: TestContext): Promise<Scene | undefined> {
  const browser = await startBrowser(t);
  if (browser === undefined) return undefined;
  const running = await startSwitch(t, { settings: { 'email.smartHost': '127.0.0.1:1' } });
  assert.ok(running.signIn, 'the demo has a link');
  const opened = await browser.open(running.signIn, { width: 1280 });
  await opened.page.getByRole('heading').first().waitFor();
  return { running, browser, opened, origin: new URL(running.signIn).origin };
}

/** Something of everything: read, unread, failing, waiting. */
async function fill({ running }: Scene): Promise<string> {
  const port = Number(running.addresses['email']?.split(':').at(-1));
  const to = running.demo?.address ?? '';
  for (const subject of ['Hello', LONG, '=?utf-8?B?16nXnNeV150=?=']) {
    const source = await MailSource.connect({ port });
    const bytes = Buffer.from(`From: Ada <a@b.example>\r\nSubject: ${subject}\r\n\r\nHi\r\n`);
    const { answer } = await source.send({ from: 'a@b.example', to: [to], bytes });
    assert.match(answer, /^250/);
    await source.quit();
  }
  const demo = running.demo?.name ?? '';
  const out = { from: demo, to: ['nobody@down.example'], subject: 'Out', text: 'x', by: 'a test' };
  await running.operate('send', out);
  const told = await running.operate('send', { ...out, to: [demo], subject: 'Own' });
  return typeof told === 'object' && told !== null && 'id' in told ? String(told.id) : '';
}

test('every page: axe-core, width, console', TIMEOUT, async (t) => {
  const scene = await aScene(t);
  if (scene === undefined) return;
  const { browser, opened, origin } = scene;
  const id = await fill(scene);
  const places = [
    ...['/', '/messages', `/messages/${id}.0`, '/sent', '/me', `/m/${id}`, '/machines'],
    ...['/machines/message', '/operator', '/operator/queues', '/operator/dead'],
    ...['/operator/accounts', '/operator/workers', '/operator/audit', '/nowhere'],
  ];
  const problems: string[] = [];
  for (const [width, colorScheme] of [
    [1280, 'light'],
    [390, 'light'],
    [390, 'dark'],
  ] as const) {
    const at = await browser.open(origin, { width, beside: opened });
    await at.page.emulateMedia({ colorScheme });
    for (const place of places) {
      await at.page.goto(`${origin}${place}`);
      await at.page.getByRole('heading').first().waitFor();
      await at.page.waitForLoadState('networkidle');
      await at.shot(`page${place.replaceAll(/\W+/g, '-').replace(id, 'id')}-${colorScheme}`);
      for (const check of [assertFits, assertAccessible]) {
        const wrong = await check(at).then(
          () => undefined,
          (error: unknown) => String(error),
        );
        if (wrong !== undefined) problems.push(`${place} at ${width} ${colorScheme}: ${wrong}`);
      }
    }
    problems.push(...at.complaints);
    assertAskedOnly(origin, at);
    await at.close();
  }
  assert.deepEqual(problems, []);
});

test('the first page is small, and large parts come when they are opened', TIMEOUT, async (t) => {
  const scene = await aScene(t);
  if (scene === undefined) return;
  const { opened, origin } = scene;
  const id = await fill(scene);
  await opened.page.waitForLoadState('networkidle');
  const scripts = opened.asked.filter(({ type }) => type === 'script').map(({ url }) => url);
  assert.ok(scripts.length > 0);
  let bytes = 0;
  for (const url of new Set(scripts)) {
    const answer = await fetch(url, { headers: { 'accept-encoding': 'gzip' }, method: 'HEAD' });
    assert.equal(answer.headers.get('content-encoding'), 'gzip');
    bytes += Number(answer.headers.get('content-length'));
  }
  t.diagnostic(`first page: ${bytes} bytes of script, compressed`);
  assert.ok(bytes > 1000 && bytes <= FIRST_SCRIPTS_MAX_BYTES, `${bytes} bytes of script`);
  const before = new Set(scripts);
  await opened.page.goto(`${origin}/m/${id}`);
  await opened.page.locator('[data-state]').first().waitFor();
  const more = opened.asked.filter(({ type, url }) => type === 'script' && !before.has(url));
  assert.ok(more.length > 0, 'the visualizer has a script of its own');
});

/** What has the focus, as a person hears it. */
const FOCUSED = `(() => {
  const at = document.activeElement;
  if (at === null || at === document.body) return undefined;
  const ring = getComputedStyle(at);
  return {
    what: (at.getAttribute('aria-label') ?? at.textContent ?? '').trim().slice(0, 60) ||
      [at.tagName, at.type, at.name, at.id].join(' '),
    isSeen: ring.outlineStyle !== 'none' || ring.boxShadow !== 'none',
  };
})()`;
/** What a mouse could use here. */
const USABLE = `[...document.querySelectorAll(
  'a[href], button:not(:disabled), input:not(:disabled), select, textarea, summary')]
  .filter((one) => one.checkVisibility({ checkVisibilityCSS: true }) && one.tabIndex >= 0).length`;

interface Focus {
  readonly what: string;
  readonly isSeen: boolean;
}

test(
  'everything on every page is reached by the keyboard, and one sees where',
  TIMEOUT,
  async (t) => {
    const scene = await aScene(t);
    if (scene === undefined) return;
    const { opened, origin } = scene;
    const id = await fill(scene);
    const { page } = opened;
    const problems: string[] = [];
    for (const place of ['/', '/messages', `/messages/${id}.0`, '/me', `/m/${id}`, '/operator']) {
      await page.goto(`${origin}${place}`);
      await page.getByRole('heading').first().waitFor();
      await page.waitForLoadState('networkidle');
      const usable = await page.evaluate<number>(USABLE);
      const reached: string[] = [];
      for (let i = 0; i < usable; i += 1) {
        await page.keyboard.press('Tab');
        const focus = await page.evaluate<Focus | undefined>(FOCUSED);
        if (focus === undefined) continue;
        if (!focus.isSeen) problems.push(`${place}: nobody sees the focus on "${focus.what}"`);
        reached.push(focus.what);
      }
      assert.ok(
        reached.length >= usable - 2,
        `${place}: ${reached.length} of ${usable} reached: ${reached.join(' | ')}`,
      );
    }
  },
);

test('a message is written and sent without a mouse', TIMEOUT, async (t) => {
  const scene = await aScene(t);
  if (scene === undefined) return;
  const { opened, origin } = scene;
  const { page } = opened;
  await page.goto(`${origin}/messages`);
  await page.getByRole('heading').first().waitFor();
  await page.keyboard.press('c');
  await page.getByLabel('To', { exact: true }).and(page.locator(':focus')).waitFor();
  await page.keyboard.type('demo');
  await page.keyboard.press('Tab');
  for (const text of ['By keyboard', 'No mouse was used.']) {
    await page.keyboard.type(text);
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Control+Enter');
  await page.getByText('By keyboard').first().waitFor();
});
