/**
 * A conversation: its messages from the oldest to the newest, the newest and the unread ones open,
 * and the box to answer in.
 */

import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { Problem } from '../../parts/loaded.js';
import { Link, navigate } from '../../router.js';
import { call } from '../../server/call.js';
import { LetterView } from './letter.js';
import { subjectOf } from './person.js';
import { type BoxName, boxPath, conversationPath, readPlace } from './place.js';
import { Reply } from './reply.js';
import { lettersOf, type Thread, threadOf } from './thread.js';

/** Messages of one conversation that are asked whether they can be answered. */
const ANSWERED_TRIED_MAX = 5;

interface PlaceProps {
  readonly box: BoxName;
  /** The last part of the address. */
  readonly place: string;
}

/** Whatever the address names: a conversation, or a message of one. */
export function ConversationAt({ box, place }: PlaceProps) {
  const named = readPlace(place);
  if (named === undefined) return <p>There is no such conversation.</p>;
  if ('key' in named) return <ByMessage key={named.key} box={box} messageKey={named.key} />;
  return <Conversation key={named.conversation} box={box} conversation={named.conversation} />;
}

function ByMessage({ box, messageKey }: { box: BoxName; messageKey: string }) {
  const problem = useSignal<string | undefined>(undefined);
  async function find(): Promise<void> {
    try {
      const { message } = await call('message.open', { key: messageKey });
      navigate(conversationPath(box, message.conversation), 'replace');
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error);
    }
  }
  useEffect(() => void find(), []);
  if (problem.value === undefined) return <p class="soft">One moment…</p>;
  return <Problem text={problem.value} again={find} />;
}

function Conversation({ box, conversation }: { box: BoxName; conversation: string }) {
  const thread = useMemo(() => threadOf(conversation), [conversation]);
  useEffect(() => {
    const end = thread.follow();
    void thread.load();
    return end;
  }, [thread]);
  const messages = thread.messages.value;
  const problem = thread.problem.value;
  return (
    <section class="conversation stack" aria-label="Conversation">
      <div class="conversation-back">
        <Link to={boxPath(box)} class="button plain">
          ← {box === 'sent' ? 'Sent' : 'Messages'}
        </Link>
      </div>
      {problem !== undefined && <Problem text={problem} again={() => thread.load()} />}
      {messages === undefined && problem === undefined && <p class="soft">One moment…</p>}
      {messages?.length === 0 && <p class="note">There is no such conversation any more.</p>}
      {messages !== undefined && messages.length > 0 && <Letters thread={thread} />}
    </section>
  );
}

/** Opens what came last and what is unread; what the reader folded stays folded. */
function useOpenLetters(thread: Thread) {
  const open = useSignal<ReadonlySet<string>>(new Set());
  const considered = useRef(new Set<string>());
  useSignalEffect(() => {
    const letters = lettersOf(thread.messages.value ?? []);
    const fresh = letters.filter(({ key }) => !considered.current.has(key));
    if (fresh.length === 0) return;
    for (const { key } of fresh) considered.current.add(key);
    const newest = letters.at(-1);
    const opening = fresh.filter((letter) => letter === newest || letter.newest.unread);
    open.value = new Set([...open.peek(), ...opening.map(({ key }) => key)]);
  });
  return open;
}

function Letters({ thread }: { thread: Thread }) {
  const open = useOpenLetters(thread);
  const list = useRef<HTMLDivElement>(null);
  const letters = lettersOf(thread.messages.value ?? []);
  const subject = letters[0]?.newest.subject ?? '';
  useEffect(() => {
    const last = list.current?.lastElementChild;
    if (letters.length > 1) last?.scrollIntoView({ block: 'nearest' });
  }, [letters.length]);
  return (
    <>
      <h2 class="conversation-subject" dir="auto">
        {subjectOf(subject)}
      </h2>
      <div class="letters" ref={list} aria-live="off">
        {letters.map((letter) => (
          <LetterView key={letter.key} letter={letter} thread={thread} open={open} />
        ))}
      </div>
      <Answering thread={thread} />
    </>
  );
}

/**
 * The newest message that came and can be answered says where an answer goes (a report cannot);
 * without one, the newest sent. Asked one after the other, until one is found.
 */
function Answering({ thread }: { thread: Thread }) {
  const asked = useComputed(() => {
    const messages = (thread.messages.value ?? []).toReversed();
    const came = messages.filter(({ direction }) => direction === 'in');
    const went = messages.filter(({ direction }) => direction === 'out');
    const candidates = [...came, ...went].slice(0, ANSWERED_TRIED_MAX);
    const found = candidates.find((message) => {
      const content = thread.opened(message.key).value.value;
      return content === undefined || content.reply !== undefined;
    });
    return found ?? candidates[0];
  });
  const message = asked.value;
  useSignalEffect(() => {
    const content = asked.value && thread.opened(asked.value.key);
    if (content?.value.value === undefined && content?.busy.peek() === false) void content.load();
  });
  const content = message && thread.opened(message.key).value.value;
  const reply = content?.reply;
  if (message === undefined || content === undefined) return null;
  if (reply === undefined) {
    return <p class="note">There is nobody to answer: the sender gave no address.</p>;
  }
  return (
    <Reply
      conversation={thread.conversation}
      to={reply}
      answered={message}
      sent={() => void thread.load()}
    />
  );
}
