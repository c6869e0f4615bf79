/**
 * A machine that nobody has drawn before: the test puts it into the registry of a whole switch, and
 * the page lists and draws it, every state and every transition, without a line written for it.
 */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { channels } from '../../actors/channels/index.js';
import type { Log } from '../../actors/machinery.js';
import { machines } from '../../actors/machines.js';
import { systemClock } from '../../runtime/clock.js';
import { loadConfig } from '../../runtime/config.js';
import { drawMachine } from '../../runtime/console/history/drawing.js';
import { type Serving, serve } from '../../runtime/serve.js';
import { must } from '../acceptance/a-switch.js';
import { aMachine } from '../harness/a-machine.js';
import { atEnd } from '../harness/at-end.js';
import { assertAccessible, assertAskedOnly, startBrowser } from '../harness/browser.js';
import { temporaryFolder } from '../harness/files.js';

const TIMEOUT = { timeout: 120_000 };
const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };
const NAME = 'player';

async function aServer(t: TestContext): Promise<Serving> {
  const directory = temporaryFolder(t);
  const settings = {
    data: join(directory, 'data'),
    'http.listen': '127.0.0.1:0',
    'email.listen': '127.0.0.1:0',
  };
  const flags = new Map(Object.entries(settings));
  const loaded = loadConfig({ channels, flags, environment: {}, directory });
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.problems.join('\n'));
  const { config } = loaded;
  const serving = await serve({
    config,
    clock: systemClock(),
    log: SILENT,
    channels,
    machines: [...machines, { name: NAME, machine: aMachine }],
    reload: () => ({ ok: true, config }),
    onFatal: (error) => assert.fail(error),
  });
  atEnd(t, () => serving.stop());
  return serving;
}

test('a machine of the registry is listed and drawn whoever wrote it', TIMEOUT, async (t) => {
  const browser = await startBrowser(t);
  if (browser === undefined) return;
  const serving = await aServer(t);
  const { id } = must(await serving.running.accounts.create({ name: 'ada' }));
  const link = await serving.signInLink(id);
  assert.ok(link);
  const opened = await browser.open(link, { width: 1280 });
  const { page } = opened;
  const { origin } = new URL(link);
  await page.getByRole('heading').first().waitFor();
  await page.goto(`${origin}/machines`);
  await page.getByRole('link', { name: NAME }).click();
  const chart = page.locator('svg.chart');
  await chart.waitFor();
  const words = (await chart.textContent()) ?? '';
  const { nodes, edges } = drawMachine({ name: NAME, machine: aMachine });
  assert.ok(nodes.length > 3 && edges.length > 3);
  for (const { label } of nodes) assert.ok(words.includes(label), label);
  for (const { event } of edges) assert.ok(words.includes(event || 'at once'), event);
  await opened.shot('machine-unknown');
  await assertAccessible(opened);
  assertAskedOnly(origin, opened);
  assert.deepEqual(opened.complaints, []);
});
