/** Commands about messages end alike: which messages they moved, and where to. */

import { messageName, shortName } from '../../actors/message-tracker/tracker.js';
import { type Call, EXIT, fail, print } from './call.js';
import { change, who } from './opening.js';

/** Runs an operation that answers with the messages it moved. */
export async function changeMessages(
  call: Call,
  operation: string,
  argument: Readonly<Record<string, unknown>>,
): Promise<number> {
  const answer = await change(call, operation, { ...argument, by: who(call) });
  if (!answer.ok) return fail(call, answer);
  const moved = movedOf(answer.value);
  const lines = moved.map(
    ({ key, state }) =>
      `${messageName(key)}  now ${state.replace('.', ', ')}   patchboard track ${shortName(key)}`,
  );
  print(call, answer.value, lines);
  return EXIT.ok;
}

function movedOf(value: unknown): { key: string; state: string }[] {
  if (typeof value !== 'object' || value === null || !('messages' in value)) return [];
  if (!Array.isArray(value.messages)) return [];
  return value.messages.filter(
    (one): one is { key: string; state: string } =>
      typeof one?.key === 'string' && typeof one?.state === 'string',
  );
}
