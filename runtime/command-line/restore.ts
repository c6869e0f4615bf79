/** `patchboard restore`: puts a copy back into the data directory of a stopped switch. */

import { callControl } from '../control.js';
import { type Command, EXIT, fail, print, word } from './call.js';
import { dataDirectory } from './opening.js';

export const command: Command = {
  help: `restore DIRECTORY [--json]

Puts a backup back. The switch must be stopped, and its data directory must be empty of data:
nothing is ever overwritten.`,
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
    print(call, { ok: true, data }, [`restored ${from} to ${data}`]);
    return EXIT.ok;
  },
};
