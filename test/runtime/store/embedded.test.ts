/** What only the embedded store promises: processes, disks, copies. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  type EmbeddedStore,
  openEmbeddedReader,
  openEmbeddedStore,
} from '../../../runtime/store/embedded.js';
import type { DocumentHead, NewDocument } from '../../../runtime/store/store.js';

const PROGRAM = fileURLToPath(new URL('./embedded-program.js', import.meta.url));
const MEBIBYTE = 1024 * 1024;
const HEAD: DocumentHead = {
  rows: ['all/x'],
  lookAt: 1,
  dueAt: 1,
  lane: 'lane',
  closed: false,
  outboxSize: 0,
  purgeAt: null,
  unique: null,
};

const clock = { monotonic: () => performance.now() };

function newDocument(key: string, head: Partial<DocumentHead> = {}): NewDocument {
  return { key, value: key, head: { ...HEAD, ...head }, token: 't' };
}

async function firstLine(child: ChildProcess): Promise<string> {
  assert.ok(child.stdout);
  const [line] = await once(createInterface(child.stdout), 'line');
  return String(line);
}

async function outputOf(child: ChildProcess): Promise<string[]> {
  assert.ok(child.stdout);
  const lines: string[] = [];
  for await (const line of createInterface(child.stdout)) lines.push(line);
  return lines;
}

/** Runs the program with its directory on a small filesystem of its own. */
function onSmallDisk(mode: string, directory: string): ChildProcess {
  const asRoot = process.getuid?.() === 0 ? [] : ['--map-root-user'];
  const script = 'mount -t tmpfs -o size=24m tmpfs "$1" && exec "$2" "$3" "$4" "$1"';
  const words = ['sh', '-c', script, 'sh', directory, process.execPath, PROGRAM, mode];
  const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore'];
  return spawn('unshare', [...asRoot, '--mount', ...words], { stdio });
}

