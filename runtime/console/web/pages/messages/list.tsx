/** The list of a box: one row for each conversation, the newest first. */

import { useEffect, useMemo } from 'preact/hooks';
import type { MessageSummary } from '../../../../../schemas/console.js';
import { fullTime, shortTime, untilTime } from '../../clock.js';
import { Action } from '../../parts/action.js';
import { Avatar } from '../../parts/avatar.js';
import { Problem } from '../../parts/loaded.js';
import { Word } from '../../parts/word.js';
import { Link } from '../../router.js';
import { call } from '../../server/call.js';
import { account } from '../../server/session.js';
import { type Box, boxOf, held } from './box.js';
import { composing } from './composing.js';
import { nameOf, subjectOf } from './person.js';
import { type BoxName, boxPath, conversationPath } from './place.js';
import { submissionOf } from './thread.js';

interface Row {
  readonly newest: MessageSummary;
  readonly messages: readonly MessageSummary[];
  readonly unread: number;
}

/** Messages of one conversation stand together, where its newest one stands. */
function rowsOf(messages: readonly MessageSummary[]): readonly Row[] {
  const groups = new Map<string, MessageSummary[]>();
  for (const message of messages) {
    const group = groups.get(message.conversation);
    if (group === undefined) groups.set(message.conversation, [message]);
    else group.push(message);
  }
  return [...groups.values()].flatMap((group) => {
    const newest = group[0];
    const unread = group.filter((message) => message.unread).length;
    return newest === undefined ? [] : [{ newest, messages: group, unread }];
  });
}

export function MessageList({ box: name }: { box: BoxName }) {
  const box = boxOf(name);
  useMemo(() => box.settle(), [box]);
  useEffect(() => void box.load(), [box]);
  const messages = box.messages.value;
  const problem = box.problem.value;
  return (
    <div class="stack">
      <HeldNote shown={name} />
      {problem !== undefined && <Problem text={problem} again={() => box.load()} />}
      {messages === undefined && problem === undefined && <p class="soft">One moment…</p>}
      {messages?.length === 0 && <Empty box={box} />}
      {messages !== undefined && messages.length > 0 && (
        <ul class="message-rows" aria-label={name === 'sent' ? 'Sent messages' : 'Messages'}>
          {rowsOf(messages).map((row) => (
            <MessageRow key={row.newest.conversation} row={row} box={box} />
          ))}
        </ul>
      )}
      {box.hasMore.value && (
        <button
          type="button"
          class="button"
          disabled={box.busy.value}
          onClick={() => void box.loadMore()}
        >
          {box.busy.value ? 'One moment…' : 'More'}
        </button>
      )}
    </div>
  );
}

/** "7 held until 07:00 · deliver now" */
function HeldNote({ shown }: { shown: BoxName }) {
  const { count, until } = held.value;
  if (count === 0 || shown === 'sent') {
    return shown === 'held' ? <Link to="/messages">← Messages</Link> : null;
  }
  return (
    <div class="note warn row held-note">
      <span class="grow">
        {count} held{until === undefined ? '' : ` until ${untilTime(until)}`}
      </span>
      <Link to={boxPath(shown === 'held' ? 'inbox' : 'held')} class="small">
        {shown === 'held' ? '← Messages' : 'Show'}
      </Link>
      <Action run={() => call('message.deliverNow', {})}>Deliver now</Action>
    </div>
  );
}

function MessageRow({ row, box }: { row: Row; box: Box }) {
  const { newest, messages, unread } = row;
  const isSent = box.name === 'sent';
  const other = isSent ? newest.to : newest.from;
  const name = isSent ? `To ${recipients(messages)}` : nameOf(other);
  const word = worst(messages, newest);
  return (
    <li
      class={['message-row', unread > 0 && 'unread', box.arrived.has(newest.key) && 'new']
        .filter(Boolean)
        .join(' ')}
      data-key={newest.key}
    >
      <Link to={conversationPath(box.name, newest.conversation)} class="message-link">
        <Avatar name={nameOf(other)} of={other.address ?? name} />
        <span class="message-name">
          <bdi>{name}</bdi>
          {messages.length > 1 && <span class="message-count small">{messages.length}</span>}
          {unread > 0 && <span class="unseen">, {unread} not read yet</span>}
        </span>
        <span class="message-time small" title={fullTime(newest.at)}>
          {shortTime(newest.at)}
        </span>
        <span class="message-subject" dir="auto">
          {urgency(newest)}
          {subjectOf(newest.subject)}
        </span>
        <span class="message-facts small soft">
          <span class="message-way">{wayOf(newest, isSent)}</span>
          <Word word={word.word} title={word.phrase} />
        </span>
      </Link>
    </li>
  );
}

function urgency({ priority }: MessageSummary) {
  if (priority !== 'high' && priority !== 'urgent') return null;
  return <span class="word bad">{priority}</span>;
}

function recipients(messages: readonly MessageSummary[]): string {
  return [...new Set(messages.map(({ to }) => nameOf(to)))].join(', ');
}

/** How it came and where it was shown; of what was sent, the way it went. */
function wayOf(message: MessageSummary, isSent: boolean): string {
  const outs = message.outs.filter(({ phase }) => phase !== 'failed' && phase !== 'skipped');
  const places = [...new Set(outs.map((out) => out.device ?? out.channel))].join(', ');
  if (message.heldUntil !== undefined) return `waits until ${untilTime(message.heldUntil)}`;
  if (isSent) return places === '' ? '' : `by ${places}`;
  return places === '' ? message.in : `${message.in} → ${places}`;
}

const WORST_FIRST = ['failed', 'unknown', 'on its way', 'kept in inbox', 'delivered', 'read'];

/** Of one letter to several people, the copy that stands worst speaks for all. */
function worst(messages: readonly MessageSummary[], newest: MessageSummary): MessageSummary {
  const copies = messages.filter((one) => submissionOf(one) === submissionOf(newest));
  const rank = ({ word }: MessageSummary): number => WORST_FIRST.indexOf(word);
  return copies.reduce((one, other) => (rank(other) < rank(one) ? other : one), newest);
}

function Empty({ box }: { box: Box }) {
  if (box.sought.value !== '') return <p class="note">Nothing found for “{box.sought.value}”.</p>;
  if (box.name === 'held') return <p class="note">Nothing is held.</p>;
  const own = account.value?.addresses.map(({ value }) => value).filter((one) => one.includes('@'));
  const write = (
    <button
      type="button"
      class="button first"
      onClick={() => {
        composing.value = {};
      }}
    >
      Write a message
    </button>
  );
  return (
    <div class="empty stack">
      <h2>{box.name === 'sent' ? 'Nothing sent yet' : 'No messages yet'}</h2>
      {box.name === 'sent' ? (
        <p class="soft">What you write is here, with what became of it.</p>
      ) : (
        <p class="soft">
          Messages appear here by themselves.
          {own?.[0] !== undefined && (
            <>
              {' '}
              Your address: <code>{own[0]}</code>
            </>
          )}
        </p>
      )}
      <div>{write}</div>
    </div>
  );
}
