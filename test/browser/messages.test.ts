/**
 * A subscriber's messages in the browser: a list that lives and can be looked through, mail that is
 * harmless to open, drafts that survive, and everything by keyboard.
 */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
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

const TIMEOUT = { timeout: 180_000 };
/** More than one page of a list. */
const MANY = 53;
const PDF = Buffer.from('%PDF-1.4 nothing to see');

interface Mail {
  readonly subject: string;
  readonly from?: string;
  /** From the Content-Type on. */
  readonly content?: string;
}

interface Scene {
  readonly browser: TestBrowser;
  readonly running: SwitchProcess;
  readonly opened: OpenPage;
  send(mails: readonly Mail[]): Promise<void>;
}

const plain = (text: string) => `Content-Type: text/plain; charset=utf-8\n\n${text}\n`;
const encoded = (text: string) => `=?utf-8?B?${Buffer.from(text).toString('base64')}?=`;

const WITH_PARTS = `Content-Type: multipart/mixed; boundary=cut

--cut
Content-Type: text/html; charset=utf-8

<h1>Formatted</h1><img src="https://pictures.example/a.png"><img src="//pictures.example/b.png">
<script>document.title = 'taken over'</script>
--cut
Content-Type: application/pdf
Content-Disposition: attachment; filename="plan.pdf"
Content-Transfer-Encoding: base64

${PDF.toString('base64')}
--cut--
`;

async function sendMails(running: SwitchProcess, mails: readonly Mail[]): Promise<void> {
  const at = new URL(`smtp://${running.addresses['email']}`);
  const source = await MailSource.connect({ host: at.hostname, port: Number(at.port) });
  for (const { subject, from = 'Ada <ada@example.org>', content = plain('Words.') } of mails) {
    const head = `From: ${from}\nSubject: ${subject}\nMIME-Version: 1.0\n`;
    const bytes = Buffer.from(`${head}${content}`.replaceAll('\n', '\r\n'));
    const to = [running.demo?.address ?? ''];
    assert.match((await source.send({ from: 'ada@example.org', to, bytes })).answer, /^250/);
  }
  source.destroy();
}

async function begin(t: TestContext, width: number): Promise<Scene | undefined> {
  const browser = await startBrowser(t);
  if (browser === undefined) return undefined;
  const running = await startSwitch(t);
  assert.ok(running.signIn !== undefined, running.output());
  const opened = await browser.open(running.signIn, { width });
  await opened.page.getByRole('link', { name: 'Messages', exact: true }).click();
  return { browser, running, opened, send: (mails) => sendMails(running, mails) };
}

function row({ page }: OpenPage, subject: string) {
  return page.locator('.message-row', { hasText: subject });
}

test('a list lives: it fills, pages, is searched, and clears on every page', TIMEOUT, async (t) => {
  const scene = await begin(t, 1280);
  if (scene === undefined) return;
  const { opened } = scene;
  const { page } = opened;
  await page.getByRole('heading', { name: 'No messages yet' }).waitFor();
  await opened.shot('messages-empty');
  await scene.send(Array.from({ length: MANY }, (_, n) => ({ subject: `Reading ${n + 1}` })));
  await row(opened, `Reading ${MANY}`).waitFor();
  await row(opened, 'Reading 1').first().waitFor();

  const beside = await scene.browser.open(new URL('/messages', page.url()).href, {
    width: 1280,
    beside: opened,
  });
  await row(beside, `Reading ${MANY}`).waitFor();
  assert.equal(await beside.page.locator('.message-row').count(), 50, 'one page of the list');
  await beside.page.getByRole('button', { name: 'More' }).click();
  await row(beside, 'Reading 1').last().waitFor();
  await beside.page.locator(`.message-row >> nth=${MANY - 1}`).waitFor();
  const keys = await beside.page
    .locator('.message-row')
    .evaluateAll((rows) => rows.map((one) => one.getAttribute('data-key')));
  assert.equal(new Set(keys).size, MANY);

  await page.keyboard.press('/');
  await page.keyboard.type('reading 41');
  await page.keyboard.press('Enter');
  await row(opened, 'Reading 40').waitFor({ state: 'detached' });
  await row(opened, 'Reading 41').waitFor();
  assert.equal(await page.locator('.message-row.unread').count(), 1);
  await row(opened, 'Reading 41').getByRole('link').click();
  await page.locator('.message-row.unread').waitFor({ state: 'detached' });
  await row(beside, 'Reading 41').and(beside.page.locator(':not(.unread)')).waitFor();
  assert.equal(await beside.page.locator('.message-row.unread').count(), MANY - 1);
});

test('a hidden page reads nothing', TIMEOUT, async (t) => {
  const scene = await begin(t, 1280);
  if (scene === undefined) return;
  const { opened } = scene;
  await scene.send([{ subject: 'Seen by nobody' }]);
  const shown = row(opened, 'Seen by nobody');
  await shown.waitFor();
  await opened.page.evaluate(`
    Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  `);
  await shown.getByRole('link').click();
  await opened.page.getByText('Words.').waitFor();
  await scene.send([{ subject: 'Later' }]);
  await row(opened, 'Later').waitFor();
  assert.match((await shown.getAttribute('class')) ?? '', /unread/);
  await opened.page.evaluate(`
    Object.defineProperty(document, 'visibilityState', { value: 'visible', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  `);
  await shown.and(opened.page.locator(':not(.unread)')).waitFor();
});

