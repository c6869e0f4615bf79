/**
 * The table of operations: everything that a person's command changes. The control socket serves
 * it on a running switch; the command line runs the same table straight on the store of a stopped
 * one. Reading needs no operation: commands open the store for that.
 */

import Type from 'typebox';
import type { Operate } from '../control.js';
import { accountOperations } from './on-accounts.js';
import { messageOperations } from './on-messages.js';
import { type Operated, type Operation, operation, value } from './operation.js';

const NOT_RUNNING = {
  ok: false,
  code: 'NOT_RUNNING',
  message: 'The switch is not running: patchboard start.',
} as const;

const ofSwitch = {
  status: operation(Type.Object({}), async ({ running }) =>
    running === undefined ? NOT_RUNNING : value(running.status()),
  ),
  reload: operation(Type.Object({}), async ({ running }) =>
    running === undefined ? NOT_RUNNING : running.reload(),
  ),
};

export const OPERATIONS: Readonly<Record<string, Operation>> = {
  ...ofSwitch,
  ...messageOperations,
  ...accountOperations,
};

/** Runs operations by their name on what was opened. */
export function operateOn(operated: Operated): Operate {
  return async (name, argument) => {
    const found = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
    if (found !== undefined) return found.run(operated, argument);
    return { ok: false, code: 'CONFIG_INVALID', message: `There is no operation "${name}".` };
  };
}
