/**
 * `npm run dev -- [flags of start]`: the switch and its page from source, built anew at every
 * change and started again. Node 20 runs no TypeScript, so the compiler watches and Node watches
 * the build; a page that was built anew counts as a change of the program.
 */

import { spawn } from 'node:child_process';
import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';
import { findRoot } from './root.js';

const root = findRoot();
const tsc = join(root, 'node_modules/typescript/bin/tsc');
const main = join(root, 'dist/runtime/main.js');

const compiler = spawn(process.execPath, [tsc, '--watch', '--preserveWatchOutput'], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
});
const flags = ['--watch', '--enable-source-maps', main, 'start', ...process.argv.slice(2)];
const server = spawn(process.execPath, flags, { cwd: root, stdio: 'inherit' });

/** Vite watches the page; each build of it after the first starts the switch again. */
async function watchPage(): Promise<() => Promise<void>> {
  const web = join(root, 'runtime/console/web');
  const watcher = await build({
    configFile: join(web, 'vite.config.ts'),
    logLevel: 'warn',
    build: { watch: {} },
  });
  if (!('on' in watcher)) throw new Error('Vite built the page once and does not watch it');
  let builds = 0;
  watcher.on('event', (event) => {
    if (event.code === 'ERROR') console.error(event.error.message);
    if (event.code !== 'END') return;
    builds += 1;
    const now = Date.now() / 1000;
    if (builds > 1) utimesSync(main, now, now);
  });
  return () => watcher.close();
}

const unwatch = await watchPage();

/** Ends all of them when one ends, and on Ctrl-C. */
function stop(): void {
  void unwatch();
  compiler.kill('SIGTERM');
  server.kill('SIGTERM');
}
process.on('SIGINT', stop);
process.on('SIGTERM', stop);
compiler.on('exit', stop);
server.on('exit', (code) => {
  process.exitCode = code ?? 0;
  stop();
});
