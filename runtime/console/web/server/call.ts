/** Calls to the console's server side: one POST each, typed by `ConsoleCalls`. */

import type { ConsoleCall, ConsoleCalls } from '../../../../schemas/console-calls.js';

/** What the switch refused, in its own words. */
export class Refused extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Nobody answers, or something that is not the switch. */
export class Unreachable extends Error {}

interface Answered {
  readonly ok: boolean;
  readonly value?: unknown;
  readonly code?: string;
  readonly message?: string;
}

/** Rejects with Refused or Unreachable. */
export async function call<Name extends ConsoleCall>(
  name: Name,
  argument: ConsoleCalls[Name]['in'],
): Promise<ConsoleCalls[Name]['out']> {
  const answered = await post(`/api/${name}`, argument);
  // The one place where the server's word is taken for the type: both sides share ConsoleCalls.
  return answered as ConsoleCalls[Name]['out'];
}

/** Signs in by a link's key, or by name and password. */
export async function signIn(
  by: { readonly key: string } | { readonly name: string; readonly password: string },
): Promise<void> {
  await post('/login', by);
}

async function post(path: string, body: unknown): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      credentials: 'same-origin',
      redirect: 'error',
    });
  } catch {
    throw new Unreachable('The switch cannot be reached.');
  }
  const answer: Answered | undefined = await response.json().catch(() => undefined);
  if (answer === undefined) throw new Unreachable(`The switch answered ${response.status}.`);
  if (answer.ok) return answer.value;
  throw new Refused(answer.code ?? 'FAILED', answer.message ?? `It answered ${response.status}.`);
}
