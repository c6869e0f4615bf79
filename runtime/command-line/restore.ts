/**
 * `patchboard restore`: puts a copy back into the data directory of a stopped switch. Invariant: no
 * session of the copy lives on, for one that was ended since would be open again.
 */

import type { Clock } from '../../actors/machinery.js';
import { callControl } from '../control.js';
import { type Command, EXIT, fail, print, word } from './call.js';
import { dataDirectory } from './opening.js';

const NO_RESERVE = { reserveBytes: 0, lowBytes: 0, lowerBytes: 0 };

export const command: Command = {
  help: `restore DIRECTORY [--json]

Puts a backup back. The switch must be stopped, and its data directory must be empty of data:
nothing is ever overwritten. Everybody signs in to the page again.`,
  async run(call) {
    const from = word(call, 0, 'the directory');
    const data = await dataDirectory(call);
    if ((await callControl(data, 'status', {})) !== undefined) {
      return fail(call, {
        code: 'STORE_UNAVAILABLE',
        message: `The switch runs on ${data}: stop it.`,
      });
    }
    const { hasEnvironment } = await import('../store/embedded-tables.js');
    if (!hasEnvironment(from)) {
      return fail(call, { code: 'STORE_UNAVAILABLE', message: `There is no backup in ${from}.` });
    }
    const { openEmbeddedReader } = await import('../store/embedded.js');
    const copy = openEmbeddedReader({ directory: from, clock: call.clock });
    try {
      await copy.backup(data);
    } finally {
      await copy.close();
    }
    await signOutAll(data, call.clock);
    print(call, { ok: true, data }, [`restored ${from} to ${data}`]);
    return EXIT.ok;
  },
};

async function signOutAll(directory: string, clock: Clock): Promise<void> {
  const { openEmbeddedStore } = await import('../store/embedded.js');
  const { endAllSessions } = await import('../sessions-in-store.js');
  const onFatal = (error: Error): void => {
    throw error;
  };
  const store = openEmbeddedStore({ directory, clock, limits: NO_RESERVE, onFatal });
  try {
    await endAllSessions({ store, clock });
  } finally {
    await store.close();
  }
}
