/**
 * One writer for a data directory: `writer.lock` names the process that holds it. A lock whose
 * holder is dead is taken over, so that a crash needs no hand.
 *
 * Stages: the claim is written beside the lock and linked to it, which is atomic and fails if
 * there is one; a stale one is first renamed away, so that of two takers one wins.
 *
 * Invariants: a process is the holder only if its number and its start time match, because numbers
 * are used again (in a container every start has the same). Where the system does not tell start
 * times, the number alone counts.
 */

import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

export interface DirectoryLock {
  release(): void;
}

interface Holder {
  readonly pid: number;
  readonly started: string;
}

const LOCK_FILE = 'writer.lock';
const TAKE_OVER_TRIALS = 3;
/** Of /proc/<pid>/stat, counted after the command's closing parenthesis. */
const START_TIME_FIELD = 19;

/** Directories this process holds: its own number in a lock file means itself only then. */
const held = new Set<string>();

/** Throws, naming the holder, when another process (or this one) has the directory open. */
export function lockDirectory(directory: string): DirectoryLock {
  const path = join(directory, LOCK_FILE);
  const claim = `${path}.${process.pid}`;
  const mine = `${process.pid} ${startTime(process.pid)}\n`;
  writeFileSync(claim, mine, { mode: 0o600 });
  try {
    for (let trial = 0; trial < TAKE_OVER_TRIALS; trial += 1) {
      if (tryLink(claim, path)) return holdLock(directory, path);
      removeStale(directory, path);
    }
    throw new Error(`The lock ${path} changes hands all the time; try again.`);
  } finally {
    rmSync(claim, { force: true });
  }
}

/** New files are durable only when their directory is. */
export function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function holdLock(directory: string, path: string): DirectoryLock {
  held.add(directory);
  return {
    release() {
      if (!held.delete(directory)) return;
      rmSync(path, { force: true });
    },
  };
}

function tryLink(claim: string, path: string): boolean {
  try {
    linkSync(claim, path);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

function removeStale(directory: string, path: string): void {
  const holder = readHolder(path);
  if (!holder) return;
  if (isAlive(directory, holder)) {
    throw new Error(
      `The data directory ${directory} is in use by process ${holder.pid}: stop it first, ` +
        'or choose another directory.',
    );
  }
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  const moved = readHolder(aside);
  // Somebody took the lock between our look and our rename: it is put back.
  if (moved && isAlive(directory, moved)) tryLink(aside, path);
  rmSync(aside, { force: true });
}

function readHolder(path: string): Holder | undefined {
  try {
    const [pid = '', started = ''] = readFileSync(path, 'utf8').trim().split(' ');
    return { pid: Number(pid), started };
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function isAlive(directory: string, holder: Holder): boolean {
  if (!Number.isInteger(holder.pid) || holder.pid <= 0) return false;
  if (holder.pid === process.pid) return held.has(directory);
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if (hasCode(error, 'ESRCH')) return false;
  }
  const started = startTime(holder.pid);
  return started === '' || holder.started === '' || started === holder.started;
}

/** Empty where the system does not tell; `dead` of a process that waits for its parent's notice. */
function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? 'dead' : (fields[START_TIME_FIELD] ?? '');
  } catch {
    return '';
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
