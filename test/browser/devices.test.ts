/**
 * A device of one's own, on a phone: the address is typed, a code goes there by real mail, and only
 * when it has been typed does what comes for the account go there too.
 */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MailSink, MailSource } from '../../actors/channels/email/peer.js';
import { assertAccessible, assertFits, type OpenPage, startBrowser } from '../harness/browser.js';
import { type SwitchProcess, startSwitch } from '../harness/switch-process.js';

const TIMEOUT = { timeout: 180_000 };
const WORK = 'demo@work.example';

interface Scene {
  readonly running: SwitchProcess;
  readonly opened: OpenPage;
  readonly sink: MailSink;
}

async function aScene(t: TestContext): Promise<Scene | undefined> {
  const browser = await startBrowser(t);
  if (browser === undefined) return undefined;
  const sink = await MailSink.start();
  t.after(() => sink.stop());
  const settings = { 'email.smartHost': `127.0.0.1:${sink.port}` };
  const running = await startSwitch(t, { settings });
  assert.ok(running.signIn !== undefined, running.output());
  const opened = await browser.open(running.signIn, { width: 390 });
  await opened.page.getByRole('link', { name: 'Devices', exact: true }).press('Enter');
  return { running, opened, sink };
}

/** How many mails with these words came to the address. */
function arrived({ sink }: Scene, words: string): number {
  return sink.messages.filter(({ to, bytes }) => to.includes(WORK) && bytes.includes(words)).length;
}

async function mail({ running }: Scene, subject: string): Promise<void> {
  const port = Number(running.addresses['email']?.split(':').at(-1));
  const source = await MailSource.connect({ port });
  const to = running.demo?.address ?? '';
  const head = `Subject: ${subject}\r\nFrom: boss@example.org\r\nTo: ${to}\r\n`;
  const bytes = Buffer.from(`${head}\r\nHello\r\n`);
  const { answer } = await source.send({ from: 'boss@example.org', to: [to], bytes });
  assert.match(answer, /^250/);
  await source.quit();
}

/** A program that answers by itself would tell the code to who asked for it. */
async function refusesAnswer({ running }: Scene, letter: string): Promise<void> {
  const to = /reply\+[^>\s]+/.exec(letter)?.[0] ?? assert.fail(`no address to answer:\n${letter}`);
  const port = Number(running.addresses['email']?.split(':').at(-1));
  const source = await MailSource.connect({ port });
  await source.command(`MAIL FROM:<${WORK}>`);
  assert.match(await source.command(`RCPT TO:<${to}>`), /^550 5\.1\.1/);
  await source.quit();
}

/** Only the new device, so that nothing else takes what comes. */
async function useAlone({ running }: Scene, endpoint: string): Promise<void> {
  const steps = [{ endpoints: [endpoint] }];
  const profile = { id: 'work', name: 'At work', steps, confirms: 'any', lastResort: 'inbox' };
  await running.operate('profile.put', { account: 'demo', profile });
  await running.operate('profile.use', { account: 'demo', profile: 'work' });
}

async function add({ opened: { page } }: Scene): Promise<void> {
  await page.getByRole('button', { name: 'Add a device' }).press('Enter');
  const form = page.getByRole('dialog', { name: 'Add a device' });
  await form.getByLabel('Name').fill('Mail at work');
  await form.getByLabel('Reached by').selectOption('email');
  await form.getByText('We send a code there').waitFor();
  await form.getByLabel('Address there').fill(WORK);
  await form.getByLabel('Address there').press('Enter');
  await form.waitFor({ state: 'detached' });
}

test('a device is unused until the code that was mailed to it is typed', TIMEOUT, async (t) => {
  const scene = await aScene(t);
  if (scene === undefined) return;
  const { opened, running, sink } = scene;
  const { page } = opened;
  await add(scene);
  const field = page.getByLabel('Code sent to Mail at work');
  await field.and(page.locator(':focus')).waitFor();
  assert.equal(await field.getAttribute('autocomplete'), 'one-time-code');
  await page.getByText(/^We sent a code there at/).waitFor();
  await assertFits(opened);
  await assertAccessible(opened);
  await opened.shot('device-unverified');
  const listed = await running.command('device', 'list', 'demo');
  assert.match(listed.stdout, /demo@work\.example {3}not verified, unused/);

  await useAlone(scene, 'mail-at-work');
  await page.getByText('Mail at work, not verified').first().waitFor();
  await mail(scene, 'Before the code');
  await page.getByRole('link', { name: 'Messages' }).first().press('Enter');
  await page.getByText('Before the code').first().waitFor();
  await sink.until(() => arrived(scene, 'Subject: A code from') === 1);
  assert.equal(arrived(scene, 'Before the code'), 0);

  const [letter] = sink.messages;
  await refusesAnswer(scene, letter?.bytes.toString() ?? '');
  const code = /^(\d{6}) is the code/m.exec(letter?.bytes.toString() ?? '')?.[1] ?? '';
  await page.getByRole('link', { name: 'Devices', exact: true }).press('Enter');
  await field.fill(code === '000000' ? '000001' : '000000');
  await field.press('Enter');
  await page.getByText('That is not the code that was sent. 4 more tries are left.').waitFor();
  await opened.shot('device-wrong-code');
  await field.fill(code);
  await field.press('Enter');
  await field.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Send a test to Mail at work' }).waitFor();
  await opened.shot('device-verified');
  await mail(scene, 'After the code');
  await sink.until(() => arrived(scene, 'After the code') === 1);
  assert.equal(arrived(scene, 'Before the code'), 0);
});
