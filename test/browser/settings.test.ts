/**
 * Devices, profiles, quiet times and sessions in the browser: what is set there holds, and only
 * that; by keyboard, and on a narrow page.
 */

import assert from 'node:assert/strict';
import { createECDH } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { Me } from '../../schemas/console.js';
import {
  assertAccessible,
  assertFits,
  type OpenPage,
  startBrowser,
  type TestBrowser,
} from '../harness/browser.js';
import { type SwitchProcess, startSwitch } from '../harness/switch-process.js';

const TIMEOUT = { timeout: 180_000 };

interface Scene {
  readonly browser: TestBrowser;
  readonly running: SwitchProcess;
  readonly opened: OpenPage;
}

async function begin(t: TestContext, width: number): Promise<Scene | undefined> {
  const browser = await startBrowser(t);
  if (browser === undefined) return undefined;
  const running = await startSwitch(t);
  assert.ok(running.signIn !== undefined, running.output());
  const opened = await browser.open(running.signIn, { width });
  await toSettings(opened);
  return { browser, running, opened };
}

async function toSettings({ page }: OpenPage): Promise<void> {
  await page.getByRole('link', { name: 'Devices', exact: true }).press('Enter');
  await page.getByRole('heading', { name: 'Devices & profiles' }).waitFor();
}

test('a profile is written, used with one tap, and gone again', TIMEOUT, async (t) => {
  const scene = await begin(t, 390);
  if (scene === undefined) return;
  const { opened } = scene;
  const { page } = opened;
  await opened.shot('settings');
  await assertFits(opened);
  await assertAccessible(opened);
  await page.getByRole('button', { name: 'New profile' }).press('Enter');
  const editor = page.getByRole('dialog', { name: 'New profile' });
  await editor.getByLabel('Name').fill('Meeting');
  await editor
    .getByRole('group', { name: 'Step 1' })
    .getByRole('checkbox', { name: /Practice phone/ })
    .check();
  await editor.getByRole('button', { name: 'One more step' }).press('Enter');
  await editor
    .getByRole('group', { name: 'Step 2' })
    .getByRole('checkbox', { name: /Browser/ })
    .check();
  await editor.getByLabel(/^Minutes without confirmation until step 2/).fill('5');
  await assertAccessible(opened);
  await opened.shot('settings-profile');
  await editor.getByRole('button', { name: 'Save' }).press('Enter');
  await editor.waitFor({ state: 'detached' });
  await page.getByText('Practice phone; after 5 minutes without confirmation').waitFor();

  const chip = page.locator('.chip-button');
  await chip.press('Enter');
  await opened.shot('settings-chip');
  await page.getByRole('button', { name: 'Use Meeting' }).first().press('Enter');
  await chip.filter({ hasText: 'Meeting' }).waitFor();
  await page.locator('.chip-panel').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Delete Meeting', exact: true }).press('Enter');
  await page.getByRole('button', { name: 'Yes, delete Meeting' }).press('Enter');
  await chip.filter({ hasText: 'Default' }).waitFor();
  await page.getByRole('heading', { name: /^Meeting/ }).waitFor({ state: 'detached' });
});

test('a quiet time is set with who is let through, and ended', TIMEOUT, async (t) => {
  const scene = await begin(t, 1280);
  if (scene === undefined) return;
  const { opened, running } = scene;
  const { page } = opened;
  const quiet = page.getByRole('region', { name: 'Do not disturb' });
  await quiet.getByText('Let through meanwhile: nobody').press('Enter');
  await quiet.getByLabel('Priority').selectOption('urgent');
  await quiet.getByRole('button', { name: 'Let through' }).press('Enter');
  await quiet.getByText('urgent', { exact: true }).first().waitFor();
  await quiet.getByRole('button', { name: 'Until tomorrow 7:00' }).press('Enter');
  await quiet.getByText(/^Quiet until/).waitFor();
  await page.locator('.chip-button').filter({ hasText: 'Quiet until' }).waitFor();
  await opened.shot('settings-quiet');
  const shown = await running.command('account', 'show', 'demo', '--json');
  const account: { quiet?: { exceptions: unknown } } = JSON.parse(shown.stdout);
  assert.deepEqual(account.quiet?.exceptions, [{ priority: 'urgent' }]);
  await quiet.getByRole('button', { name: 'End it' }).press('Enter');
  await page.locator('.chip-button').filter({ hasText: 'Default' }).waitFor();
});

