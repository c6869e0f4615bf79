/** A message as an operator's line: its envelope, where it stands and why. Leads to its page. */

import type { ComponentChildren } from 'preact';
import { spanText } from '../../../../../actors/message-tracker/words.js';
import type { MessageSummary, PartySummary } from '../../../../../schemas/console.js';
import { fullTime, now, untilTime } from '../../clock.js';
import { Word } from '../../parts/word.js';
import { Link } from '../../router.js';

interface LinesProps {
  readonly messages: readonly MessageSummary[];
  /** What can be done with each. */
  readonly actions?: (message: MessageSummary) => ComponentChildren;
}

export function MessageLines({ messages, actions }: LinesProps) {
  if (messages.length === 0) return null;
  return (
    <ul class="op-lines">
      {messages.map((message) => (
        <li key={message.key} class="op-line">
          <MessageLine message={message} />
          {actions !== undefined && <div class="op-line-actions row">{actions(message)}</div>}
        </li>
      ))}
    </ul>
  );
}

function MessageLine({ message }: { message: MessageSummary }) {
  const age = Math.max(0, now.value - message.at);
  const why = reasonOf(message);
  return (
    <Link to={`/m/${message.id}`} class="op-line-link">
      <span class="op-line-subject" dir="auto">
        {message.subject === '' ? <i class="soft">no subject</i> : message.subject}
      </span>
      <span class="op-line-age small soft" title={fullTime(message.at)}>
        {spanText(age)} ago
      </span>
      <span class="op-line-who small">
        <bdi>{partyText(message.from, '(no sender)')}</bdi>
        <span class="soft"> → </span>
        <bdi>{partyText(message.to, '(nobody)')}</bdi>
      </span>
      <span class="op-line-state small">
        <Word word={message.word} title={message.phrase} />
      </span>
      <span class="op-line-why small soft">
        {wayOf(message)}
        {why !== '' && (
          <>
            {' · '}
            <bdi>{why}</bdi>
          </>
        )}
      </span>
    </Link>
  );
}

function partyText({ name, address }: PartySummary, nobody: string): string {
  if (name !== undefined && address !== undefined) return `${name} <${address}>`;
  return name ?? address ?? nobody;
}

/** The way in, and the ways out that were tried. */
function wayOf({ in: way, outs }: MessageSummary): string {
  const channels = [...new Set(outs.map(({ channel }) => channel))];
  return channels.length === 0 ? way : `${way} → ${channels.join(', ')}`;
}

function reasonOf({ because, heldUntil, dueAt, outs, word }: MessageSummary): string {
  if (heldUntil !== undefined) return `held until ${untilTime(heldUntil)}${told(because)}`;
  if (word === 'failed') return lastReason(outs) || (because ?? '');
  if (word !== 'on its way') return '';
  const next = dueAt !== undefined && dueAt > now.value ? `next look ${untilTime(dueAt)}` : '';
  return [lastReason(outs), next].filter((part) => part !== '').join(' · ');
}

function told(because: string | undefined): string {
  // The time is said already, in the reader's own hours.
  return because === undefined ? '' : `, ${because.replace(/ until .*$/, '')}`;
}

function lastReason(outs: MessageSummary['outs']): string {
  const open = outs.filter(({ phase }) => phase !== 'skipped');
  return open.at(-1)?.reason ?? '';
}
