/** Programs that tests run: to their end, or in the background until the test is over. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { atEnd } from './at-end.js';

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly folder?: string;
  /** After this time it is killed, and the promise rejects with what it had said. */
  readonly withinMs?: number;
}

const WITHIN_MS = 60_000;

/** Runs a program to its end. */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Ran> {
  const child = spawn(command, args, {
    stdio: 'pipe',
    env: { ...process.env, ...options.environment },
    ...(options.folder !== undefined && { cwd: options.folder }),
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  // A program may end without having read its input.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  let late = false;
  const limit = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, options.withinMs ?? WITHIN_MS);
  const [code] = await once(child, 'close');
  clearTimeout(limit);
  if (late) throw new Error(`${command} ${args.join(' ')} did not end: ${stdout}${stderr}`);
  return { code: typeof code === 'number' ? code : null, stdout, stderr };
}

/** Resolves when the process is gone, however it went. */
export async function untilExit(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

/** Starts a program for the length of a test; its output is shown when it ends too early. */
export function background(
  t: Pick<TestContext, 'after' | 'diagnostic'>,
  command: string,
  args: readonly string[],
): ChildProcess {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let over = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  child.on('exit', (code) => {
    if (!over) t.diagnostic(`${command} ended too early with ${code}: ${output}`);
  });
  atEnd(t, async () => {
    over = true;
    child.kill('SIGTERM');
    await untilExit(child);
  });
  return child;
}
