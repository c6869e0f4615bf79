/**
 * A message's page in the browser: stepped through, each drawn state is the recorded one; the chart
 * library is fetched only then; nothing complains under the page's own security policy.
 */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MailSink, type SinkAction, type SinkStage } from '../../actors/channels/email/peer.js';
import { atEnd } from '../harness/at-end.js';
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
const HOUR_MS = 3_600_000;
/** Five attempts at once, the sixth and last one much later. */
const TRIALS = '6';
const RETRIES = '20ms,20ms,20ms,20ms,1h';
const NARROW = 390;

interface Tracked {
  readonly state: string;
  readonly history: readonly { readonly state: string }[];
}

/** The tracker's own record. */
async function track(running: SwitchProcess, id: string): Promise<Tracked> {
  const { stdout } = await running.command('track', id, '--json');
  const { messages } = JSON.parse(stdout);
  return messages[0];
}

async function untilState(running: SwitchProcess, id: string, state: string): Promise<void> {
  const { stdout } = await running.command('track', id, '--wait', '--within', '10s', '--json');
  assert.equal(JSON.parse(stdout).messages[0].state, state);
}

function script(stage: SinkStage, argument: string): SinkAction {
  if (stage !== 'RCPT') return undefined;
  if (argument.includes('gone@')) return { answer: '550 5.1.1 no such mailbox' };
  return argument.includes('busy@') ? { answer: '451 4.3.0 try later' } : undefined;
}

/** A switch whose demo account has a phone that works, one that is busy, and one that is gone. */
async function layOut(t: TestContext) {
  const sink = await MailSink.start({ script });
  atEnd(t, () => sink.stop());
  const running = await startSwitch(t, {
    settings: {
      'email.smartHost': `127.0.0.1:${sink.port}`,
      'policy.email.trials': TRIALS,
      'policy.email.retryMs': RETRIES,
    },
  });
  const { demo, signIn } = running;
  assert.ok(demo !== undefined && signIn !== undefined, running.output());
  const account = demo.name;
  for (const name of ['gone', 'busy', 'phone']) {
    const addresses = [{ channel: 'email', value: `${name}@example.net` }];
    await running.operate('device.add', { account, name, addresses });
  }
  async function use(id: string, ...steps: readonly string[]): Promise<void> {
    const asked = steps.map((endpoint) => ({ endpoints: [endpoint] }));
    const profile = { id, name: id, steps: asked, confirms: 'any', lastResort: 'dead' };
    await running.operate('profile.put', { account, profile });
    await running.operate('profile.use', { account, profile: id });
  }
  async function send(subject: string): Promise<string> {
    const ran = await running.command(
      'send',
      account,
      '--subject',
      subject,
      '--from',
      account,
      '--text',
      'Anybody there?',
      '--json',
    );
    assert.equal(ran.code, 0, ran.stderr);
    return JSON.parse(ran.stdout).id;
  }
  return { running, signIn, account, use, send };
}

interface Scene {
  readonly running: SwitchProcess;
  readonly opened: OpenPage;
  readonly origin: string;
}

/** From the last step to the first, by key: what is outlined is what was recorded. */
async function stepThrough({ running, opened, origin }: Scene, id: string): Promise<void> {
  const { page } = opened;
  const { history } = await track(running, id);
  await page.goto(`${origin}/m/${id}`);
  for (let number = history.length; number > 0; number -= 1) {
    await page.locator(`[aria-current="step"][data-number="${number}"]`).waitFor();
    const state = history[number - 1]?.state ?? '';
    await page.locator(`svg.chart [data-state="${state}"]`).waitFor();
    assert.equal(await page.locator('svg.chart [data-state]').count(), 1);
    await page.keyboard.press('ArrowLeft');
  }
  await page.locator('svg.chart [data-state="received"]').waitFor();
  await page.keyboard.press('End');
  await page.locator(`[aria-current="step"][data-number="${history.length}"]`).waitFor();
}

