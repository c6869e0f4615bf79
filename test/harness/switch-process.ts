/**
 * A whole switch in a process of its own, started as a program would start it:
 * `node dist/runtime/main.js start --json`, with a data directory and ports of its own.
 *
 * Stages: spawn · wait for the one line that says `ready` · work · stop (SIGTERM, drains) or kill
 * (SIGKILL, as a power cut to the process). The same data directory may be started again.
 * Invariant: no process outlives its test.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { callControl } from '../../runtime/control.js';
import { atEnd } from './at-end.js';
import { temporaryFolder } from './files.js';
import { type Ran, run, untilExit } from './program.js';

export const MAIN = join(import.meta.dirname, '../../runtime/main.js');

const READY_MS = 30_000;
const LOOPBACK: Readonly<Record<string, string>> = {
  'email.listen': '127.0.0.1:0',
  'http.listen': '127.0.0.1:0',
};

export interface SwitchOptions {
  /** Absent: a new one. */
  readonly data?: string;
  /** Settings as flags; ports are free ones unless said otherwise. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Text of patchboard.yaml, for what has no flag. With it there is no demo account. */
  readonly yaml?: string;
  /** A program in front, e.g. `strace -f -e inject=…`. */
  readonly wrapper?: readonly string[];
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export interface Demo {
  readonly name: string;
  readonly address: string;
  readonly password: string;
}

export interface SwitchProcess {
  readonly data: string;
  readonly child: ChildProcess;
  /** "127.0.0.1:12345" by channel, and `http`. */
  readonly addresses: Readonly<Record<string, string>>;
  readonly demo: Demo | undefined;
  /** A link that signs the demo subscriber in, once. */
  readonly signIn: string | undefined;
  /** Everything it said so far, for the diagnosis of a failure. */
  output(): string;
  /** SIGTERM, then waits; the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL, then waits. */
  kill(): Promise<void>;
  /** Resolves when it is gone, however it went; the exit code, null after a signal. */
  exited(): Promise<number | null>;
  /** `patchboard <args>` on its data directory. */
  command(...args: string[]): Promise<Ran>;
  /** An operation through its control socket; rejects when it is refused. */
  operate(name: string, argument: unknown): Promise<unknown>;
}

interface Ready {
  readonly addresses: Readonly<Record<string, string>>;
  readonly demo?: Demo;
  readonly signIn?: string;
}

/** Starts a switch; rejects with its words when it ends, or takes too long, before it is ready. */
export async function startSwitch(
  t: Pick<TestContext, 'after'>,
  options: SwitchOptions = {},
): Promise<SwitchProcess> {
  const data = options.data ?? join(temporaryFolder(t), 'data');
  const flags = flagsOf(t, data, options);
  const [command = '', ...args] = [
    ...(options.wrapper ?? []),
    process.execPath,
    '--enable-source-maps',
    MAIN,
    'start',
    '--json',
    ...flags,
  ];
  const environment = cleanEnvironment(options.environment);
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: environment });
  atEnd(t, () => end(child, 'SIGKILL'));
  const heard = { text: '' };
  const ready = await untilReady(child, heard);
  return {
    data,
    child,
    addresses: ready.addresses,
    demo: ready.demo,
    signIn: ready.signIn,
    output: () => heard.text,
    stop: async () => {
      await end(child, 'SIGTERM');
      return child.exitCode;
    },
    kill: () => end(child, 'SIGKILL'),
    exited: async () => {
      await untilExit(child);
      return child.exitCode;
    },
    command: (...words) => patchboard(words, flags, environment),
    operate: (name, argument) => operate(data, name, argument),
  };
}

async function operate(data: string, name: string, argument: unknown): Promise<unknown> {
  const answer = await callControl(data, name, argument);
  if (answer?.ok === true) return answer.value;
  throw new Error(`${name}: ${answer?.message ?? `no switch runs in ${data}`}`);
}

/** One command of the command line, with the flags of a started switch. */
function patchboard(
  words: readonly string[],
  flags: readonly string[],
  environment: Record<string, string | undefined>,
): Promise<Ran> {
  return run(process.execPath, [MAIN, ...words, ...flags], { environment });
}

function flagsOf(t: Pick<TestContext, 'after'>, data: string, options: SwitchOptions): string[] {
  const settings = { ...LOOPBACK, ...options.settings, data };
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  if (options.yaml === undefined) return flags;
  const file = join(temporaryFolder(t), 'patchboard.yaml');
  writeFileSync(file, options.yaml);
  return [...flags, '--config', file];
}

/** Nothing of the environment of the tests configures the switch. */
export function cleanEnvironment(
  more: Readonly<Record<string, string | undefined>> = {},
): Record<string, string | undefined> {
  const rest = Object.entries(process.env).filter(([name]) => !name.startsWith('PATCHBOARD_'));
  return { ...Object.fromEntries(rest), NODE_TEST_CONTEXT: undefined, ...more };
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  child.kill(signal);
  await untilExit(child);
}

function untilReady(child: ChildProcess, heard: { text: string }): Promise<Ready> {
  return new Promise((resolve, reject) => {
    const fail = (what: string): void => {
      clearTimeout(limit);
      reject(new Error(`the switch ${what} before it was ready:\n${heard.text}`));
    };
    const limit = setTimeout(() => {
      child.kill('SIGKILL');
      fail(`took more than ${READY_MS} ms`);
    }, READY_MS);
    child.on('error', (error) => fail(`did not start (${error.message})`));
    child.on('exit', (code, signal) => fail(`ended with ${code ?? signal}`));
    let rest = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      heard.text += text;
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      const ready = lines.map(readReady).find((line) => line !== undefined);
      if (ready === undefined) return;
      clearTimeout(limit);
      resolve(ready);
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      heard.text += text;
    });
  });
}

function readReady(line: string): Ready | undefined {
  if (!line.startsWith('{')) return undefined;
  const parsed: unknown = JSON.parse(line);
  return isReady(parsed) ? parsed : undefined;
}

function isReady(value: unknown): value is Ready {
  return (
    typeof value === 'object' &&
    value !== null &&
    'ready' in value &&
    value.ready === true &&
    'addresses' in value
  );
}
