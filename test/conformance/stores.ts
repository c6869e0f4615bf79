/** The registry of store adapters: one line each, and the suite in store.ts runs over it. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedStore } from '../../runtime/store/embedded.js';
import { createMemoryStore, type MemoryStore } from '../../runtime/store/memory.js';
import type { Store } from '../../runtime/store/store.js';

/** An empty store of its own. */
export interface OpenedStore {
  readonly store: Store;
  /** The same data, as the next process finds it; `store` is not used afterwards. */
  reopen(): Promise<OpenedStore>;
  dispose(): Promise<void>;
}

export interface StoreAdapter {
  readonly name: string;
  open(): Promise<OpenedStore>;
}

export const STORES: readonly StoreAdapter[] = [
  { name: 'memory', open: async () => openedMemory(createMemoryStore()) },
  { name: 'embedded', open: async () => openedEmbedded(mkdtempSync(join(tmpdir(), 'store-'))) },
];

function openedMemory(store: MemoryStore): OpenedStore {
  return {
    store,
    reopen: async () => openedMemory(store.crash()),
    dispose: async () => undefined,
  };
}

function openedEmbedded(directory: string): OpenedStore {
  const store = openEmbeddedStore({
    directory,
    clock: { monotonic: () => performance.now() },
    limits: { reserveBytes: 1024 * 1024 },
    onFatal: (error) => {
      throw error;
    },
  });
  return {
    store,
    async reopen() {
      await store.close();
      return openedEmbedded(directory);
    },
    async dispose() {
      await store.close();
      rmSync(directory, { recursive: true });
    },
  };
}
