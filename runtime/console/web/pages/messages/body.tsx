/**
 * What a message says. HTML is the sender's own document: it is shown in a frame without scripts,
 * without our origin, and with nothing fetched from elsewhere until somebody asks for it.
 */

import { type Signal, useSignal } from '@preact/signals';
import { bytesText } from '../../../../../actors/message-tracker/words.js';
import type { Opened, PartSummary } from '../../../../../schemas/console.js';
import { plain } from './person.js';
import { MessageText } from './text.js';

const LINE_PX = 26;
const FRAME_MIN_PX = 160;
const FRAME_MAX_PX = 560;
/** A picture that will be shown needs room that the text does not tell of. */
const PICTURES_PX = 260;

function documentPath(name: string, of: Readonly<Record<string, string>>): string {
  return `/api/${name}?${new URLSearchParams(of)}`;
}

export function Body({ opened }: { opened: Opened }) {
  const asText = useSignal(false);
  const tall = useSignal(false);
  const { key } = opened.message;
  const showsHtml = opened.html && !asText.value;
  return (
    <div class="stack">
      {showsHtml ? (
        <Html opened={opened} tall={tall.value} />
      ) : (
        <MessageText text={opened.text} rawPath={documentPath('raw', { key })} />
      )}
      {opened.html && (
        <div class="row">
          <button
            type="button"
            class="button plain small-button"
            onClick={() => {
              asText.value = !asText.value;
            }}
          >
            {asText.value ? 'As the sender formatted it' : 'As plain text'}
          </button>
          {showsHtml && (
            <button
              type="button"
              class="button plain small-button"
              onClick={() => {
                tall.value = !tall.value;
              }}
            >
              {tall.value ? 'Smaller' : 'Larger'}
            </button>
          )}
        </div>
      )}
      <Parts messageKey={key} parts={opened.parts} />
    </div>
  );
}

function Html({ opened, tall }: { opened: Opened; tall: boolean }) {
  const remote = useSignal<'left out' | 'asked' | 'shown'>('left out');
  const { key } = opened.message;
  const src = documentPath('body', remote.value === 'shown' ? { key, remote: '1' } : { key });
  const px = tall ? undefined : frameHeight(opened, remote.value === 'shown');
  return (
    <div class="stack">
      {opened.remote > 0 && remote.value !== 'shown' && (
        <Remote count={opened.remote} state={remote} />
      )}
      <iframe
        class={`letter-html ${tall ? 'tall' : ''}`}
        style={px === undefined ? {} : { height: `${px}px` }}
        sandbox="allow-popups allow-popups-to-escape-sandbox"
        referrerpolicy="no-referrer"
        src={src}
        title={`The message, as its sender formatted it: ${plain(opened.message.subject)}`}
      />
    </div>
  );
}

/** The frame's own height cannot be asked for: its document is sealed off. The text tells. */
function frameHeight(opened: Opened, withPictures: boolean): number {
  const lines = opened.text.split('\n').reduce((sum, line) => sum + 1 + line.length / 90, 0);
  const wanted = lines * LINE_PX + 48 + (withPictures ? PICTURES_PX : 0);
  return Math.round(Math.min(FRAME_MAX_PX, Math.max(FRAME_MIN_PX, wanted)));
}

interface RemoteProps {
  readonly count: number;
  readonly state: Signal<'left out' | 'asked' | 'shown'>;
}

function Remote({ count, state }: RemoteProps) {
  const pictures = count === 1 ? '1 remote picture' : `${count} remote pictures`;
  if (state.value === 'left out') {
    return (
      <div class="note row small">
        <span class="grow">{pictures} left out.</span>
        <button
          type="button"
          class="button"
          onClick={() => {
            state.value = 'asked';
          }}
        >
          Show remote pictures
        </button>
      </div>
    );
  }
  return (
    <div class="note warn row small" role="status">
      <span class="grow">
        They are fetched from the sender's computers, which learn that you read this, when, and from
        which network.
      </span>
      <button
        type="button"
        class="button"
        onClick={() => {
          state.value = 'shown';
        }}
      >
        Show them
      </button>
      <button
        type="button"
        class="button plain"
        onClick={() => {
          state.value = 'left out';
        }}
      >
        Leave them out
      </button>
    </div>
  );
}

function Parts({ messageKey, parts }: { messageKey: string; parts: readonly PartSummary[] }) {
  if (parts.length === 0) return null;
  return (
    <ul class="parts" aria-label="Attachments">
      {parts.map((part) => (
        <li key={part.index}>
          <a
            class="part"
            href={documentPath('part', { key: messageKey, index: String(part.index) })}
            download={plain(part.name)}
          >
            <bdi class="part-name">{plain(part.name) || 'without a name'}</bdi>
            <span class="small soft">
              {part.mediaType}, {bytesText(part.bytes)}
            </span>
            <span class="unseen">, download</span>
          </a>
        </li>
      ))}
    </ul>
  );
}
