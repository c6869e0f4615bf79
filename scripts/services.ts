/**
 * The real parts that tests and benchmarks talk to: mail clients, other mail servers, tools that
 * make faults. `npm run services` gets all of them and says what it did.
 *
 * Order for every program: the path given in the environment (PATCHBOARD_TEST_SWAKS=/opt/swaks),
 * then the PATH with the sbin folders, then Debian's package. Packages are installed only by
 * `npm run services` or under CI, only as root, one installation at a time, and without starting
 * anything: a mail server that arrives with its package is left stopped.
 */

import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SERVICES = {
  swaks: { packages: ['swaks', 'libnet-ssleay-perl'], programs: ['swaks'] },
  curl: { packages: ['curl'], programs: ['curl'] },
  mutt: { packages: ['mutt'], programs: ['mutt'] },
  python3: { packages: ['python3'], programs: ['python3'] },
  postfix: {
    packages: ['postfix'],
    programs: ['postfix', 'postconf', 'postqueue', 'smtp-sink', 'smtp-source'],
  },
  fiu: { packages: ['fiu-utils', 'libfiu-dev'], programs: ['fiu-run', 'fiu-ctrl'] },
  strace: { packages: ['strace'], programs: ['strace'] },
  loop: {
    packages: ['e2fsprogs', 'mount', 'util-linux'],
    programs: ['mkfs.ext4', 'losetup', 'mount', 'umount'],
  },
  network: { packages: ['iproute2'], programs: ['ip'] },
  chromium: { packages: ['chromium'], programs: ['chromium'] },
} as const;

export type ServiceName = keyof typeof SERVICES;
export type ProgramOf<Name extends ServiceName> = (typeof SERVICES)[Name]['programs'][number];

export const SERVICE_NAMES = Object.keys(SERVICES).filter(isServiceName);

export interface Service<Name extends ServiceName = ServiceName> {
  readonly name: Name;
  /** The path of each program. */
  readonly programs: Readonly<Record<ProgramOf<Name>, string>>;
  /** For people: where it came from. */
  readonly how: string;
}

/** What is missing and how to get it. */
export interface Missing {
  readonly missing: string;
}

const SBIN = ['/usr/local/sbin', '/usr/sbin', '/sbin'];
const LOCK = join(tmpdir(), 'patchboard-services.lock');
/** Debian asks policy-rc.d before it starts the service of a package just installed. */
const START_NOTHING = [
  'p=/usr/sbin/policy-rc.d',
  'hold() { trap "rm -f $p" EXIT; printf "#!/bin/sh\\nexit 101\\n" >$p; chmod 755 $p; }',
  '[ -e $p ] || hold',
].join('; ');

function isServiceName(name: string): name is ServiceName {
  return name in SERVICES;
}

function variableOf(program: string): string {
  return `PATCHBOARD_TEST_${program.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function findProgram(program: string): { path: string; how: string } | undefined {
  const variable = variableOf(program);
  const given = process.env[variable];
  if (given !== undefined && given !== '') {
    return isProgram(given) ? { path: given, how: `given by ${variable}` } : undefined;
  }
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...SBIN];
  const path = folders.map((folder) => join(folder, program)).find(isProgram);
  return path === undefined ? undefined : { path, how: `found as ${path}` };
}

interface Look<Name extends ServiceName> {
  readonly service: Service<Name> | undefined;
  readonly absent: readonly string[];
}

function look<Name extends ServiceName>(name: Name): Look<Name> {
  const wanted: readonly string[] = SERVICES[name].programs;
  const found = wanted.map((program) => ({ program, at: findProgram(program) }));
  const absent = found.filter(({ at }) => at === undefined).map(({ program }) => program);
  const programs = Object.fromEntries(found.map(({ program, at }) => [program, at?.path ?? '']));
  const how = found[0]?.at?.how ?? '';
  const complete = absent.length === 0 && hasPrograms(name, programs);
  return { service: complete ? { name, programs, how } : undefined, absent };
}

function hasPrograms<Name extends ServiceName>(
  name: Name,
  paths: Record<string, string>,
): paths is Record<ProgramOf<Name>, string> {
  return SERVICES[name].programs.every((program) => (paths[program] ?? '') !== '');
}

interface Ran {
  readonly ok: boolean;
  readonly output: string;
}

function run(command: string, args: readonly string[]): Promise<Ran> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
  });
  let output = '';
  const keep = (text: string): void => {
    output += text;
  };
  child.stdout.setEncoding('utf8').on('data', keep);
  child.stderr.setEncoding('utf8').on('data', keep);
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ ok: false, output: error.message }));
    child.on('close', (code) => resolve({ ok: code === 0, output }));
  });
}

/**
 * Installs packages, the package lists fetched only if that fails: on a new machine, or one whose
 * lists are old. Under the lock, so that test files which run at once wait for each other.
 */
function install(packages: readonly string[]): Promise<Ran> {
  const get = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  const script = `${START_NOTHING}; ${get} || { apt-get update && ${get}; }`;
  return run('flock', [LOCK, 'sh', '-c', script]);
}

function mayInstall(): boolean {
  return (process.env['CI'] ?? '') !== '' && process.getuid?.() === 0;
}

async function obtain<Name extends ServiceName>(
  name: Name,
  options: { readonly install: boolean },
): Promise<Service<Name> | Missing> {
  const first = look(name);
  if (first.service !== undefined) return first.service;
  const packages = SERVICES[name].packages.join(' ');
  const hint = `${name}: no ${first.absent.join(', ')} here; run "npm run services" as root, or `;
  const missing = `${hint}install ${packages}, or set ${first.absent.map(variableOf).join(', ')}`;
  if (!options.install) return { missing };
  const installed = await install(SERVICES[name].packages);
  const second = look(name);
  if (second.service !== undefined) return { ...second.service, how: `installed ${packages}` };
  const lastLines = installed.output.trimEnd().split('\n').slice(-3).join(' | ');
  return { missing: `${missing}; installing it failed: ${lastLines}` };
}

/** Finds a service, and under CI as root installs it if it is not there. */
export function need<Name extends ServiceName>(name: Name): Promise<Service<Name> | Missing> {
  return obtain(name, { install: mayInstall() });
}

/** Gets every service, one after the other, and says what it did. */
async function obtainAll(): Promise<boolean> {
  const isRoot = process.getuid?.() === 0;
  let complete = true;
  for (const name of SERVICE_NAMES) {
    const service = await obtain(name, { install: isRoot });
    const words = 'missing' in service ? `MISSING ${service.missing}` : service.how;
    complete &&= !('missing' in service);
    console.log(`${name.padEnd(10)}${words}`);
  }
  return complete;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = (await obtainAll()) ? 0 : 1;
}
