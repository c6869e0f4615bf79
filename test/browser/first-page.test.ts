/**
 * The first page's own things: a quiet minute that holds and lets go, a phone that is off, the plug
 * pulled with the page open, another page by keyboard, and how much script it takes.
 */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { MailSource } from '../../actors/channels/email/peer.js';
import {
  assertAccessible,
  assertFits,
  type OpenPage,
  startBrowser,
  type TestBrowser,
} from '../harness/browser.js';
import { freePort } from '../harness/files.js';
import { type SwitchProcess, startSwitch } from '../harness/switch-process.js';

const TIMEOUT = { timeout: 120_000 };
/** Issue 4: what the first page loads as script, compressed. */
const SCRIPT_BYTES_MAX = 100 * 1024;

interface Scene {
  readonly running: SwitchProcess;
  readonly opened: OpenPage;
}

async function begin(
  t: TestContext,
  browser: TestBrowser,
  width: number,
  settings: Readonly<Record<string, string>> = {},
): Promise<Scene> {
  const running = await startSwitch(t, { settings });
  assert.ok(running.signIn !== undefined, running.output());
  const opened = await browser.open(running.signIn, { width });
  await opened.page.getByRole('heading', { name: /^Welcome, demo/ }).waitFor();
  return { running, opened };
}

async function sendMail({ running }: Scene, subject: string): Promise<void> {
  const { demo, addresses } = running;
  assert.ok(demo !== undefined);
  const at = new URL(`smtp://${addresses['email']}`);
  const source = await MailSource.connect({ host: at.hostname, port: Number(at.port) });
  const bytes = Buffer.from(`From: <ada@example.org>\r\nSubject: ${subject}\r\n\r\nWords.\r\n`);
  const { answer } = await source.send({ from: 'ada@example.org', to: [demo.address], bytes });
  source.destroy();
  assert.match(answer, /^250/);
}

async function quietMinute(scene: Scene): Promise<void> {
  const { page, shot } = scene.opened;
  await page.getByRole('button', { name: 'Quiet 1 min' }).press('Enter');
  await page.getByRole('heading', { name: /^Quiet until/ }).waitFor();
  await sendMail(scene, 'Not now');
  await page.getByText(/^Held until .*, 1 message waiting/).waitFor();
  await page.locator('.cord[data-state="waiting"]').waitFor({ state: 'attached' });
  await shot('first-page-quiet');
  await assertFits(scene.opened);
  await assertAccessible(scene.opened);
  const released = page.locator('.cord[data-state="done"]').first();
  await page.getByRole('button', { name: 'Deliver now' }).press('Enter');
  await released.waitFor({ state: 'attached' });
  await page.getByRole('button', { name: 'Quiet 1 min' }).waitFor();
  await page.locator('.cord[data-state="waiting"]').waitFor({ state: 'detached' });
}

async function phoneOff(scene: Scene): Promise<void> {
  const { page } = scene.opened;
  const phone = page.getByRole('region', { name: 'Practice phone' });
  await phone.getByLabel('Phone off').press('Space');
  await phone.getByText(/^Off\./).waitFor();
  await sendMail(scene, 'To the browser alone');
  const row = page.locator('li[data-message]', { hasText: 'To the browser alone' });
  await row.getByText('delivered', { exact: true }).waitFor();
  await phone.getByLabel('Phone off').press('Space');
  await phone.getByText('Not now').waitFor();
  assert.equal(await phone.getByText('To the browser alone').count(), 0);
}

/** Looked for as an element: the page's policy lets nothing wait by evaluating text in it. */
function titled(page: OpenPage['page'], title: string): Promise<void> {
  return page.locator(`xpath=//title[.="${title}"]`).waitFor({ state: 'attached' });
}

async function anotherPage({ opened }: Scene): Promise<void> {
  const { page } = opened;
  await page.getByRole('link', { name: 'Messages', exact: true }).press('Enter');
  await titled(page, 'Messages · Patchboard');
  assert.equal(await page.evaluate('document.activeElement.id'), 'main');
  await page.goBack();
  await titled(page, 'Board · Patchboard');
  await page.getByRole('heading', { level: 1 }).waitFor();
}

async function loadedAnew({ opened }: Scene): Promise<void> {
  const { page } = opened;
  await page.reload();
  await page.locator('li[data-message]', { hasText: 'To the browser alone' }).waitFor();
  await page.getByRole('region', { name: 'Practice phone' }).getByText('Not now').waitFor();
  assert.equal(await page.locator('.cord').count(), 0, 'what is listed is no news');
}

/** What the browser fetched as script so far, as gzip makes it. */
async function scriptBytes({ opened }: Scene): Promise<number> {
  const urls = new Set(opened.asked.filter(({ type }) => type === 'script').map(({ url }) => url));
  let bytes = 0;
  for (const url of urls) {
    const answer = await fetch(url);
    assert.equal(answer.status, 200);
    bytes += gzipSync(Buffer.from(await answer.arrayBuffer())).length;
  }
  return bytes;
}

async function smallThings(t: TestContext, browser: TestBrowser): Promise<void> {
  const scene = await begin(t, browser, 390);
  const bytes = await scriptBytes(scene);
  t.diagnostic(`${(bytes / 1024).toFixed(1)} KiB of script, compressed`);
  assert.ok(bytes > 0 && bytes <= SCRIPT_BYTES_MAX, `${bytes} bytes of script`);
  await quietMinute(scene);
  await phoneOff(scene);
  await anotherPage(scene);
  await loadedAnew(scene);
  assert.deepEqual(scene.opened.complaints, []);
}

async function plugPulled(t: TestContext, browser: TestBrowser): Promise<void> {
  const settings = { 'http.listen': `127.0.0.1:${await freePort()}` };
  const scene = await begin(t, browser, 1280, settings);
  const { page, shot } = scene.opened;
  const shown = (subject: string) => page.getByRole('link', { name: `“${subject}”` }).first();
  await sendMail(scene, 'Before the cut');
  await shown('Before the cut').waitFor();
  await page.getByRole('button', { name: 'Pull the plug' }).press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Pull the plug' });
  await dialog.getByText(`kill -9 ${scene.running.child.pid}`).waitFor();
  await dialog.getByText('1 message now.').waitFor();
  await scene.running.kill();
  await dialog.getByText(/^The plug is out/).waitFor();
  await shot('first-page-plug');
  await assertAccessible(scene.opened);
  const again = await startSwitch(t, { data: scene.running.data, settings });
  await dialog.getByText('Back. 1 message before, 1 now: nothing lost.').waitFor();
  await page.keyboard.press('Escape');
  await sendMail({ ...scene, running: { ...again, demo: scene.running.demo } }, 'After the cut');
  await shown('After the cut').waitFor();
}

test('the first page', TIMEOUT, async (t) => {
  const browser = await startBrowser(t);
  if (browser === undefined) return;
  await t.test('a quiet minute, a phone that is off, another page: by keyboard', TIMEOUT, (part) =>
    smallThings(part, browser),
  );
  await t.test('the plug is pulled: it says so, comes back by itself, counts', TIMEOUT, (part) =>
    plugPulled(part, browser),
  );
});
