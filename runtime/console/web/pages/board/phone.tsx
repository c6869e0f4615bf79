/** The practice phone: messages as they would stand on a device, and a field to answer in. */

import { useSignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import { now, shortTime } from '../../clock.js';
import {
  answerFromPhone,
  isPhoneOff,
  type PhoneMessage,
  phone,
  phoneMessages,
  switchPhone,
} from '../../server/practice.js';

export function Phone() {
  const chosen = useSignal<PhoneMessage | undefined>(undefined);
  const field = useRef<HTMLTextAreaElement>(null);
  const newest = phoneMessages.value.findLast(({ mine }) => !mine);
  const to = chosen.value ?? newest;
  return (
    <section class={`phone ${isPhoneOff.value ? 'phone-off' : ''}`} aria-labelledby="phone-name">
      <header class="phone-top">
        <h2 id="phone-name">{phone.value?.name}</h2>
        <span aria-hidden="true">{shortTime(now.value)}</span>
      </header>
      <Messages
        choose={(message) => {
          chosen.value = message;
          field.current?.focus();
        }}
      />
      {to !== undefined && !isPhoneOff.value && <Answer to={to} field={field} />}
      <label class="phone-switch">
        <input
          type="checkbox"
          checked={isPhoneOff.value}
          onChange={(event) => switchPhone(event.currentTarget.checked ? 'off' : 'on')}
        />
        Phone off
      </label>
    </section>
  );
}

function Messages({ choose }: { choose: (message: PhoneMessage) => void }) {
  const list = useRef<HTMLDivElement>(null);
  const messages = phoneMessages.value;
  useEffect(() => {
    list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [messages.length]);
  if (isPhoneOff.value) {
    return <p class="phone-empty">Off. What comes now takes another way.</p>;
  }
  if (messages.length === 0) {
    return (
      <p class="phone-empty">A phone to practise with. What comes for you is shown here too.</p>
    );
  }
  return (
    <div class="phone-messages" ref={list} role="log" aria-label="On the phone">
      <ol>
        {messages.map((message) => (
          <li key={message.key} class={`bubble ${message.mine ? 'mine' : ''}`}>
            <span class="bubble-who">
              <span>{message.mine ? `To ${message.who}` : message.who}</span>
              <span>{` · ${shortTime(message.at)}`}</span>
            </span>
            {message.subject !== '' && <strong>{message.subject}</strong>}
            <span class="bubble-text">{message.text}</span>
            {!message.mine && (
              <button type="button" class="bubble-answer" onClick={() => choose(message)}>
                Answer<span class="unseen"> {message.who}</span>
              </button>
            )}
          </li>
        ))}
      </ol>
    </div>
  );
}

interface AnswerProps {
  readonly to: PhoneMessage;
  readonly field: { current: HTMLTextAreaElement | null };
}

function Answer({ to, field }: AnswerProps) {
  const id = useId();
  const text = useSignal('');
  const busy = useSignal(false);
  const problem = useSignal<string | undefined>(undefined);

  async function send(): Promise<void> {
    if (text.value.trim() === '' || busy.value) return;
    busy.value = true;
    problem.value = await answerFromPhone(to, text.value);
    if (problem.value === undefined) text.value = '';
    busy.value = false;
    field.current?.focus();
  }

  return (
    <form
      class="phone-answer"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {problem.value !== undefined && (
        <p class="small" role="alert">
          {problem.value}
        </p>
      )}
      <label class="phone-to" for={id}>
        Answer {to.who}
      </label>
      <textarea
        id={id}
        ref={field}
        rows={1}
        value={text.value}
        onInput={(event) => {
          text.value = event.currentTarget.value;
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          void send();
        }}
      />
      <button class="button first" type="submit" disabled={busy.value}>
        Send
      </button>
    </form>
  );
}
