/** Health and metrics over a real port, before anything else answers. */

import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createGateway, type GatewayOptions } from '../../../runtime/gateway/create-gateway.js';
import { createMetrics } from '../../../runtime/metrics.js';
import { manualClock } from '../../harness/manual-clock.js';

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

function options(reasons: readonly string[]): GatewayOptions {
  const metrics = createMetrics({ version: '9.9.9', node: 'v0' });
  metrics.accepted('pager');
  metrics.attempted({ channel: 'pager', outcome: 'confirmed', tookMs: 250 });
  const queue = [{ state: 'routed', channel: 'pager', messages: 3, oldestAgeMs: 60_000 }];
  metrics.queueFrom(async () => ({ queue, dead: 2 }));
  return {
    http: { listen: '127.0.0.1:0', trustProxy: [] },
    clock: manualClock(),
    log: SILENT,
    notReady: () => reasons,
    metrics: () => metrics.text(),
  };
}

async function serving(t: TestContext, reasons: readonly string[] = []): Promise<string> {
  const gateway = await createGateway(options(reasons));
  t.after(() => gateway.stop());
  return `http://${gateway.address}`;
}

describe('health', () => {
  it('answers that the process lives and is ready', async (t) => {
    const url = await serving(t);
    assert.equal((await fetch(`${url}/healthz`)).status, 200);
    const ready = await fetch(`${url}/readyz`);
    assert.equal(ready.status, 200);
    assert.equal(await ready.text(), 'ready\n');
  });

  it('says why it is not ready, and lives all the same', async (t) => {
    const url = await serving(t, ['the disk is nearly full', 'stopping']);
    const ready = await fetch(`${url}/readyz`);
    assert.equal(ready.status, 503);
    assert.equal(await ready.text(), 'not ready\nthe disk is nearly full\nstopping\n');
    assert.equal((await fetch(`${url}/healthz`)).status, 200);
  });

  it('gives the metrics under their promised names', async (t) => {
    const answer = await fetch(`${await serving(t)}/metrics`);
    assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=/);
    const text = await answer.text();
    for (const line of [
      'patchboard_messages_accepted_total{channel="pager"} 1',
      'patchboard_delivery_attempts_total{channel="pager",outcome="confirmed"} 1',
      'patchboard_delivery_duration_seconds_sum{channel="pager"} 0.25',
      'patchboard_queue_messages{state="routed",channel="pager"} 3',
      'patchboard_queue_oldest_age_seconds{state="routed",channel="pager"} 60',
      'patchboard_dead_messages 2',
      'patchboard_build_info{version="9.9.9",node="v0"} 1',
    ]) {
      assert.ok(text.includes(line), line);
    }
  });

  it('refuses other methods, and says at other paths that it is not open yet', async (t) => {
    const url = await serving(t);
    assert.equal((await fetch(`${url}/readyz`, { method: 'POST' })).status, 405);
    const page = await fetch(`${url}/`);
    assert.equal(page.status, 503);
    assert.match(await page.text(), /starting or stopping/);
  });

  it('rejects when the port is taken', async (t) => {
    const { host } = new URL(await serving(t));
    const second = { ...options([]), http: { listen: host, trustProxy: [] } };
    await assert.rejects(createGateway(second), { code: 'EADDRINUSE' });
  });
});
