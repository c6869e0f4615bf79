/**
 * From messages to the motions of one's own board: pure.
 *
 * What comes runs from its way in to each device that it is tried on; what one writes runs from
 * the device it was written on home to the channel of the person it is for. Invariants: a cord is
 * drawn for what changed just now, not for what was read or listed; no channel is known by name.
 */

import type { Account } from '../../../../../schemas/account.js';
import type { ChannelEntry, MessageSummary, OutSummary } from '../../../../../schemas/console.js';
import { untilTime } from '../../clock.js';
import type { Jack, Motion } from '../../parts/board.js';
import { partyName, sentence, spanWords, titled } from './sayings.js';

export const ELSEWHERE = 'elsewhere';

/** What the board is made of. */
export interface Surroundings {
  readonly account: Pick<Account, 'devices'>;
  readonly channels: readonly ChannelEntry[];
}

function inJack(channel: string): string {
  return `in:${channel}`;
}

function deviceJack(device: string): string {
  return `device:${device}`;
}

/** Every channel that receives, but the practice devices', which are on the page themselves. */
export function waysIn({ channels }: Surroundings, motions: readonly Motion[]): Jack[] {
  return channels
    .filter(({ name, receives, page }) => receives && (page !== 'practice' || uses(motions, name)))
    .map(({ name, description }) => ({
      id: inJack(name),
      label: titled(name),
      sub: description.replace(/\.$/, ''),
    }));
}

function uses(motions: readonly Motion[], channel: string): boolean {
  const id = inJack(channel);
  return motions.some(({ from, to }) => from === id || to === id);
}

/** One's devices, last what keeps the rest; and a place for what goes to no device of one's own. */
export function waysOut({ account, channels }: Surroundings, motions: readonly Motion[]): Jack[] {
  const keepers = account.devices.filter(isKeeper);
  const others = account.devices.filter((device) => !isKeeper(device));
  const jacks = [...others, ...keepers].map((device) => {
    const endpoint = device.endpoints[0];
    const channel = channels.find(({ name }) => name === endpoint?.address.channel);
    return {
      id: deviceJack(device.id),
      label: titled(device.name),
      sub: deviceSub(channel, endpoint?.lastResort === true),
    };
  });
  const away = motions.some(({ to }) => to === ELSEWHERE);
  return away ? [...jacks, { id: ELSEWHERE, label: 'Elsewhere', sub: 'outside' }] : jacks;
}

function isKeeper({ endpoints }: Account['devices'][number]): boolean {
  return endpoints.some(({ lastResort }) => lastResort === true);
}

function deviceSub(channel: ChannelEntry | undefined, isLastResort: boolean): string {
  if (isLastResort) return 'keeps what nothing else took';
  if (channel?.page !== undefined) return 'on this page';
  return titled(channel?.name ?? '');
}

/** What the board draws for a change, and what it takes away. */
export interface Drawn {
  readonly put: readonly Motion[];
  readonly remove: readonly string[];
}

/** Older than this on its first appearance, a message is history, not news. */
const NEWS_MS = 60_000;

/** @param before the message as it was last seen here; undefined: never */
export function cordsOf(
  message: MessageSummary,
  before: MessageSummary | undefined,
  around: Surroundings,
): Drawn {
  if (before === undefined && message.savedAt - message.at > NEWS_MS) return NOTHING;
  if (message.direction === 'in') return cordsIn(message, before, around);
  if (message.direction === 'out') return cordsHome(message, before, around);
  return NOTHING;
}

const NOTHING: Drawn = { put: [], remove: [] };

function cordsIn(
  message: MessageSummary,
  before: MessageSummary | undefined,
  around: Surroundings,
): Drawn {
  const from = inJack(message.in);
  const who = `From ${partyName(message.from)}, ${sentence(message.subject)}`;
  const heldId = `${message.key}:held`;
  if (message.heldUntil !== undefined) {
    const label = `until ${untilTime(message.heldUntil)}`;
    const motion = { id: heldId, from, to: keeperJack(around), label, count: 1 };
    return { put: [{ ...motion, state: 'waiting', text: `${who}: held ${label}` }], remove: [] };
  }
  const moved = message.outs.filter((out) => hasMoved(out, before));
  return {
    put: moved.flatMap((out) => {
      const device = deviceOf(out, around);
      if (device === undefined || out.phase === 'skipped') return [];
      const state = stateOf(out);
      const label = labelOf(out, message);
      const text = `${who}, to ${titled(device.name)}: ${label === '' ? 'on its way' : label}`;
      const id = outId(message, out);
      return [{ id, from, to: deviceJack(device.id), state, label, count: 1, text }];
    }),
    remove: [
      heldId,
      ...message.outs.filter(({ phase }) => phase === 'skipped').map((out) => outId(message, out)),
    ],
  };
}

function outId(message: MessageSummary, out: OutSummary): string {
  return `${message.key}:${out.delivery}`;
}

/** Being read later is no new motion. */
function hasMoved(out: OutSummary, before: MessageSummary | undefined): boolean {
  const was = before?.outs.find(({ delivery }) => delivery === out.delivery);
  return was?.phase !== out.phase;
}

function stateOf({ phase }: OutSummary): Motion['state'] {
  if (phase === 'confirmed') return 'done';
  return phase === 'failed' ? 'failing' : 'running';
}

function labelOf(out: OutSummary, message: MessageSummary): string {
  if (out.phase === 'confirmed') return spanWords((out.at ?? message.savedAt) - message.at);
  if (out.phase === 'failed') return 'not taken';
  return out.phase === 'accepted' ? 'no receipt yet' : '';
}

function deviceOf(
  out: OutSummary,
  { account }: Surroundings,
): Account['devices'][number] | undefined {
  return account.devices.find(({ endpoints }) => endpoints.some(({ id }) => id === out.endpoint));
}

function keeperJack({ account }: Surroundings): string {
  return deviceJack((account.devices.find(isKeeper) ?? account.devices[0])?.id ?? '');
}

/** What one wrote: one cord from where it was written to where its recipient is. */
function cordsHome(
  message: MessageSummary,
  before: MessageSummary | undefined,
  around: Surroundings,
): Drawn {
  const state = homeState(message.word);
  if (before !== undefined && homeState(before.word) === state) return NOTHING;
  const written = around.account.devices.find(({ endpoints }) =>
    endpoints.some(({ address }) => address.channel === message.in),
  );
  const homeChannel = around.channels.find(({ name }) => name === message.to.channel);
  const goesHome = written !== undefined && homeChannel?.receives === true;
  const from = goesHome ? deviceJack(written.id) : inJack(message.in);
  const to = goesHome ? inJack(homeChannel.name) : ELSEWHERE;
  const label = homeLabel(state, message);
  const who = `To ${partyName(message.to)}, ${sentence(message.subject)}`;
  const id = `${message.key}:home`;
  return {
    put: [{ id, from, to, state, label, count: 1, text: `${who}: ${message.word}` }],
    remove: [],
  };
}

function homeState(word: string): Motion['state'] {
  if (word === 'failed') return 'failing';
  return word === 'on its way' ? 'running' : 'done';
}

function homeLabel(state: Motion['state'], message: MessageSummary): string {
  if (state === 'done') return spanWords(message.savedAt - message.at);
  return state === 'failing' ? 'failed' : '';
}
