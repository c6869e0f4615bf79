/**
 * `npm run dev -- [flags of start]`: the switch from source, built anew at every change and
 * started again. Node 20 runs no TypeScript, so the compiler watches and Node watches the build.
 */

import { spawn } from 'node:child_process';
import { join } from 'node:path';
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

/** Ends both when either ends, and on Ctrl-C. */
function stop(): void {
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
