/** The built page and the headers of every answer. */

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { readPageFiles } from '../../../runtime/gateway/page-files.js';
import { temporaryFolder } from '../../harness/files.js';
import { aGateway, askAt } from './a-gateway.js';

const SCRIPT = `console.log(${JSON.stringify('patch '.repeat(500))});\n`;

function aPage(t: TestContext): string {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'assets'));
  mkdirSync(join(folder, '.vite'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>the page</title>');
  writeFileSync(join(folder, 'sw.js'), '// worker');
  writeFileSync(join(folder, 'manifest.webmanifest'), '{}');
  writeFileSync(join(folder, 'assets', 'index-AbCd1234.js'), SCRIPT);
  writeFileSync(join(folder, '.vite', 'manifest.json'), '{}');
  writeFileSync(join(folder, 'app.tsx'), 'source');
  return folder;
}

describe('the page', () => {
  it('is the same document at each of its addresses, and is asked for anew', async (t) => {
    const { open, ask } = await aGateway(t, { files: readPageFiles(aPage(t)) });
    open();
    for (const path of ['/', '/m/abc?step=7', '/m/<a@b.example>', '/settings', '/login']) {
      const got = await ask({ path });
      assert.equal(got.status, 200, path);
      assert.match(got.text, /the page/);
      assert.equal(got.headers['cache-control'], 'no-store');
    }
  });

  it('keeps what has a hash in its name for ever, compressed once', async (t) => {
    const files = readPageFiles(aPage(t));
    const { open, ask } = await aGateway(t, { files });
    open();
    const path = '/page/assets/index-AbCd1234.js';
    const got = await ask({ path });
    assert.equal(got.text, SCRIPT);
    assert.match(got.headers['cache-control'] ?? '', /immutable/);
    assert.equal(got.headers.vary, 'Accept-Encoding');
    const br = await files.at(path, 'gzip, deflate, br');
    assert.equal(br?.headers['content-encoding'], 'br');
    assert.equal(brotliDecompressSync(br?.body ?? '').toString(), SCRIPT);
    assert.equal((await files.at(path, 'gzip, br'))?.body, br?.body, 'not compressed again');
    const gz = await files.at(path, 'gzip, br;q=0');
    assert.equal(gz?.headers['content-encoding'], 'gzip');
    assert.equal(gunzipSync(gz?.body ?? '').toString(), SCRIPT);
    assert.equal((await files.at(path, 'identity'))?.headers['content-encoding'], undefined);
  });

  it('has its service worker and its manifest at the root', async (t) => {
    const { open, ask } = await aGateway(t, { files: readPageFiles(aPage(t)) });
    open();
    const worker = await ask({ path: '/sw.js' });
    assert.equal(worker.text, '// worker');
    assert.match(worker.headers['content-type'] ?? '', /^text\/javascript/);
    const manifest = await ask({ path: '/manifest.webmanifest' });
    assert.match(manifest.headers['content-type'] ?? '', /^application\/manifest\+json/);
  });

  it('has nothing else: no sources, no folders, no way up', async (t) => {
    const { open, ask } = await aGateway(t, { files: readPageFiles(aPage(t)) });
    open();
    for (const path of [
      '/page/',
      '/page/app.tsx',
      '/page/.vite/manifest.json',
      '/page/index.html',
      '/page/../../package.json',
      '/page/%2e%2e/%2e%2e/package.json',
      '/page/assets/..%2fsw.js',
      '/page/assets/index-AbCd1234.js/',
      '/favicon.ico',
      '/wp-login.php',
      '/c/nobody/x',
      '/c/',
    ]) {
      assert.equal((await ask({ path })).status, 404, path);
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      assert.equal((await ask({ method, path: '/' })).status, 405, method);
    }
  });

  it('says so when it was not built', async (t) => {
    const { open, ask } = await aGateway(t, { files: readPageFiles('/nowhere') });
    open();
    const got = await ask({ path: '/' });
    assert.equal(got.status, 503);
    assert.match(got.text, /npm run prepare/);
  });
});

describe('every answer', () => {
  it('has a policy without inline script and the other headers, whatever it is', async (t) => {
    const world = await aGateway(t, { files: readPageFiles(aPage(t)) });
    const { open, port, host, signIn, own } = world;
    const starting = await askAt(port, host, { path: '/' });
    assert.equal(starting.status, 503);
    open();
    const cookie = await signIn();
    const post = { method: 'POST', headers: { ...own, cookie }, body: '{}' };
    const answers = await Promise.all([
      askAt(port, host, { path: '/' }),
      askAt(port, host, { path: '/page/assets/index-AbCd1234.js' }),
      askAt(port, host, { path: '/page/none.js' }),
      askAt(port, host, { path: '/healthz' }),
      askAt(port, host, { path: '/metrics' }),
      askAt(port, host, { ...post, path: '/api/me' }),
      askAt(port, host, { path: '/api/me' }),
      askAt(port, host, { path: '/api/part', headers: { cookie } }),
      askAt(port, host, { method: 'DELETE', path: '/api/me' }),
      askAt(port, 'evil.example', { path: '/' }),
      askAt(port, 'a b', { path: '/' }),
    ]);
    for (const { status, headers } of [starting, ...answers]) {
      const policy = String(headers['content-security-policy']);
      assert.match(policy, /default-src '(self|none)'/, String(status));
      assert.match(policy, /frame-ancestors 'none'/);
      assert.match(policy, /base-uri 'none'/);
      assert.doesNotMatch(policy, /unsafe|\*/);
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['referrer-policy'], 'no-referrer');
      assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
      assert.match(String(headers['permissions-policy']), /camera=\(\)/);
      assert.equal(headers['strict-transport-security'], undefined, 'only under HTTPS');
      assert.equal(headers['x-powered-by'], undefined);
    }
  });
});
