/**
 * What one call of the console is: a right, a checked argument, and something that runs for who
 * is signed in. `ConsoleCalls` says what goes in and out; a table of these must follow it.
 */

import type { Static, TSchema } from 'typebox';
import Value from 'typebox/value';
import { type Action, may } from '../../actors/authentication-manager/rights.js';
import type { Channel } from '../../actors/channel.js';
import type { Clock, Failure, Log } from '../../actors/machinery.js';
import type { MachineEntry } from '../../actors/machines.js';
import type { Account } from '../../schemas/account.js';
import type { SwitchConfig } from '../../schemas/config.js';
import type { DemoHints } from '../../schemas/console.js';
import type { ConsoleCall, ConsoleCalls } from '../../schemas/console-calls.js';
import { refuse } from '../operations/operation.js';
import type { Session, Sessions } from '../sessions.js';
import type { Store } from '../store/store.js';
import type { RunningSwitch } from '../switch.js';
import type { Feed } from './feed.js';
import type { CodeLimit } from './own/code-limit.js';
import type { Rates } from './rates.js';

export interface ConsoleParts {
  readonly running: RunningSwitch;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly config: SwitchConfig;
  readonly channels: readonly Channel<never>[];
  readonly sessions: Sessions;
  /** Made before the switch starts: its `stepped` and `accountChanged` go into CoreParts. */
  readonly feed: Feed;
  /** Of the codes that verify devices. */
  readonly codes: CodeLimit;
  /** Where browsers find the switch, for links. */
  readonly url: string;
  readonly startedAt: number;
  /** Fed by the switch's steps; absent: nothing is drawn. */
  readonly rates?: Rates;
  /** What the visualizer draws; the registry's unless said otherwise. */
  readonly machines?: readonly MachineEntry[];
  /** What the demo account is first shown; asked of no account: is there one at all? */
  readonly demo?: (account?: Account) => DemoHints | undefined;
}

export interface Caller {
  /** As it is now, not as it was when the page opened. */
  readonly account: Account;
  readonly session: Session;
  readonly peer: string;
}

export type Answered<Name extends ConsoleCall> =
  | { readonly ok: true; readonly value: ConsoleCalls[Name]['out'] }
  | Failure;

export interface CallEntry<Name extends ConsoleCall = ConsoleCall> {
  run(parts: ConsoleParts, caller: Caller, argument: unknown): Promise<Answered<Name>>;
}

/** Calls by their names; each answers as `ConsoleCalls` says. */
export type CallTable<Names extends ConsoleCall> = { readonly [Name in Names]: CallEntry<Name> };

/**
 * @param right what the caller must be allowed to do, beyond being signed in
 * @param schema of the argument; what does not follow it is refused before `run`
 */
export function consoleCall<Name extends ConsoleCall, Schema extends TSchema>(
  right: Action,
  schema: Schema,
  run: (
    parts: ConsoleParts,
    caller: Caller,
    given: Static<Schema>,
  ) => Promise<ConsoleCalls[Name]['out'] | Failure>,
): CallEntry<Name> {
  return {
    async run(parts, caller, argument) {
      if (!may(caller.account, right)) {
        const message = `${caller.account.name} may not do this: it takes the right ${right}.`;
        return refuse('NOT_ALLOWED', message);
      }
      if (!Value.Check(schema, argument)) return refuse('CALL_INVALID', wrong(schema, argument));
      const given = await run(parts, caller, argument);
      return isFailure(given) ? given : { ok: true, value: given };
    },
  };
}

function wrong(schema: TSchema, argument: unknown): string {
  const first = Value.Errors(schema, argument)[0];
  const where = first === undefined || first.instancePath === '' ? 'it' : first.instancePath;
  return `The call cannot be understood: ${where} ${first?.message ?? 'is wrong'}.`;
}

function isFailure(given: object): given is Failure {
  return 'ok' in given && given.ok === false && 'code' in given;
}
