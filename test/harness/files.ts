/** Folders and ports that a test has for itself. */

import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { atEnd } from './at-end.js';

/** A folder that is removed after the test. Other users may look in: mail servers are some. */
export function temporaryFolder(t: Pick<TestContext, 'after'>): string {
  const folder = mkdtempSync(join(tmpdir(), 'patchboard-test-'));
  chmodSync(folder, 0o755);
  atEnd(t, () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A port that was free a moment ago, for programs that cannot say which one they took. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const TRY_AGAIN_MS = 10;

/** Resolves when something listens on the port; there is no event for that, so it asks. */
export function untilListening(port: number, options: { readonly withinMs: number }) {
  const started = performance.now();
  return new Promise<void>((resolve, reject) => {
    const attempt = (): void => {
      const socket = connect(port, '127.0.0.1');
      socket.on('connect', () => {
        socket.destroy();
        resolve();
      });
      socket.on('error', (error) => {
        if (performance.now() - started > options.withinMs) reject(error);
        else setTimeout(attempt, TRY_AGAIN_MS);
      });
    };
    attempt();
  });
}
