#!/usr/bin/env node
/**
 * The `patchboard` command: finds the command's file and runs it. Each command is loaded when it
 * is called, so that a short one answers at once.
 */

import { systemClock } from './clock.js';
import {
  type Command,
  EXIT,
  parseCall,
  type Surroundings,
  UsageError,
} from './command-line/call.js';
import { nearest } from './configuration/nearest.js';

interface Entry {
  readonly summary: string;
  load(): Promise<{ readonly command: Command }>;
}

const COMMANDS: Readonly<Record<string, Entry>> = {
  start: { summary: 'run the switch', load: () => import('./command-line/start.js') },
  setup: { summary: 'write patchboard.yaml', load: () => import('./command-line/setup.js') },
  doctor: {
    summary: 'what is wrong, and what to do',
    load: () => import('./command-line/doctor.js'),
  },
  status: { summary: 'what runs, and where', load: () => import('./command-line/status.js') },
  reload: {
    summary: 'read the configuration anew',
    load: () => import('./command-line/reload.js'),
  },
  config: { summary: 'check or print settings', load: () => import('./command-line/config.js') },
  send: { summary: 'send a message', load: () => import('./command-line/send.js') },
  inbox: { summary: "an account's messages", load: () => import('./command-line/inbox.js') },
  track: { summary: 'what happened to a message', load: () => import('./command-line/track.js') },
  explain: {
    summary: 'why it went where it went',
    load: () => import('./command-line/explain.js'),
  },
  replay: {
    summary: "run its events through today's machine",
    load: () => import('./command-line/replay.js'),
  },
  machines: {
    summary: 'the statecharts, and as XState JSON',
    load: () => import('./command-line/machines.js'),
  },
  queue: { summary: 'what waits, and for what', load: () => import('./command-line/queue.js') },
  dead: { summary: 'messages that found no way', load: () => import('./command-line/dead.js') },
  account: { summary: 'subscribers', load: () => import('./command-line/account.js') },
  device: { summary: "a subscriber's devices", load: () => import('./command-line/device.js') },
  profile: {
    summary: 'which devices, and when not to disturb',
    load: () => import('./command-line/profile.js'),
  },
  backup: { summary: 'copy the data, hot', load: () => import('./command-line/backup.js') },
  restore: { summary: 'put a copy back', load: () => import('./command-line/restore.js') },
};

/** Runs one command line; resolves to its exit code. */
export async function main(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    return overview(surroundings);
  }
  if (name === '--version' || name === 'version') {
    const { version } = await import('./version.js');
    surroundings.out(version());
    return EXIT.ok;
  }
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (entry === undefined) {
    const near = nearest(name, Object.keys(COMMANDS));
    const hint = near === undefined ? 'see patchboard --help' : `did you mean "${near}"?`;
    const unknown = new UsageError(`There is no command "${name}"; ${hint}`);
    return tellError(unknown, rest, surroundings);
  }
  const { command } = await entry.load();
  try {
    const call = parseCall(command, rest, surroundings);
    if (!call.help) return await command.run(call);
    surroundings.out(`patchboard ${command.help}`);
    return EXIT.ok;
  } catch (error) {
    return tellError(addHelp(error, name), rest, surroundings);
  }
}

function addHelp(error: unknown, name: string): unknown {
  if (!(error instanceof UsageError)) return error;
  return new UsageError(`${error.message}; see patchboard ${name} --help`);
}

/** With --json also what could not be understood is told as one JSON document. */
function tellError(error: unknown, args: readonly string[], { out, err }: Surroundings): number {
  const message = error instanceof Error ? error.message : String(error);
  const isUsage = error instanceof UsageError;
  const code = isUsage ? 'USAGE' : 'FAILED';
  if (args.includes('--json')) out(JSON.stringify({ ok: false, code, message }));
  else err(message);
  return isUsage ? EXIT.usage : EXIT.failed;
}

function overview({ out }: Surroundings): number {
  out('patchboard COMMAND [--json] [--config FILE] [--data DIRECTORY] [--SETTING VALUE]');
  out('');
  for (const [name, { summary }] of Object.entries(COMMANDS)) {
    out(`  ${name.padEnd(9)} ${summary}`);
  }
  out('');
  out('patchboard COMMAND --help tells more.');
  return EXIT.ok;
}

/** A reader that closed the pipe (`| head`) has seen enough. */
process.stdout.on('error', (error) => {
  if ('code' in error && error.code === 'EPIPE') process.exit(EXIT.ok);
});

const code = await main(process.argv.slice(2), {
  environment: process.env,
  directory: process.cwd(),
  clock: systemClock(),
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
});
process.exitCode = code;