test('mail is opened without harm, on a narrow page too', TIMEOUT, async (t) => {
  const scene = await begin(t, 390);
  if (scene === undefined) return;
  const { opened } = scene;
  const { page } = opened;
  const long = 'The relocation of the northern data centre and everything ever said about it';
  await scene.send([
    { subject: 'With a plan', content: WITH_PARTS },
    {
      subject: encoded('مرحبا بالعالم'),
      from: `${encoded('‮أحمد')} <ahmad@example.org>`,
      content: plain('مرحبا'),
    },
    { subject: long, content: plain('javascript:alert(1)\nhttps://example.org/a?b=1.\n') },
  ]);
  await row(opened, 'With a plan').waitFor();
  await opened.shot('messages-list');
  await assertFits(opened);
  await assertAccessible(opened);

  await row(opened, long).getByRole('link').click();
  const text = page.locator('.letter-text');
  await text.getByRole('link').waitFor();
  assert.deepEqual(
    await text
      .getByRole('link')
      .evaluateAll((links) => links.map((one) => one.getAttribute('href'))),
    ['https://example.org/a?b=1'],
  );
  await page.getByText('Why here?').click();
  await page.locator('.why li').first().waitFor();
  await opened.shot('messages-text');
  await page.getByRole('link', { name: '← Messages' }).click();

  await row(opened, 'With a plan').getByRole('link').click();
  const frame = page.locator('iframe');
  await page.frameLocator('iframe').getByRole('heading', { name: 'Formatted' }).waitFor();
  assert.equal(await frame.getAttribute('sandbox'), 'allow-popups allow-popups-to-escape-sandbox');
  await page.getByText('2 remote pictures left out.').waitFor();
  await opened.shot('messages-html');
  await assertFits(opened);
  await assertAccessible(opened);
  assertAskedOnly(page.url(), opened);
  const downloading = page.waitForEvent('download');
  await page.getByRole('link', { name: /^plan\.pdf/ }).click();
  const download = await downloading;
  assert.equal(download.suggestedFilename(), 'plan.pdf');
  assert.deepEqual(await readFile(await download.path()), PDF);
  await page.getByRole('button', { name: 'Show remote pictures' }).click();
  await page.getByText(/which learn that you read this/).waitFor();
  assertAskedOnly(page.url(), opened);
});

test('held messages are told of, shown, and delivered at a word', TIMEOUT, async (t) => {
  const scene = await begin(t, 1280);
  if (scene === undefined) return;
  const { opened } = scene;
  const { page } = opened;
  await page.locator('.chip-button').press('Enter');
  await page.getByRole('button', { name: '1 hour' }).press('Enter');
  await page.getByRole('button', { name: /Quiet until/ }).waitFor();
  await scene.send([{ subject: 'Not now' }, { subject: 'Nor now' }]);
  await page.getByText(/^2 held until/).waitFor();
  assert.equal(await page.locator('.message-row').count(), 0, 'what is held disturbs nobody');
  await page.getByRole('link', { name: 'Show' }).click();
  await row(opened, 'Nor now').waitFor();
  await opened.shot('messages-held');
  await page.getByRole('button', { name: 'Deliver now' }).click();
  await page.getByText('Nothing is held.').waitFor();
  await page.getByRole('link', { name: '← Messages' }).click();
  await row(opened, 'Not now').waitFor();
  assert.equal(await page.locator('.message-row').count(), 2);
});

test('by keyboard: written with a file, kept over a reload, read, answered', TIMEOUT, async (t) => {
  const scene = await begin(t, 1280);
  if (scene === undefined) return;
  const { opened } = scene;
  const { page } = opened;
  await page.getByRole('heading', { name: 'No messages yet' }).waitFor();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('c');
  const form = page.getByRole('dialog', { name: 'New message' });
  await form.getByLabel('To', { exact: true }).fill('demo ');
  await form.getByLabel('Subject').fill('To myself');
  await page.keyboard.press('Escape');
  await form.waitFor({ state: 'detached' });
  await page.reload();
  await page.getByRole('heading', { name: 'No messages yet' }).waitFor();
  await page.keyboard.press('c');
  assert.equal(await form.getByLabel('Subject').inputValue(), 'To myself');
  await form.getByLabel('Message', { exact: true }).fill('Do not forget.');
  await form
    .getByLabel('Files to attach')
    .setInputFiles({ name: 'list.txt', mimeType: 'text/plain', buffer: Buffer.from('milk') });
  await opened.shot('messages-compose');
  await assertAccessible(opened);
  await form.getByLabel('Message', { exact: true }).press('Control+Enter');
  await form.waitFor({ state: 'detached' });
  await row(opened, 'To myself').waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.getByText('Do not forget.').waitFor();
  await page.getByRole('link', { name: /^list\.txt/ }).waitFor();
  await page.keyboard.press('r');
  await page.keyboard.type('I shall not.');
  await page.reload();
  await page.getByLabel(/^Answer/).waitFor();
  assert.equal(await page.getByLabel(/^Answer/).inputValue(), 'I shall not.');
  await page.getByLabel(/^Answer/).press('Control+Enter');
  await page.locator('article.letter', { hasText: 'I shall not.' }).waitFor();
  assert.equal(await page.locator('article.letter').count(), 2);
  await assertAccessible(opened);
  assert.deepEqual(opened.complaints, []);
});
