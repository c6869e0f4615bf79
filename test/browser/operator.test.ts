/**
 * An operator's hour in the browser, on a phone's width: what needs somebody, found and mended.
 * Real mail to a mail server that refuses some of it at first.
 */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MailSink, MailSource } from '../../actors/channels/email/peer.js';
import {
  assertAccessible,
  assertFits,
  type OpenPage,
  startBrowser,
  type TestBrowser,
} from '../harness/browser.js';
import { type SwitchProcess, startSwitch } from '../harness/switch-process.js';

const TIMEOUT = { timeout: 300_000 };
const HOUR_MS = 3_600_000;

interface Scene {
  readonly browser: TestBrowser;
  readonly running: SwitchProcess;
  readonly opened: OpenPage;
  readonly origin: string;
  readonly sink: MailSink;
  /** From now on nothing is refused. */
  relent(): void;
}

async function aScene(t: TestContext): Promise<Scene | undefined> {
  const browser = await startBrowser(t);
  if (browser === undefined) return undefined;
  let refuses = true;
  const sink = await MailSink.start({
    script: (stage, argument) =>
      refuses && stage === 'RCPT' && argument.includes('<gone')
        ? { answer: '550 5.1.1 no such user here' }
        : undefined,
  });
  t.after(() => sink.stop());
  const settings = { 'email.smartHost': `127.0.0.1:${sink.port}` };
  const running = await startSwitch(t, { settings });
  assert.ok(running.signIn !== undefined, running.output());
  const opened = await browser.open(running.signIn, { width: 390 });
  await opened.page.getByRole('heading').first().waitFor();
  const origin = new URL(running.signIn).origin;
  const relent = (): void => {
    refuses = false;
  };
  return { browser, running, opened, origin, sink, relent };
}

interface Made {
  readonly devices: readonly {
    readonly name: string;
    readonly endpoints: readonly { readonly id: string }[];
  }[];
}

/** gwen's only way refuses, and dead is the end; quentin wants quiet. */
async function openPeople({ running }: Scene): Promise<void> {
  await running.operate('account.create', { name: 'gwen' });
  const addresses = [{ channel: 'email', value: 'gone.gwen@elsewhere.example' }];
  const device = { account: 'gwen', name: 'Phone', addresses };
  const made = (await running.operate('device.add', device)) as Made;
  const phone = made.devices.find(({ name }) => name === 'Phone')?.endpoints[0]?.id ?? '';
  const ways = { steps: [{ endpoints: [phone] }], confirms: 'any', lastResort: 'dead' };
  const profile = { id: 'p', name: 'Phone only', ...ways };
  await running.operate('profile.put', { account: 'gwen', profile });
  await running.operate('profile.use', { account: 'gwen', profile: 'p' });
  await running.operate('account.create', { name: 'quentin' });
  const until = Date.now() + HOUR_MS;
  await running.operate('profile.quiet', { account: 'quentin', until, exceptions: [] });
}

async function mail({ running }: Scene, to: string, subject: string): Promise<void> {
  const port = Number(running.addresses['email']?.split(':').at(-1));
  const source = await MailSource.connect({ port });
  const domain = running.demo?.address.split('@')[1] ?? '';
  const bytes = Buffer.from(`From: Ada <a@b.example>\r\nSubject: ${subject}\r\n\r\nHi\r\n`);
  const given = { from: 'a@b.example', to: [`${to}@${domain}`], bytes };
  const { answer } = await source.send(given);
  assert.match(answer, /^250/);
  await source.quit();
}

test('what needs an operator is seen, found, and mended', TIMEOUT, async (t) => {
  const scene = await aScene(t);
  if (scene === undefined) return;
  await openPeople(scene);
  for (const subject of ['Digest 1', 'Digest 2']) await mail(scene, 'quentin', subject);
  await mail(scene, 'gwen', 'Order 7');
  const { page } = scene.opened;
  await page.goto(`${scene.origin}/operator`);
  await page.getByRole('heading', { name: '1 thing needs you' }).waitFor();
  await page.getByText('1 dead message', { exact: true }).waitFor();
  await page.locator('.uplot').first().waitFor();
  await scene.opened.shot('operator');
  await findByKeyboard(scene);
  await letGo(scene);
  await editDead(scene);
  await page.goto(`${scene.origin}/operator`);
  await page.getByRole('heading', { name: 'All well' }).waitFor();
});

