/**
 * Two people, two browsers: what one writes arrives at the other, is read, and the writer sees it;
 * the answer threads. Meanwhile the switch is killed and started again: nothing is lost, nothing
 * comes twice, and neither page is loaded anew.
 */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type OpenPage, startBrowser, type TestBrowser } from '../harness/browser.js';
import { freePort, temporaryFolder } from '../harness/files.js';
import { type SwitchProcess, startSwitch } from '../harness/switch-process.js';

const TIMEOUT = { timeout: 180_000 };

interface Person {
  readonly name: string;
  readonly opened: OpenPage;
}

/** A switch that comes back where it was, whatever happens to it. */
interface Place {
  running: SwitchProcess;
  start(): Promise<void>;
}

async function switchAt(t: TestContext): Promise<Place> {
  const settings = {
    'http.listen': `127.0.0.1:${await freePort()}`,
    'email.listen': `127.0.0.1:${await freePort()}`,
  };
  const data = join(temporaryFolder(t), 'data');
  const place: Place = {
    running: await startSwitch(t, { data, settings }),
    start: async () => {
      place.running = await startSwitch(t, { data, settings });
    },
  };
  return place;
}

async function signIn(
  browser: TestBrowser,
  { running }: Place,
  wanted: { readonly name: string; readonly width: number },
): Promise<Person> {
  const { name, width } = wanted;
  const added = await running.command('account', 'add', name);
  assert.equal(added.code, 0, added.stderr);
  const link = await running.command('account', 'link', name);
  const opened = await browser.open(link.stdout.trim(), { width });
  const { page } = opened;
  await page.getByRole('link', { name: 'Messages', exact: true }).click();
  await page.getByRole('heading', { name: 'Messages', exact: true }).waitFor();
  // Gone if the page is ever loaded anew.
  await page.evaluate("window.sameDocument = 'yes'");
  return { name, opened };
}

async function write(
  { opened: { page } }: Person,
  message: { readonly to: string; readonly subject: string; readonly text: string },
): Promise<void> {
  await page.getByRole('button', { name: 'Write', exact: true }).click();
  const form = page.getByRole('dialog', { name: 'New message' });
  await form.getByLabel('To', { exact: true }).fill(message.to);
  await form.getByLabel('Subject').fill(message.subject);
  await form.getByLabel('Message', { exact: true }).fill(message.text);
  await form.getByRole('button', { name: 'Send' }).click();
}

/** Opens the conversation from the list: a click, as a reader does. */
async function openFromList({ opened: { page } }: Person, subject: string): Promise<void> {
  await page.getByRole('link', { name: subject }).first().click();
}

async function openSent(person: Person, subject: string): Promise<void> {
  await person.opened.page.getByRole('link', { name: 'Sent', exact: true }).click();
  await openFromList(person, subject);
}

function letters({ opened: { page } }: Person, text: string) {
  return page.locator('article.letter', { hasText: text });
}

/** Keys of the letters that the open conversation shows. */
async function keysShown({ opened: { page } }: Person): Promise<readonly string[]> {
  return page
    .locator('article.letter')
    .evaluateAll((all) => all.map((one) => one.getAttribute('data-key') ?? ''));
}

/** Subjects in the person's inbox, as the switch itself tells them. */
async function inboxOf(place: Place, name: string): Promise<readonly string[]> {
  const listed = await place.running.command('inbox', name, '--json');
  assert.equal(listed.code, 0, listed.stderr);
  const { messages }: { messages: readonly { subject?: string }[] } = JSON.parse(listed.stdout);
  return messages.map(({ subject = '' }) => subject);
}

async function assertSameDocument({ name, opened: { page } }: Person): Promise<void> {
  assert.equal(await page.evaluate('window.sameDocument'), 'yes', `${name}'s page was loaded anew`);
}

/** The request arrives, its answer does not: the writer cannot know. */
async function loseNextAnswer({ opened: { page } }: Person): Promise<void> {
  await page.route(
    '**/send',
    async (route) => {
      await route.fetch();
      await route.abort();
    },
    { times: 1 },
  );
}

async function writtenAndRead(ada: Person, bob: Person): Promise<void> {
  await write(ada, { to: 'bob', subject: 'Tea', text: 'At four?' });
  await bob.opened.page.getByText('Tea', { exact: true }).waitFor();
  await bob.opened.shot('two-browsers-list');
  await openFromList(bob, 'Tea');
  await letters(bob, 'At four?').waitFor();
  await openSent(ada, 'Tea');
  await letters(ada, 'At four?').getByText('read', { exact: true }).waitFor();
}

/** The switch is dead while the answer is written; it goes when the switch is back. */
async function answeredThroughAKill(place: Place, ada: Person, bob: Person): Promise<void> {
  await place.running.kill();
  const { page } = bob.opened;
  await page.locator('.line-lost').waitFor();
  await page.getByLabel(/^Answer/).fill('At five.');
  await page.keyboard.press('Control+Enter');
  await page.getByRole('button', { name: 'Try again' }).first().waitFor();
  await bob.opened.shot('two-browsers-unsure');
  await place.start();
  await letters(ada, 'At five.').waitFor();
  await letters(bob, 'At five.').getByText('read', { exact: true }).waitFor();
  await ada.opened.shot('two-browsers-thread');
  assert.equal((await keysShown(ada)).length, 2, 'the answer stands in the same conversation');
  assert.deepEqual(await keysShown(bob), await keysShown(ada));
}

/** The switch has it, the writer does not know, the switch is killed: sent again, it is one. */
async function notTwice(place: Place, ada: Person, bob: Person): Promise<void> {
  await loseNextAnswer(ada);
  const { page } = ada.opened;
  await page.getByLabel(/^Answer/).fill('Five it is.');
  await page.keyboard.press('Control+Enter');
  await page.getByRole('button', { name: 'Try again' }).first().waitFor();
  await letters(bob, 'Five it is.').waitFor();
  await place.running.kill();
  await page.locator('.line-lost').waitFor();
  const sentAgain = page.waitForResponse((response) => response.url().endsWith('/send'));
  await place.start();
  assert.equal((await sentAgain).status(), 200);
  await letters(ada, 'Five it is.').getByText('read', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Try again' }).waitFor({ state: 'detached' });
  const keys = await keysShown(ada);
  assert.equal(new Set(keys).size, 3);
  assert.equal(keys.length, 3);
  assert.deepEqual(await keysShown(bob), keys);
}

test(
  'two browsers: written, read, answered, through two kills of the switch',
  TIMEOUT,
  async (t) => {
    const browser = await startBrowser(t);
    if (browser === undefined) return;
    const place = await switchAt(t);
    const ada = await signIn(browser, place, { name: 'ada', width: 1280 });
    const bob = await signIn(browser, place, { name: 'bob', width: 390 });
    await writtenAndRead(ada, bob);
    await answeredThroughAKill(place, ada, bob);
    await notTwice(place, ada, bob);
    await assertSameDocument(ada);
    await assertSameDocument(bob);
    assert.deepEqual(await inboxOf(place, 'bob'), ['Re: Tea', 'Tea']);
    assert.deepEqual(await inboxOf(place, 'ada'), ['Re: Tea']);
  },
);
