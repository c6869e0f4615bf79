/**
 * A notification in a real browser: from the message to the receipt. The push service between the
 * switch and the browser is ours (no other can be reached from a test): what it took is decrypted
 * and handed to the browser's service worker, as the browser itself would.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startBrowser } from '../harness/browser.js';
import { startPushService } from '../harness/push-service.js';
import { startSwitch } from '../harness/switch-process.js';

const TIMEOUT = { timeout: 120_000 };
const REGISTER =
  "navigator.serviceWorker.register('/sw.js').then(() => navigator.serviceWorker.ready)" +
  '.then((registration) => registration.scope)';
const SHOWN =
  'navigator.serviceWorker.ready.then((registration) => registration.getNotifications())' +
  '.then((all) => all.map(({ title, body, data }) => ({ title, body, data })))';

test('a closed page is told by a notification, which confirms the delivery', TIMEOUT, async (t) => {
  const browser = await startBrowser(t);
  if (browser === undefined) return;
  const service = await startPushService(t);
  const yaml = `web:\n  push:\n    services: ['${service.origin}']\n`;
  const on = await startSwitch(t, { yaml });
  await on.operate('account.create', { name: 'pat' });
  const address = { channel: 'web', value: JSON.stringify(service.subscription) };
  await on.operate('device.add', { account: 'pat', name: 'pushed', addresses: [address] });
  const steps = [{ endpoints: ['pushed'] }];
  const profile = { id: 'p', name: 'P', steps, confirms: 'any', lastResort: 'inbox' };
  await on.operate('profile.put', { account: 'pat', profile });
  await on.operate('profile.use', { account: 'pat', profile: 'p' });

  const link = (await on.operate('account.link', { account: 'pat' })) as { url: string };
  const { page, context } = await browser.open(link.url, { width: 1280 });
  const { origin } = new URL(page.url());
  await context.grantPermissions(['notifications'], { origin });
  const devtools = await context.newCDPSession(page);
  const registered = new Promise<string>((resolve) => {
    devtools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const [one] = registrations;
      if (one !== undefined) resolve(one.registrationId);
    });
  });
  await devtools.send('ServiceWorker.enable');
  assert.equal(await page.evaluate(REGISTER), `${origin}/`);
  const registrationId = await registered;

  const sent = await on.command('send', 'pat', '--subject', 'Look here', '--text', 'x', '--json');
  assert.equal(sent.code, 0, sent.stderr);
  const told = service.decrypted(await service.first()) as { open: string };
  const data = JSON.stringify(told);
  await devtools.send('ServiceWorker.deliverPushMessage', { origin, registrationId, data });
  const tracked = await on.command('track', 'last', '--wait', '--json');
  assert.equal(tracked.code, 0, `${tracked.stdout}${tracked.stderr}`);
  assert.match(tracked.stdout, /the browser shows the notification/);
  const [shown, ...more] = (await page.evaluate(SHOWN)) as { body: string; data: unknown }[];
  assert.equal(shown?.body, 'Look here');
  assert.deepEqual(shown?.data, { open: told.open });
  assert.deepEqual(more, []);
});
