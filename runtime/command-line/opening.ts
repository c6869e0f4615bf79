/**
 * How commands reach what is stored. Reads open the store beside the running switch; changes go
 * through its control socket, or straight to the store when no switch runs.
 *
 * Imports are lazy: `track` answers within 200 ms, and loads neither channels nor schemas.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../../actors/machinery.js';
import type { LoadedConfig } from '../config.js';
import { type Answer, callControl } from '../control.js';
import type { EmbeddedStore } from '../store/embedded.js';
import type { Store } from '../store/store.js';
import type { Call } from './call.js';

/** The data directory, found without loading the schemas of all settings. */
export async function dataDirectory(call: Call): Promise<string> {
  const { environment } = call;
  const given = call.settings.get('data') ?? environment['PATCHBOARD_DATA'];
  if (given !== undefined) return given;
  const file = environment['PATCHBOARD_DATA_FILE'];
  if (file !== undefined && file !== '') return readFileSync(file, 'utf8').trim();
  const fromFile = await dataInFile(call);
  return fromFile ?? (environment['STATE_DIRECTORY']?.split(':', 1)[0] || './data');
}

async function dataInFile(call: Call): Promise<string | undefined> {
  const flag = call.configFile ?? call.environment['PATCHBOARD_CONFIG'];
  const places = [join(call.directory, 'patchboard.yaml'), '/etc/patchboard/patchboard.yaml'];
  const found = flag ?? places.find((place) => existsSync(place));
  if (found === undefined || !existsSync(found)) return undefined;
  const { parse } = await import('yaml');
  const read: unknown = parse(readFileSync(found, 'utf8'));
  if (typeof read !== 'object' || read === null || !('data' in read)) return undefined;
  return typeof read.data === 'string' ? read.data : undefined;
}

export class NoDataError extends Error {}

/** Runs `use` on the store, opened for reading beside whoever writes. */
export async function withReader<Result>(
  call: Call,
  use: (store: EmbeddedStore) => Promise<Result>,
): Promise<Result> {
  const directory = await dataDirectory(call);
  const { hasEnvironment } = await import('../store/embedded-tables.js');
  if (!hasEnvironment(directory)) {
    const what = `There is no data in ${directory}`;
    throw new NoDataError(`${what}: start the switch once, or say where it is: --data DIRECTORY`);
  }
  const { openEmbeddedReader } = await import('../store/embedded.js');
  const store = openEmbeddedReader({ directory, clock: call.clock });
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

/** Loads and checks the whole configuration, channels included. */
export async function loadWhole(call: Call): Promise<LoadedConfig> {
  const { loadConfig } = await import('../config.js');
  const { channels } = await import('../../actors/channels/index.js');
  const { configFile, settings, environment, directory } = call;
  return loadConfig({ channels, file: configFile, flags: settings, environment, directory });
}

/** Tells the problems of a configuration; true when there are none. */
export function tellProblems(
  call: Call,
  loaded: LoadedConfig,
): loaded is LoadedConfig & { ok: true } {
  if (loaded.ok) {
    for (const warning of loaded.warnings) call.err(`warning: ${warning}`);
    return true;
  }
  for (const problem of loaded.problems) call.err(problem);
  return false;
}

/** Runs an operation: by the control socket, or straight on the store of a stopped switch. */
export async function change(call: Call, name: string, argument: unknown): Promise<Answer> {
  const directory = await dataDirectory(call);
  const answered = await callControl(directory, name, argument);
  return answered ?? changeStopped(call, name, argument);
}

async function changeStopped(call: Call, name: string, argument: unknown): Promise<Answer> {
  const loaded = await loadWhole(call);
  if (!loaded.ok) {
    return { ok: false, code: 'CONFIG_INVALID', message: loaded.problems.join('\n') };
  }
  const { openEmbeddedStore } = await import('../store/embedded.js');
  const { createMemoryBus } = await import('../bus/memory.js');
  const { openCore } = await import('../core.js');
  const { operateOn } = await import('../operations/index.js');
  const { channels } = await import('../../actors/channels/index.js');
  const { clock } = call;
  const { config } = loaded;
  let store: Store;
  try {
    store = openEmbeddedStore({ directory: config.data, clock, limits: config.disk, onFatal });
  } catch (error) {
    return { ok: false, code: 'STORE_UNAVAILABLE', message: (error as Error).message };
  }
  const bus = createMemoryBus();
  try {
    const core = await openCore({ config, clock, store, bus, channels, log: SILENT });
    const answer = await operateOn({ core, store, clock, channels })(name, argument);
    await core.stop();
    return answer;
  } finally {
    await bus.close();
    await store.close();
  }
}

function onFatal(error: Error): void {
  throw error;
}

const nothing = (): void => {};
const SILENT: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** Who gives a command, for the tracker. */
export function who(call: Call): string {
  const name = call.environment['SUDO_USER'] ?? call.environment['USER'] ?? 'somebody';
  return `${name} (command line)`;
}
