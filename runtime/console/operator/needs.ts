/**
 * "Needs you": what an operator should look at, with its cause and one way to go on. Pure.
 *
 * Invariant: nothing stands here that goes on by itself soon; what stands here says why.
 */

import { OVERDUE_MS } from '../../../actors/message-tracker/queue.js';
import type { Need } from '../../../schemas/console.js';
import { DEAD_ROW } from '../../messages.js';
import type { PausedLane } from './jacks.js';
import type { Looked, Waiting } from './scan.js';

/** A receipt that has not come for so long is worth a look. */
const UNCONFIRMED_MS = 5 * 60_000;
/** Needs of one kind; more of them are one line. */
const PAUSED_SHOWN = 3;

export interface NeedsFacts {
  readonly looked: Looked;
  readonly paused: readonly PausedLane[];
  readonly refusing: string | undefined;
  readonly now: number;
}

export function needsOf(facts: NeedsFacts): readonly Need[] {
  const { looked, paused, refusing, now } = facts;
  const needs: Need[] = [];
  if (refusing !== undefined) {
    const title = 'Nothing is accepted';
    const action = { label: 'See the checks', link: '/operator/health' };
    needs.push({ kind: 'trouble', title, cause: refusing, count: 1, oldestMs: 0, action });
  }
  const dead = looked.waiting.filter(({ row }) => row === DEAD_ROW);
  const overdue = looked.waiting.filter((one) => isOverdue(one, now));
  const unconfirmed = looked.waiting.filter(
    (one) => one.what.startsWith('no receipt ') && now - one.createdAt > UNCONFIRMED_MS,
  );
  needs.push(...deadNeed(dead, looked, now));
  needs.push(...overdueNeed(overdue, now));
  needs.push(...paused.slice(0, PAUSED_SHOWN).map((lane) => pausedNeed(lane, now)));
  needs.push(...unconfirmedNeed(unconfirmed, now));
  return needs;
}

function isOverdue({ row, dueAt }: Waiting, now: number): boolean {
  return row !== DEAD_ROW && dueAt !== null && now - dueAt > OVERDUE_MS;
}

function oldestOf(waiting: readonly Waiting[], now: number): number {
  return waiting.reduce((oldest, { createdAt }) => Math.max(oldest, now - createdAt), 0);
}

/** The commonest cause, and that there are others. */
function mainCause(waiting: readonly Waiting[]): string {
  const causes = new Map<string, number>();
  for (const { cause } of waiting) causes.set(cause, (causes.get(cause) ?? 0) + 1);
  const [first, ...others] = [...causes].sort((a, b) => b[1] - a[1]);
  if (first === undefined || first[0] === '') return 'for no cause that is known';
  if (others.length === 0) return first[0];
  const rest = others.length === 1 ? '1 other cause' : `${others.length} other causes`;
  return `${first[0]} (${first[1]}), and ${rest}`;
}

function messages(count: number): string {
  return count === 1 ? '1 message' : `${count} messages`;
}

function deadNeed(dead: readonly Waiting[], looked: Looked, now: number): readonly Need[] {
  if (dead.length === 0) return [];
  const count = Math.max(dead.length, looked.counted.get(DEAD_ROW)?.count ?? 0);
  const title = count === 1 ? '1 dead message' : `${count} dead messages`;
  const action = { label: 'Decide', link: '/operator/dead' };
  const oldestMs = oldestOf(dead, now);
  return [{ kind: 'dead', title, cause: mainCause(dead), count, oldestMs, action }];
}

function overdueNeed(overdue: readonly Waiting[], now: number): readonly Need[] {
  if (overdue.length === 0) return [];
  const count = overdue.length;
  const title = `${messages(count)} overdue`;
  const cause = `should have moved on: ${mainCause(overdue)}`;
  const action = { label: 'Look', link: '/operator/queues' };
  return [{ kind: 'overdue', title, cause, count, oldestMs: oldestOf(overdue, now), action }];
}

function pausedNeed({ channel, lane, reason, waiting }: PausedLane, now: number): Need {
  const count = waiting.length;
  const where = lane === '' ? channel : `${channel} to ${lane}`;
  const title = `${where} is paused, ${messages(count)} waiting`;
  const link = `/operator/queues?channel=${encodeURIComponent(channel)}`;
  const action = { label: 'Look', link };
  return { kind: 'paused', title, cause: reason, count, oldestMs: oldestOf(waiting, now), action };
}

function unconfirmedNeed(unconfirmed: readonly Waiting[], now: number): readonly Need[] {
  if (unconfirmed.length === 0) return [];
  const count = unconfirmed.length;
  const title = `${messages(count)} without a receipt`;
  const channels = [...new Set(unconfirmed.map(({ what }) => what.slice('no receipt '.length)))];
  const cause = `handed on by ${channels.join(', ')}; trying again may duplicate them`;
  const action = {
    label: 'Look',
    link: `/operator/queues?what=${encodeURIComponent('no receipt')}`,
  };
  const oldestMs = oldestOf(unconfirmed, now);
  return [{ kind: 'unconfirmed', title, cause, count, oldestMs, action }];
}
