/**
 * Messages that came, and those that were sent: on a wide page the list and beside it the
 * conversation, on a narrow one the list, then the conversation as a page of its own.
 */

import { useEffect, useRef, useState } from 'preact/hooks';
import { after } from '../clock.js';
import { Dialog } from '../parts/dialog.js';
import { later } from '../parts/later.js';
import { Link, navigate, query } from '../router.js';
import { boxOf } from './messages/box.js';
import { composing, lastSent } from './messages/composing.js';
import { ConversationAt } from './messages/conversation.js';
import { KEYS, onKeys } from './messages/keys.js';
import { MessageList } from './messages/list.js';
import type { BoxName } from './messages/place.js';
import { boxPath } from './messages/place.js';
import '../style/messages.css';

const Compose = later(() => import('../parts/compose.js').then((part) => part.Compose));
const TITLES: Readonly<Record<BoxName, string>> = {
  inbox: 'Messages',
  sent: 'Sent',
  held: 'Held messages',
};

interface MessagesProps {
  readonly box: 'inbox' | 'sent';
  readonly conversation: string | undefined;
}

export function Messages({ box: asked, conversation }: MessagesProps) {
  const box = asked === 'inbox' && query.value.get('box') === 'held' ? 'held' : asked;
  const [helps, setHelp] = useState(false);
  useEffect(
    () =>
      onKeys({
        back: () => navigate(boxPath(box)),
        compose: () => {
          composing.value = {};
        },
        help: () => setHelp(true),
      }),
    [box],
  );
  return (
    <div class={`mail ${conversation === undefined ? '' : 'with-conversation'}`}>
      <div class="mail-list stack">
        <Top box={box} help={() => setHelp(true)} />
        <SentNote />
        <MessageList key={box} box={box} />
      </div>
      <div class="mail-conversation">
        {conversation === undefined ? (
          <p class="mail-none soft">Choose a message to read it here.</p>
        ) : (
          <ConversationAt box={box} place={conversation} />
        )}
      </div>
      {composing.value !== undefined && <Compose begun={composing.value} />}
      <Dialog title="Keys" open={helps} close={() => setHelp(false)}>
        <dl class="keys">
          {KEYS.map(({ keys, what }) => (
            <div key={what}>
              <dt>
                {keys.map((name) => (
                  <kbd key={name}>{name}</kbd>
                ))}
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
      </Dialog>
    </div>
  );
}

function Top({ box, help }: { box: BoxName; help: () => void }) {
  return (
    <>
      <div class="row">
        <h1 class="grow">{TITLES[box]}</h1>
        <button type="button" class="button plain" aria-label="Keys (?)" onClick={help}>
          ?
        </button>
        <button
          type="button"
          class="button first"
          onClick={() => {
            composing.value = {};
          }}
        >
          Write
        </button>
      </div>
      <Search box={box} />
    </>
  );
}

/** So long after the last key the search begins by itself; Enter begins it at once. */
const TYPED_MS = 350;

/** Looked for by the switch, in subject, people and id. */
function Search({ box }: { box: BoxName }) {
  const shown = boxOf(box);
  const cancel = useRef<() => void>(undefined);
  useEffect(() => () => cancel.current?.(), [box]);
  return (
    <search>
      <form
        key={box}
        class="mail-search"
        onSubmit={(event) => {
          event.preventDefault();
          cancel.current?.();
          void shown.seek(String(new FormData(event.currentTarget).get('search')).trim());
        }}
      >
        <input
          type="search"
          name="search"
          class="mail-search-field"
          placeholder="Search: subject, people, id"
          aria-label="Search in subject, people and id"
          defaultValue={shown.sought.peek()}
          onInput={(event) => {
            const text = event.currentTarget.value.trim();
            cancel.current?.();
            // The field's own cross empties it: then everything is listed again at once.
            cancel.current = after(text === '' ? 0 : TYPED_MS, () => void shown.seek(text));
          }}
        />
      </form>
    </search>
  );
}

function SentNote() {
  const id = lastSent.value;
  if (id === undefined) return null;
  return (
    <div class="note row" role="status">
      <span class="grow">
        Sent. <Link to={`/m/${id}`}>Watch it travel</Link>
      </span>
      <button
        type="button"
        class="button plain small-button"
        onClick={() => {
          lastSent.value = undefined;
        }}
      >
        Close
      </button>
    </div>
  );
}
