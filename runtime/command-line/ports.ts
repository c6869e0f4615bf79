/** Ports: whether one can be had, who holds it, and the next free one. */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { joinListen, splitListen } from '../gateway/listen.js';

/** So many ports after a taken one are tried. */
const NEXT_MAX = 50;
const LISTENING = '0A';

export type Probed = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** Whether this process may listen there now. */
export function probe(listen: string): Promise<Probed> {
  const { host, port } = splitListen(listen);
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => {
      const code = 'code' in error ? String(error.code) : error.message;
      resolve({ ok: false, reason: reasonOf(code, port) });
    });
    server.listen(port, host, () => server.close(() => resolve({ ok: true })));
  });
}

function reasonOf(code: string, port: number): string {
  if (code === 'EADDRINUSE')
    return `port ${port} is held by ${holderOf(port) ?? 'another program'}`;
  if (code === 'EACCES')
    return `port ${port} needs a right: CAP_NET_BIND_SERVICE, or a higher port`;
  if (code === 'EADDRNOTAVAIL') return 'this computer does not have that address';
  return `it cannot listen there (${code})`;
}

/** The next port that can be had, with the same host. */
export async function nextFree(listen: string): Promise<string | undefined> {
  const { host, port } = splitListen(listen);
  for (let next = port + 1; next <= port + NEXT_MAX; next += 1) {
    const candidate = joinListen(host, next);
    if ((await probe(candidate)).ok) return candidate;
  }
  return undefined;
}

/** "postfix (pid 812)", where the system tells. */
export function holderOf(port: number): string | undefined {
  const inodes = new Set(
    ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => inodesOf(table, port)),
  );
  if (inodes.size === 0) return undefined;
  for (const pid of readFolder('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const fd of readFolder(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(readLink(`/proc/${pid}/fd/${fd}`))?.[1];
      if (inode !== undefined && inodes.has(inode)) {
        return `${readText(`/proc/${pid}/comm`).trim()} (pid ${pid})`;
      }
    }
  }
  return undefined;
}

function inodesOf(table: string, port: number): string[] {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readText(table)
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((cells) => cells[1]?.endsWith(wanted) === true && cells[3] === LISTENING)
    .flatMap((cells) => cells[9] ?? []);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function readFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readLink(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return '';
  }
}
