/**
 * What a process and its children have cost, from /proc (Linux): CPU of the whole tree, children
 * that have ended included, and memory of one process.
 */

import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ, which Linux gives to programs as 100 everywhere. */
const TICK_MS = 10;

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: number;
}

function readStat(pid: string): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name before it may hold blanks and brackets.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    // utime, stime, cutime, cstime: fields 14 to 17 of proc(5), the first here being the third.
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return { pid: Number(pid), parent: Number(fields[1]), ticks };
  } catch {
    return undefined;
  }
}

/** CPU of a process, its children and theirs so far, in milliseconds; 10 ms is the resolution. */
export function cpuMsOf(root: number): number {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readStat(name) ?? []);
  const family = new Set([root]);
  // A child's number may be smaller than its parent's: again until nobody joins.
  for (let size = 0; size !== family.size; ) {
    size = family.size;
    for (const { pid, parent } of all) if (family.has(parent)) family.add(pid);
  }
  const ticks = all.filter(({ pid }) => family.has(pid)).reduce((sum, one) => sum + one.ticks, 0);
  return ticks * TICK_MS;
}

export interface Memory {
  /** Of the process alone: heap, buffers, stacks. */
  readonly anonymousMiB: number;
  /** Pages of mapped files, the store's among them; the system takes them back as it needs. */
  readonly fileMiB: number;
}

export function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const mebibytes = (name: string): number =>
    Math.round(Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) / 1024);
  return { anonymousMiB: mebibytes('RssAnon'), fileMiB: mebibytes('RssFile') };
}
