/** "What just happened": the newest messages in a line each. */

import type { MessageSummary } from '../../../../../schemas/console.js';
import { fullTime, shortTime } from '../../clock.js';
import { Word } from '../../parts/word.js';
import { Link } from '../../router.js';
import { recent } from './recent.js';
import { partyName, sentence } from './sayings.js';

/** Words that raise the question “why?”. */
const NEEDS_A_PHRASE = new Set(['failed', 'unknown']);

export function Happened() {
  const messages = recent.value;
  if (messages === undefined || messages.length === 0) return null;
  return (
    <section aria-labelledby="happened" class="card happened">
      <h2 id="happened">What just happened</h2>
      <ul>
        {messages.map((message) => (
          <Row key={message.key} message={message} />
        ))}
      </ul>
    </section>
  );
}

function Row({ message }: { message: MessageSummary }) {
  const isOut = message.direction === 'out';
  const who = partyName(isOut ? message.to : message.from);
  const box = isOut ? '/sent' : '/messages';
  const subject = sentence(message.subject);
  return (
    <li class={message.unread ? 'unread' : ''} data-message={message.id}>
      <span class="happened-way" aria-hidden="true">
        {isOut ? '↗' : '↘'}
      </span>
      <span class="happened-what">
        <span class="happened-who">
          <span class="unseen">{isOut ? 'To ' : 'From '}</span>
          {who}
        </span>
        <Link to={`${box}/${encodeURIComponent(message.conversation)}`}>
          {subject}
          {message.unread && <span class="unseen"> (not opened yet)</span>}
        </Link>
        {NEEDS_A_PHRASE.has(message.word) && <span class="small soft">{message.phrase}</span>}
      </span>
      <Word word={wordOf(message)} title={message.phrase} />
      <span class="happened-time">
        <span title={fullTime(message.at)}>{shortTime(message.at)}</span>
        <Link to={`/m/${message.id}`} class="small" label={`How it went: ${who}, ${subject}`}>
          How it went
        </Link>
      </span>
    </li>
  );
}

function wordOf(message: MessageSummary): string {
  return message.heldUntil === undefined ? message.word : 'held';
}