test(
  'a device is added, tested and removed; a refusal keeps what was typed',
  TIMEOUT,
  async (t) => {
    const scene = await begin(t, 1280);
    if (scene === undefined) return;
    const { opened } = scene;
    const { page } = opened;
    await page.getByRole('button', { name: 'Add a device' }).press('Enter');
    const form = page.getByRole('dialog', { name: 'Add a device' });
    await form.getByLabel('Name').fill('Mail at work');
    await form.getByLabel('Reached by').selectOption('email');
    await form.getByLabel('Address there').fill('no address');
    await form.getByLabel('Address there').press('Enter');
    await form.getByRole('alert').waitFor();
    assert.equal(await form.getByLabel('Name').inputValue(), 'Mail at work');
    await assertAccessible(opened);
    await form.getByLabel('Address there').fill('demo@work.example');
    await form.getByLabel('Address there').press('Enter');
    await form.waitFor({ state: 'detached' });
    await page.getByText('demo@work.example').waitFor();
    await page.getByRole('button', { name: 'Send a test to Browser' }).press('Enter');
    await page.getByRole('link', { name: 'watch the test' }).waitFor();
    await opened.shot('settings-devices');
    await page.getByRole('button', { name: 'Remove Mail at work' }).press('Enter');
    await page
      .getByRole('dialog')
      .getByRole('button', { name: 'Remove Mail at work' })
      .press('Enter');
    await page.getByText('demo@work.example').waitFor({ state: 'detached' });
  },
);

test("a browser's notifications become a device, another's page does not", TIMEOUT, async (t) => {
  const scene = await begin(t, 1280);
  if (scene === undefined) return;
  const { page, context } = scene.opened;
  const ask = async (name: string, data: object) => {
    const { origin } = new URL(page.url());
    const headers = { Origin: origin };
    const answer = await context.request.post(`${origin}/api/${name}`, { data, headers });
    return answer.json();
  };
  const me: { value: Me } = await ask('me', {});
  const channel = me.value.channels.find((one) => one.page === 'messenger')?.name;
  const add = (address: string): Promise<{ ok: boolean; code?: string }> =>
    ask('device.add', { name: 'Here', channel, address, use: true });
  const keys = {
    p256dh: createECDH('prime256v1').generateKeys('base64url'),
    auth: Buffer.alloc(16, 1).toString('base64url'),
  };
  const taken = await add(JSON.stringify({ endpoint: 'https://fcm.googleapis.com/x', keys }));
  assert.equal(taken.ok, true, JSON.stringify(taken));
  await page.getByText('by fcm.googleapis.com').waitFor();
  assert.deepEqual((await add('somebody')).code, 'ADDRESS_TAKEN');
});

test('other sign-ins are seen and ended, then one’s own', TIMEOUT, async (t) => {
  const scene = await begin(t, 1280);
  if (scene === undefined) return;
  const { opened, running, browser } = scene;
  const link = await running.command('account', 'link', 'demo');
  const other = await browser.open(link.stdout.trim(), { width: 390 });
  await toSettings(other);
  await opened.page.reload();
  const ends = opened.page.getByRole('button', { name: 'Sign out there' });
  await ends.first().press('Enter');
  await other.page.getByLabel('Password').waitFor();
  await ends.waitFor({ state: 'detached' });
  await opened.page.getByRole('button', { name: 'Sign out everywhere' }).press('Enter');
  await opened.page.getByLabel('Password').waitFor();
});
