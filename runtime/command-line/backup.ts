/** `patchboard backup`: a consistent copy of the data, also while the switch runs. */

import { type Command, EXIT, print, word } from './call.js';
import { withReader } from './opening.js';

export const command: Command = {
  help: `backup DIRECTORY [--json]

Copies the data while the switch runs. The directory becomes a data directory; it must have none.`,
  async run(call) {
    const to = word(call, 0, 'the directory');
    await withReader(call, (store) => store.backup(to));
    print(call, { ok: true, directory: to }, [`copied to ${to}   patchboard restore ${to}`]);
    return EXIT.ok;
  },
};