describe('embedded store', () => {
  let directory: string;
  let open: EmbeddedStore[];
  const openHere = (limits = { reserveBytes: 0 }): EmbeddedStore => {
    const store = openEmbeddedStore({
      directory,
      clock,
      limits,
      onFatal: (error) => assert.fail(error),
    });
    open.push(store);
    return store;
  };
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'embedded-'));
    open = [];
  });
  afterEach(async () => {
    for (const store of open) await store.close();
    rmSync(directory, { recursive: true });
  });

  it('has everything it acknowledged after its process was killed', async () => {
    const child = spawn(process.execPath, [PROGRAM, 'write', directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    assert.ok(child.stdout);
    const exited = once(child, 'exit');
    const acknowledged: string[] = [];
    for await (const key of createInterface(child.stdout)) {
      acknowledged.push(key);
      if (acknowledged.length === 500) child.kill('SIGKILL');
    }
    await exited;
    // The last line may be cut off by the kill.
    acknowledged.pop();
    const store = openHere();
    for (const key of acknowledged) {
      const read = await store.get(key);
      assert.deepEqual([read?.rev, read?.value], [2, key]);
      assert.deepEqual(await store.getContent(key), new Uint8Array(Buffer.from(key)));
    }
    assert.ok(acknowledged.length >= 499);
  });

  it('refuses a second writer, naming the process that holds the directory', async () => {
    const child = spawn(process.execPath, [PROGRAM, 'hold', directory], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    assert.equal(await firstLine(child), 'holding');
    assert.throws(() => openHere(), new RegExp(`in use by process ${child.pid}\\b`));
    child.kill('SIGKILL');
    await once(child, 'exit');
    const store = openHere();
    assert.throws(() => openHere(), new RegExp(`in use by process ${process.pid}\\b`));
    await store.close();
    openHere();
  });

  it('takes over a lock whose process number now belongs to another process', () => {
    writeFileSync(join(directory, 'writer.lock'), `${process.ppid} 1\n`);
    openHere();
  });

  it('lets readers in beside the writer, who see what it flushes and change nothing', async () => {
    assert.throws(() => openEmbeddedReader({ directory, clock }), /There is no store/);
    const store = openHere();
    await store.create(newDocument('msg/1'));
    const reader = openEmbeddedReader({ directory, clock });
    open.push(reader);
    assert.equal((await reader.get('msg/1'))?.rev, 1);
    const content = new Uint8Array(MEBIBYTE);
    const growing = Array.from({ length: 20 }, (_, n) => ({
      ...newDocument(`msg/b${n}`),
      content,
    }));
    await Promise.all(growing.map((document) => store.create(document)));
    assert.equal((await reader.getContent('msg/b19'))?.length, MEBIBYTE);
    assert.equal((await reader.list('all/x', { limit: 99, order: 'ascending' })).length, 21);
    assert.equal((await reader.due(1, { rows: 99, perLane: 99 })).length, 21);
    await assert.rejects(reader.create(newDocument('msg/2')), /reading only/);
    await assert.rejects(reader.purge(1, 1), /reading only/);
  });

  it('makes a copy while it is written, which opens as a store', async () => {
    const store = openHere();
    await store.create(newDocument('msg/before'));
    const copy = join(directory, 'copy');
    const writing = store.create(newDocument('msg/during'));
    await store.backup(copy);
    await writing;
    await assert.rejects(store.backup(copy), /already/);
    const restored = openEmbeddedStore({
      directory: copy,
      clock,
      limits: { reserveBytes: 0 },
      onFatal: (error) => assert.fail(error),
    });
    open.push(restored);
    assert.equal((await restored.get('msg/before'))?.value, 'msg/before');
    assert.deepEqual(await restored.list('all/x', { limit: 1, order: 'ascending' }), [
      'msg/before',
    ]);
  });

  it('answers what is due at once although one lane has 20,000 rows waiting', async () => {
    const store = openHere();
    const flood = Array.from({ length: 20_000 }, (_, n) =>
      store.create(newDocument(`msg/f${n}`, { lane: 'flood', lookAt: n, rows: [] })),
    );
    const few = Array.from({ length: 50 }, (_, n) =>
      store.create(newDocument(`msg/o${n}`, { lane: `other ${n}`, lookAt: 30_000, rows: [] })),
    );
    await Promise.all([...flood, ...few]);
    const due = await store.due(1e9, { rows: 100, perLane: 10 });
    assert.equal(due.length, 60);
    assert.deepEqual(
      due.slice(0, 11).map((row) => row.lookAt),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 30_000],
    );
  });

  it('keeps a reserve on the disk, and gives it up at lower water', async () => {
    const reserveBytes = 2 * MEBIBYTE;
    const store = openHere({ reserveBytes });
    await store.close();
    const reserve = join(directory, 'reserve');
    assert.equal(statSync(reserve).size, reserveBytes);
    assert.ok(statSync(reserve).blocks * 512 >= reserveBytes, 'it holds real blocks');
    const { totalBytes } = store.space();
    const dry = { reserveBytes, lowBytes: totalBytes, lowerBytes: totalBytes };
    assert.equal(openHere(dry).space().water, 'lower');
    assert.equal(statSync(reserve).size, 0);
    assert.ok(existsSync(reserve));
  });

  it('on a full disk refuses creations, saves outcomes on the reserve, loses nothing', async () => {
    const lines = await outputOf(onSmallDisk('full', directory));
    assert.equal(lines[0], 'full true The disk is full: nothing of this change was stored.');
    assert.equal(lines[1], 'unhealthy true');
    assert.equal(lines[2], 'saved on the reserve true');
    const [, acknowledged, found] = /^acknowledged (\d+) found (\d+)$/.exec(lines[3] ?? '') ?? [];
    assert.ok(Number(acknowledged) > 10);
    assert.equal(found, acknowledged);
    assert.equal(lines.length, 4);
  });

  it('takes a failed flush for fatal: says so once, and acknowledges nothing more', async () => {
    const lines = await outputOf(onSmallDisk('fatal', directory));
    assert.match(lines[0] ?? '', /^fatal The store could not flush: /);
    assert.deepEqual(lines.slice(1), ['rejected true unhealthy true']);
  });
});
