/** What an operation is: a checked argument, and something that runs on an opened switch. */

import type { Static, TSchema } from 'typebox';
import Value from 'typebox/value';
import type { Channel } from '../../actors/channel.js';
import type { Clock, Failure } from '../../actors/machinery.js';
import type { Answer } from '../control.js';
import type { Core } from '../core.js';
import type { Store } from '../store/store.js';

/** What operations work on: a running switch, or its core opened straight on the store. */
export interface Operated {
  readonly core: Pick<Core, 'kernel' | 'accounts' | 'directory'>;
  readonly store: Store;
  readonly clock: Clock;
  readonly channels: readonly Channel<never>[];
  /** Only a running switch has these. */
  readonly running?: {
    status(): unknown;
    /** Reads the configuration anew; validated before anything changes. */
    reload(): Promise<Answer>;
    /** A link that signs the account in once; undefined: the switch has no page. */
    signInLink(accountId: string): Promise<string | undefined>;
  };
}

export interface Operation {
  run(operated: Operated, argument: unknown): Promise<Answer>;
}

/** An operation whose argument is checked against `schema` before it runs. */
export function operation<Schema extends TSchema>(
  schema: Schema,
  run: (operated: Operated, argument: Static<Schema>) => Promise<Answer>,
): Operation {
  return {
    run: async (operated, argument) => {
      if (Value.Check(schema, argument)) return run(operated, argument);
      const first = Value.Errors(schema, argument)[0];
      const where = first?.instancePath === '' ? 'the argument' : first?.instancePath;
      return refuse('CONFIG_INVALID', `${where ?? 'the argument'} ${first?.message ?? 'is wrong'}`);
    },
  };
}

export function value(given: unknown): Answer {
  return { ok: true, value: given };
}

export function refuse(code: Failure['code'], message: string): Failure {
  return { ok: false, code, message };
}

const OBSERVATION_BYTES = 9;

/** The identifier of one command of a person: applying it twice changes nothing (law 3). */
export function commandIdentifier(clock: Clock): string {
  return `command.${Buffer.from(clock.random(OBSERVATION_BYTES)).toString('hex')}`;
}
