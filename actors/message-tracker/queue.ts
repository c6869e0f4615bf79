/**
 * The queue at a glance: unfinished messages by what they wait for, with ages and causes. Pure.
 */

import type { Delivery } from '../../schemas/delivery.js';
import type { MessageDocument } from '../../schemas/message.js';
import { spanText } from './words.js';

const AGES_MS = [5 * 60_000, 3_600_000, 6 * 3_600_000] as const;
const CAUSES_SHOWN = 2;

export interface QueueRow {
  /** "held", "retry email", "no receipt sms", "dead". */
  readonly what: string;
  readonly total: number;
  /** Below 5 minutes, below 1 hour, below 6 hours, older. */
  readonly ages: readonly [number, number, number, number];
  readonly oldestMs: number;
  readonly causes: readonly { readonly cause: string; readonly count: number }[];
}

export interface QueueSummary {
  readonly rows: readonly QueueRow[];
  readonly unfinished: number;
  /** Due for longer than the sweep should need. */
  readonly overdue: number;
  /** Not every message was looked at: there are more. */
  readonly partial: boolean;
}

/** The sweep needs seconds; what is due for longer than this has been forgotten or is stuck. */
export const OVERDUE_MS = 60_000;

/** What a message waits for, and why. */
export function waitsFor(document: MessageDocument): {
  readonly what: string;
  readonly cause: string;
} {
  const { state, context } = document;
  if (state === 'routed.held') return { what: 'held', cause: context.because ?? 'by profile' };
  if (state.startsWith('failed')) {
    return { what: state.slice('failed.'.length), cause: context.because ?? 'every way failed' };
  }
  const open = context.deliveries.find((delivery) =>
    ['ready', 'sending', 'accepted'].includes(delivery.phase),
  );
  if (open === undefined) return { what: 'new', cause: state };
  return { what: `${verb(open)} ${open.address.channel}`, cause: open.last?.reason ?? '' };
}

function verb(delivery: Delivery): string {
  if (delivery.phase === 'accepted') return 'no receipt';
  if (delivery.phase === 'sending') return 'sending';
  return delivery.trials === 0 ? 'ready' : 'retry';
}

/** Groups documents by what they wait for; the fullest group first, dead ones last. */
export function summarize(
  documents: readonly MessageDocument[],
  options: { readonly now: number; readonly partial: boolean },
): QueueSummary {
  const groups = new Map<string, { cause: string; document: MessageDocument }[]>();
  for (const document of documents) {
    const { what, cause } = waitsFor(document);
    const group = groups.get(what) ?? [];
    group.push({ cause, document });
    groups.set(what, group);
  }
  const rows = [...groups].map(([what, members]) => rowOf(what, members, options.now));
  rows.sort((a, b) => Number(a.what === 'dead') - Number(b.what === 'dead') || b.total - a.total);
  const open = documents.filter((document) => !document.closed);
  const isOverdue = ({ dueAt }: MessageDocument): boolean =>
    dueAt !== null && options.now - dueAt > OVERDUE_MS;
  return {
    rows,
    unfinished: open.length,
    overdue: open.filter(isOverdue).length,
    partial: options.partial,
  };
}

function rowOf(
  what: string,
  members: readonly { cause: string; document: MessageDocument }[],
  now: number,
): QueueRow {
  const ages: [number, number, number, number] = [0, 0, 0, 0];
  const causes = new Map<string, number>();
  let oldestMs = 0;
  for (const { cause, document } of members) {
    const age = Math.max(0, now - document.input.createdAt);
    oldestMs = Math.max(oldestMs, age);
    const bin = AGES_MS.findIndex((limit) => age < limit);
    const index = bin === -1 ? AGES_MS.length : bin;
    ages[index] = (ages[index] ?? 0) + 1;
    if (cause !== '') causes.set(cause, (causes.get(cause) ?? 0) + 1);
  }
  const sorted = [...causes].sort((a, b) => b[1] - a[1]).slice(0, CAUSES_SHOWN);
  const shown = sorted.map(([cause, count]) => ({ cause, count }));
  return { what, total: members.length, ages, oldestMs, causes: shown };
}

/** The table for people. */
export function queueText(summary: QueueSummary): string[] {
  if (summary.rows.length === 0) return ['Nothing waits: 0 unfinished'];
  const width = Math.max(12, ...summary.rows.map((row) => row.what.length));
  const head = `${''.padEnd(width)} total   <5m  <1h  <6h  older   oldest    because`;
  const body = summary.rows.map((row) => {
    const [a, b, c, d] = row.ages.map((count) => (count === 0 ? '·' : String(count)));
    const counts = [String(row.total).padStart(6), ...[a, b, c].map((text) => pad(text, 5))];
    const because =
      row.what === 'dead'
        ? 'patchboard dead list'
        : row.causes.map(({ cause, count }) => `${cause} ${count}`).join(', ');
    const older = pad(d, 7);
    const oldest = spanText(row.oldestMs).padStart(11);
    return `${row.what.padEnd(width)}${counts.join('')}${older}${oldest}   ${because}`.trimEnd();
  });
  const overdue = summary.overdue === 0 ? 'none overdue' : `${summary.overdue} overdue`;
  const more = summary.partial ? ' among the first looked at; there are more' : '';
  return [head, ...body, `${summary.unfinished} unfinished, ${overdue}${more}`];
}

function pad(text: string | undefined, width: number): string {
  return (text ?? '·').padStart(width);
}