async function findByKeyboard({ opened }: Scene): Promise<void> {
  const { page } = opened;
  await page.locator('body').press('/');
  await page.keyboard.type('order 7');
  await page.keyboard.press('Enter');
  const found = page.locator('.op-line').filter({ hasText: 'ada', hasNotText: 'Dead message' });
  await found.first().waitFor();
  await assertAccessible(opened);
  await assertFits(opened);
}

/** Nothing is let go before the number has been seen; then all are. */
async function letGo({ opened, origin }: Scene): Promise<void> {
  const { page } = opened;
  await page.goto(`${origin}/operator/queues?what=held`);
  await page.getByRole('button', { name: /^Let go…/ }).press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Let go' });
  await dialog.getByText('2 messages wait').waitFor();
  await dialog.getByText(/^"Digest 1" to quentin/).waitFor();
  await assertAccessible(opened);
  await opened.shot('operator-bulk');
  await dialog.getByRole('button', { name: 'Let 2 go' }).press('Enter');
  await dialog.getByText('2 let go').waitFor();
  await page.keyboard.press('Escape');
  await page.getByText('Nothing waits here.').waitFor();
}

/** Opening the text is audited; what is written goes out in its place. */
async function editDead(scene: Scene): Promise<void> {
  const { opened, origin, sink, relent } = scene;
  const { page } = opened;
  await page.goto(`${origin}/operator/dead`);
  await page.getByText('550 5.1.1').first().waitFor();
  await opened.shot('operator-dead');
  await page.getByRole('button', { name: /^Edit: Order 7/ }).press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Change the text' });
  await dialog.getByRole('button', { name: 'Open the text that came in' }).press('Enter');
  await dialog.getByRole('button', { name: 'Opened' }).waitFor();
  assert.match(await dialog.getByLabel('Text', { exact: true }).inputValue(), /^Hi/);
  await dialog.getByLabel('Text', { exact: true }).fill('Hi, again.');
  relent();
  await dialog.getByRole('button', { name: 'Save and send again' }).press('Enter');
  await page.getByText('No dead messages.').waitFor();
  const isIt = (bytes: Buffer): boolean => bytes.includes('Hi, again.');
  await sink.until(() => sink.messages.some(({ bytes }) => isIt(bytes)));
  await page.goto(`${origin}/operator/audit`);
  for (const what of ['opened the message', 'changed the text of the message']) {
    await page.getByText(what).waitFor();
  }
}

test('an account is opened, its link signs in once, and it is removed', TIMEOUT, async (t) => {
  const scene = await aScene(t);
  if (scene === undefined) return;
  const { browser, opened, origin } = scene;
  const { page } = opened;
  await page.goto(`${origin}/operator/accounts`);
  await page.getByRole('button', { name: 'Open an account…' }).press('Enter');
  const opening = page.getByRole('dialog', { name: 'Open an account' });
  await opening.getByLabel('Name').fill('zoe');
  await opening.getByRole('button', { name: 'Open the account' }).press('Enter');
  await opening.getByText('can be reached now').waitFor();
  await opening.getByRole('button', { name: 'Make a link that signs in' }).press('Enter');
  const link = (await opening.locator('.copied code').textContent()) ?? '';
  const zoe = await browser.open(link, { width: 390 });
  await zoe.page.getByRole('link', { name: 'Messages' }).waitFor();
  assert.equal(await zoe.page.getByRole('link', { name: 'Operator' }).count(), 0);
  await zoe.close();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Manage zoe' }).press('Enter');
  const managing = page.getByRole('dialog', { name: 'zoe' });
  await assertAccessible(opened);
  await managing.getByLabel('Type zoe to confirm').fill('zoe');
  await managing.getByRole('button', { name: 'Remove zoe for good' }).press('Enter');
  await page.getByRole('button', { name: 'Manage zoe' }).waitFor({ state: 'detached' });
  const late = await browser.open(link, { width: 390 });
  await late.page.getByRole('button', { name: 'Sign in' }).waitFor();
});
