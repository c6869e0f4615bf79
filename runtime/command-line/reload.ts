/** `patchboard reload`: the running switch reads its configuration anew, as on SIGHUP. */

import { callControl } from '../control.js';
import { type Command, EXIT, fail, print } from './call.js';
import { dataDirectory } from './opening.js';

export const command: Command = {
  help: `reload [--json]

The running switch reads its configuration anew. It is checked first: with a problem nothing
changes.`,
  async run(call) {
    const data = await dataDirectory(call);
    const answer = await callControl(data, 'reload', {});
    if (answer === undefined) {
      const message = `The switch is not running on ${data}: patchboard start.`;
      return fail(call, { code: 'NOT_RUNNING', message });
    }
    if (!answer.ok) return fail(call, answer);
    print(call, answer.value, [
      'The configuration is read anew. Addresses, data and channels change at the next start.',
    ]);
    return EXIT.ok;
  },
};
