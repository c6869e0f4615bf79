/**
 * A process of its own for the tests of the embedded store: `embedded-program.js MODE DIRECTORY`.
 * It prints one line for each thing that became certain.
 */

import { type EmbeddedStore, openEmbeddedStore } from '../../../runtime/store/embedded.js';
import {
  makeGroupCommit,
  type Operation,
  StoreFullError,
} from '../../../runtime/store/embedded-commit.js';
import { openTables } from '../../../runtime/store/embedded-tables.js';
import type { DocumentHead } from '../../../runtime/store/store.js';

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
const IN_FLIGHT = 20;
const CONTENT = new Uint8Array(60_000);
const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const clock = { monotonic: () => performance.now() };

const [mode = '', directory = ''] = process.argv.slice(2);
const MODES: Readonly<Record<string, () => Promise<void>>> = { write, hold, full, fatal };
await MODES[mode]?.();

function openHere(reserveBytes: number): EmbeddedStore {
  return openEmbeddedStore({
    directory,
    clock,
    limits: { reserveBytes, lowBytes: 0, lowerBytes: 0 },
    onFatal: (error) => say(`fatal ${error.message}`),
  });
}

/** Writes until it is killed; says each key after it was acknowledged. */
async function write(): Promise<void> {
  const store = openHere(0);
  let next = 0;
  const lane = async (): Promise<void> => {
    for (;;) {
      const key = `msg/${next}`;
      next += 1;
      const document = { key, value: key, head: HEAD, token: key };
      await store.create({ ...document, content: Buffer.from(key) });
      await store.save({ ...document, rev: 1 });
      say(key);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
}

/** Holds the directory until it is killed. */
async function hold(): Promise<void> {
  openHere(0);
  say('holding');
  process.stdin.resume();
}

/** On a small disk: fills it, then saves and creates again. */
async function full(): Promise<void> {
  const store = openHere(4 * 1024 * 1024);
  await store.create({ key: 'msg/first', value: 0, head: HEAD, token: 't' });
  let created = 0;
  for (;;) {
    const document = { key: `msg/${created}`, value: 0, head: HEAD, token: 't', content: CONTENT };
    const failure = await failureOf(store.create(document));
    if (failure) {
      say(`full ${failure instanceof StoreFullError} ${failure.message}`);
      break;
    }
    created += 1;
  }
  say(`unhealthy ${store.unhealthy() !== undefined}`);
  const outcome = 'x'.repeat(100_000);
  const saved = await store.save({
    key: 'msg/first',
    rev: 1,
    value: outcome,
    head: HEAD,
    token: 'u',
  });
  say(`saved on the reserve ${saved.ok}`);
  await store.close();
  const again = openHere(0);
  const listed = await again.list('all/x', { limit: 1_000_000, order: 'ascending' });
  say(`acknowledged ${created + 1} found ${listed.length}`);
  await again.close();
}

/** On a small disk, with a store that takes the failure for a broken disk. */
async function fatal(): Promise<void> {
  const tables = openTables(directory, 'write');
  const commit = makeGroupCommit({
    root: tables.root,
    isDiskFull: () => false,
    onFull: () => say('full'),
    onFatal: (error) => say(`fatal ${error.message}`),
    monotonic: clock.monotonic,
  });
  let next = 0;
  const put = (): Operation<void> => {
    next += 1;
    const writes = [{ table: tables.documents, key: `k${next}`, value: CONTENT }];
    return { locks: [`k${next}`], essential: true, decide: () => ({ writes, result: undefined }) };
  };
  let failure: Error | undefined;
  while (!failure) failure = await failureOf(commit.submit(put()));
  const later = await failureOf(commit.submit(put()));
  say(`rejected ${failure === later} unhealthy ${commit.unhealthy() === failure.message}`);
}

async function failureOf(promise: Promise<unknown>): Promise<Error | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
