/**
 * People who give commands while everything happens: now, again, elsewhere, otherwise. A command
 * that is taken is stored (law 3); one that the state does not take writes nothing.
 */

import { recipientOf } from '../../runtime/accounts.js';
import type { MessageEvent } from '../../schemas/message.js';
import type { Machine, Process } from './machine.js';
import { NAMES, untilDeath } from './people.js';
import { type Draw, drawing } from './random.js';
import type { Watch } from './watch.js';
import type { World } from './world.js';

const COMMANDS_MAX = 8;
const BY = 'operator';
/** Half of the commands fit the state; the others are anybody's mistake. */
const FITTING: Readonly<Record<string, readonly [Command, ...Command[]]>> = {
  failed: ['RESEND', 'REDIRECT', 'EDIT'],
  confirmed: ['RESEND', 'REDIRECT'],
  routed: ['RELEASE', 'REDIRECT'],
  dispatched: ['RETRY'],
};
const ALL = ['RESEND', 'REDIRECT', 'EDIT', 'RELEASE', 'RETRY'] as const;
type Command = (typeof ALL)[number];

export interface CommandParts {
  readonly world: World;
  readonly machine: Machine;
  readonly watch: Watch;
}

/** Plans commands within the time. */
export function command(parts: CommandParts, spanMs: number): void {
  const draw = drawing(parts.world.seed, 'commands');
  const count = draw.int(0, COMMANDS_MAX);
  for (let i = 0; i < count; i += 1) {
    parts.world.schedule(draw.int(0, spanMs), `command ${i}`, () => void give(parts, i));
  }
}

async function give({ world, machine, watch }: CommandParts, number: number): Promise<void> {
  const draw = drawing(world.seed, `command ${number}`);
  const [process] = machine.running();
  const [first, ...more] = [...watch.messages.values()].map(({ document }) => document);
  if (process === undefined || first === undefined) return;
  const { key, state, input } = draw.pick([first, ...more]);
  const fitting = FITTING[state.split('.')[0] ?? ''] ?? ALL;
  const type = draw.pick(draw.chance(0.5) ? fitting : ALL);
  const id = `command-${number}`;
  const event = await eventOf(type, { id, at: world.now, by: BY }, { draw, process });
  if (event === undefined || process.dead) return;
  const given = event.type === 'EDIT' ? { ...event, content: input.content } : event;
  const applied = await untilDeath(process, process.running?.kernel.observe(key, given));
  if (applied === undefined) return;
  world.log(`${type} ${id} on ${key}: ${applied.ok ? 'taken' : applied.message}`);
  const stored = watch.messages.get(key)?.history.some((entry) => {
    return 'id' in entry.event && entry.event.id === id;
  });
  if (applied.ok === stored) return;
  const words = applied.ok ? 'was taken and is not stored' : 'was not taken, and is stored';
  world.violate('law 3', `the command ${type} on ${key} (${state}) ${words}`);
}

async function eventOf(
  type: Command,
  given: { readonly id: string; readonly at: number; readonly by: string },
  { draw, process }: { readonly draw: Draw; readonly process: Process },
): Promise<MessageEvent | undefined> {
  if (type === 'EDIT') {
    const umf = { uid: '', to: [], body: { mediaType: 'text/plain', text: '' } } as const;
    const content = { ...umf, priority: 'normal', securityLevel: 'normal' } as const;
    return { type, ...given, content: { kind: 'umf', umf: content } };
  }
  if (type !== 'REDIRECT') return { type, ...given };
  const name = draw.pick(NAMES);
  const account = await untilDeath(process, process.running?.accounts.find(name));
  if (account === undefined) return undefined;
  const to = recipientOf(account);
  return to && { type, ...given, to };
}
