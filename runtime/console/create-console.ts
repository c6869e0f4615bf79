/**
 * Puts the console together: the calls of all its parts, the documents, the live feed.
 *
 * Invariants: a call that is not in the table is refused; a call that fails by the store's trouble
 * is an answer; what throws otherwise is a bug, told as such and logged without its argument.
 */

import { may } from '../../actors/authentication-manager/rights.js';
import type { ConsoleCall } from '../../schemas/console-calls.js';
import type { Answer } from '../control.js';
import { refuse } from '../operations/operation.js';
import { version } from '../version.js';
import type { CallerFacts, Console } from './console.js';
import type { CallEntry, CallTable, ConsoleParts } from './console-call.js';
import { documentOf } from './documents/documents.js';
import { historyCalls } from './history/calls.js';
import { operatorCalls } from './operator/calls.js';
import { accountCalls } from './own/account.js';
import { CodeLimit } from './own/code-limit.js';
import { codeCalls } from './own/codes.js';
import { listCalls } from './own/lists.js';
import { openingCalls } from './own/opening.js';
import { readingCalls } from './own/reading.js';
import { sessionCalls } from './own/session.js';

const CALLS = {
  ...sessionCalls,
  ...accountCalls,
  ...codeCalls,
  ...listCalls,
  ...readingCalls,
  ...openingCalls,
  ...operatorCalls,
  ...historyCalls,
} satisfies CallTable<ConsoleCall>;

/** The one call that carries the text of a message. */
const LARGE: ConsoleCall = 'message.edit';

const TABLE: Readonly<Record<ConsoleCall, CallEntry>> = CALLS;

export function createConsole(given: Omit<ConsoleParts, 'codes'>): Console {
  const parts: ConsoleParts = { ...given, codes: new CodeLimit(given.clock) };
  const { feed, running, sessions } = parts;
  feed.open({ version: version(), account: (id) => running.accounts.get(id) });
  sessions.onRevoked(({ id }) => feed.signedOut(id));
  return {
    call: (name, argument, caller) => call(parts, { name, argument, caller }),
    takesLarge: (name, { account }) => name === LARGE && may(account, 'message.command'),
    async document(name, query, { signedIn, peer }) {
      try {
        return await documentOf(name, parts, { ...signedIn, peer }, query);
      } catch (error) {
        parts.log.error('console.documentFailed', { document: name, error });
        const body = 'The switch could not read this just now; its log says why.\n';
        return { status: 500, contentType: 'text/plain; charset=utf-8', body };
      }
    },
    line: (line) => feed.line(line),
    async stop() {
      feed.stop();
    },
  };
}

interface Asked {
  readonly name: string;
  readonly argument: unknown;
  readonly caller: CallerFacts;
}

async function call(parts: ConsoleParts, { name, argument, caller }: Asked): Promise<Answer> {
  const entry = isCall(name) ? TABLE[name] : undefined;
  if (entry === undefined) return refuse('CALL_INVALID', `There is no call "${name}".`);
  const { signedIn, peer } = caller;
  try {
    return await entry.run(parts, { ...signedIn, peer }, argument);
  } catch (error) {
    parts.log.error('console.callFailed', { call: name, error });
    const message = 'The switch could not do this just now; its log says why. Try again.';
    return refuse('STORE_UNAVAILABLE', message);
  }
}

function isCall(name: string): name is ConsoleCall {
  return Object.hasOwn(TABLE, name);
}
