/**
 * One message of a conversation: folded, or opened with its content.
 *
 * Invariant: "read" is told when the content stands on a page that can be seen, and not before.
 */

import { type Signal, useComputed, useSignalEffect } from '@preact/signals';
import type { MessageSummary, Opened, OutSummary } from '../../../../../schemas/console.js';
import { fullTime, shortTime, untilTime } from '../../clock.js';
import { Avatar } from '../../parts/avatar.js';
import { Loaded } from '../../parts/loaded.js';
import { Word } from '../../parts/word.js';
import { Link } from '../../router.js';
import { call } from '../../server/call.js';
import { line } from '../../server/live.js';
import { Body } from './body.js';
import { addressOf, nameOf, subjectOf, verifiedWords } from './person.js';
import { type Letter, type Thread, visible } from './thread.js';

interface LetterProps {
  readonly letter: Letter;
  readonly thread: Thread;
  /** Keys of the letters that are open. */
  readonly open: Signal<ReadonlySet<string>>;
}

/** Tells that it was read, once it is shown; again after the line was lost meanwhile. */
function useReading(key: string, thread: Thread): void {
  const message = useComputed(() => thread.messages.value?.find((other) => other.key === key));
  const mustTell = useComputed(
    () =>
      message.value?.direction === 'in' &&
      message.value.unread &&
      visible.value &&
      line.value === 'open' &&
      thread.opened(key).value.value !== undefined,
  );
  useSignalEffect(() => {
    // Not told: it stays unread, and is told when the line is back.
    if (mustTell.value) call('message.read', { key }).catch(() => undefined);
  });
}

export function LetterView({ letter, thread, open }: LetterProps) {
  const { newest: message } = letter;
  const isOpen = open.value.has(letter.key);
  const own = message.direction === 'out';
  const name = own ? 'You' : nameOf(message.from);

  function toggle(): void {
    const next = new Set(open.value);
    if (isOpen) next.delete(letter.key);
    else next.add(letter.key);
    open.value = next;
  }

  return (
    <article
      class={`letter card ${own ? 'own' : ''} ${isOpen ? 'open' : ''}`}
      data-key={message.key}
      aria-label={`${name}: ${subjectOf(message.subject)}`}
    >
      <h3 class="letter-head">
        <button type="button" aria-expanded={isOpen} onClick={toggle}>
          <Avatar name={name} of={message.from.address ?? name} />
          <span class="letter-who">
            <bdi class={message.unread ? 'unread' : ''}>{name}</bdi>
            <span class="small soft letter-to">
              {own
                ? `to ${letter.copies.map(({ to }) => nameOf(to)).join(', ')}`
                : viaWords(message)}
            </span>
          </span>
          <span class="letter-time small soft" title={fullTime(message.at)}>
            {shortTime(message.at)}
          </span>
        </button>
      </h3>
      {own && <Copies letter={letter} />}
      {isOpen && <OpenLetter message={message} thread={thread} />}
    </article>
  );
}

function viaWords(message: MessageSummary): string {
  const devices = message.outs.map((out) => out.device ?? out.channel);
  const on = devices.length === 0 ? '' : ` · ${[...new Set(devices)].join(', ')}`;
  return `by ${message.in}${on}`;
}

/** What became of one's own message, for each of its recipients. */
function Copies({ letter }: { letter: Letter }) {
  return (
    <ul class="copies">
      {letter.copies.map((copy) => (
        <li key={copy.key} class="row" aria-live="polite">
          <Word word={copy.word} title={copy.phrase} />
          {letter.copies.length > 1 && <bdi class="small">{nameOf(copy.to)}</bdi>}
          <span class="small soft grow">{standing(copy)}</span>
        </li>
      ))}
    </ul>
  );
}

function standing(copy: MessageSummary): string {
  if (copy.heldUntil !== undefined) return `waits until ${untilTime(copy.heldUntil)}`;
  const said = copy.phrase === copy.word ? '' : copy.phrase.replace(`${copy.word}: `, '');
  const outs = copy.outs.filter((out) => out.phase !== 'skipped').map(outWords);
  return [said, ...outs].filter((part) => part !== '').join(' · ');
}

function outWords(out: OutSummary): string {
  const where = out.device ?? out.channel;
  if (out.phase !== 'failed') return where;
  return out.reason === undefined ? `${where}: failed` : `${where}: ${out.reason}`;
}

function OpenLetter({ message, thread }: { message: MessageSummary; thread: Thread }) {
  const content = thread.opened(message.key);
  useReading(message.key, thread);
  useSignalEffect(() => {
    const wanted = content.value.value === undefined && !content.busy.peek();
    if (wanted && line.value !== 'lost') void content.load();
  });
  return (
    <div class="letter-open stack">
      {message.direction !== 'out' && <Sender message={message} />}
      <Loaded of={content}>{(opened) => <Content opened={opened} />}</Loaded>
    </div>
  );
}

function Sender({ message }: { message: MessageSummary }) {
  const address = addressOf(message.from);
  return (
    <p class="small soft">
      {address !== undefined && (
        <>
          <bdi>{address}</bdi>,{' '}
        </>
      )}
      <span class={message.from.verified === true ? '' : 'unverified'}>
        {verifiedWords(message.from)}
      </span>
    </p>
  );
}

function Content({ opened }: { opened: Opened }) {
  const { message, why } = opened;
  return (
    <>
      <Body opened={opened} />
      <div class="letter-foot">
        {why.length > 0 && (
          <details>
            <summary>Why here?</summary>
            <ul class="why small">
              {why.map((reason) => (
                <li key={reason}>{reason}</li>
              ))}
            </ul>
          </details>
        )}
        <Link to={`/m/${message.id}`} class="small">
          How it travelled
        </Link>
      </div>
    </>
  );
}