async function look({ opened }: Scene, name: string): Promise<void> {
  await opened.shot(`message-${name}`);
  await assertFits(opened);
  await assertAccessible(opened);
}

interface Beside {
  readonly browser: TestBrowser;
  readonly running: SwitchProcess;
  readonly origin: string;
}

/** Who only wrote it sees its course, and no way of it. */
async function courseOfSender(t: TestContext, { browser, running, origin }: Beside): Promise<void> {
  await running.operate('account.create', { name: 'ann', password: 'a long enough word' });
  const words = ['--subject', 'Lunch?', '--from', 'ann', '--text', 'At noon?', '--json'];
  const { stdout } = await running.command('send', running.demo?.name ?? '', ...words);
  const { id } = JSON.parse(stdout);
  const opened = await browser.open(origin, { width: NARROW, colorScheme: 'dark' });
  const { page } = opened;
  await page.getByLabel('Name').fill('ann');
  await page.getByLabel('Password').fill('a long enough word');
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'Sent' }).waitFor();
  await page.goto(`${origin}/m/${id}`);
  await page.getByText('known to its recipient alone').waitFor();
  await look({ running, opened, origin }, 'course');
  assert.doesNotMatch((await page.locator('main').textContent()) ?? '', /busy|held|example\.net/);
  assert.deepEqual(
    opened.complaints.filter((text) => !text.includes('401')),
    [],
  );
  await opened.close();
  t.diagnostic(`the course of ${id} was seen`);
}

test('every step of every kind of message is drawn as it was recorded', TIMEOUT, async (t) => {
  const browser = await startBrowser(t);
  if (browser === undefined) return;
  const { running, signIn, account, use, send } = await layOut(t);
  const { origin } = new URL(signIn);
  const opened = await browser.open(signIn, { width: 1280 });
  const scene = { running, opened, origin };
  await opened.page.getByRole('link', { name: 'Messages' }).waitFor();
  assert.ok(!opened.asked.some(({ url }) => url.includes('elk')), 'elk came with the first page');

  await use('failover', 'gone', 'phone');
  const failedOver = await send('Server room 31 °C');
  await untilState(running, failedOver, 'confirmed');
  await stepThrough(scene, failedOver);
  await look(scene, 'failed-over');
  assert.ok(opened.asked.some(({ url }) => url.includes('elk')));

  await use('stubborn', 'busy');
  const dead = await send('Nobody takes this');
  await opened.page.goto(`${origin}/m/${dead}`);
  await opened.page.getByText('trial 6 of 6').waitFor();
  await look(scene, 'retrying');
  await opened.page.getByRole('button', { name: 'Try now' }).click();
  // It moves while one looks.
  await opened.page.locator('svg.chart [data-state="failed.dead"]').waitFor();
  await stepThrough(scene, dead);
  await look(scene, 'dead');

  const until = Date.now() + HOUR_MS;
  await running.operate('profile.quiet', { account, until, exceptions: [] });
  const held = await send('Held for later');
  await stepThrough(scene, held);
  await look(scene, 'held');

  await opened.page.emulateMedia({ colorScheme: 'dark' });
  await stepThrough(scene, failedOver);
  await look(scene, 'dark');
  await opened.page.emulateMedia({ colorScheme: 'light' });
  const phone = await browser.open(`${origin}/m/${dead}`, { width: NARROW, beside: opened });
  await phone.page.locator('[aria-current="step"][data-number]').waitFor();
  await look({ ...scene, opened: phone }, 'phone');
  await phone.page.getByRole('button', { name: 'Chart' }).click();
  await phone.page.locator('dialog svg.chart [data-state="failed.dead"]').waitFor();
  await phone.shot('message-phone-chart');
  await assertAccessible(phone);
  await phone.close();
  await courseOfSender(t, { browser, running, origin });

  await opened.page.goto(`${origin}/machines/message`);
  await opened.page.locator('svg.chart').waitFor();
  await look(scene, 'machine');
  assertAskedOnly(origin, opened);
  assert.deepEqual(opened.complaints, []);
});
