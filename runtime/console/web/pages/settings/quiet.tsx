/** Do not disturb: until when, and who is let through meanwhile (C4). */

import { type Signal, useSignal } from '@preact/signals';
import type { Exception } from '../../../../../schemas/account.js';
import { untilTime } from '../../clock.js';
import { Action } from '../../parts/action.js';
import { account } from '../../server/session.js';
import {
  endQuiet,
  inAnHour,
  MORNING_WORDS,
  quietNow,
  quietUntil,
  tomorrowMorning,
} from './standing.js';
import { Until } from './until.js';

export function QuietTime() {
  const quiet = quietNow.value;
  const passing = useSignal<readonly Exception[]>(account.value?.quiet?.exceptions ?? []);
  const set = (until: number): Promise<void> => quietUntil(until, passing.value);
  return (
    <section class="card stack" aria-labelledby="quiet">
      <h2 id="quiet">Do not disturb</h2>
      {quiet === undefined ? (
        <p class="soft">Messages wait until the end you choose; nothing is lost.</p>
      ) : (
        <div class="note warn row">
          <span class="grow">Quiet until {untilTime(quiet.until)}.</span>
          <Action run={endQuiet}>End it</Action>
        </div>
      )}
      <div class="row">
        <Action run={() => set(inAnHour())}>1 hour</Action>
        <Action run={() => set(tomorrowMorning())}>{MORNING_WORDS}</Action>
      </div>
      <Until label="Until" button="Set" first={inAnHour()} choose={set} />
      <Passing passing={passing} />
      {quiet !== undefined && (
        <div class="row">
          <Action run={() => quietUntil(quiet.until, passing.value)} done="Saved">
            Save who is let through
          </Action>
        </div>
      )}
    </section>
  );
}

function exceptionWords({ sender, subject, priority, destination }: Exception): string {
  const parts = [
    sender !== undefined && `from ${sender}`,
    subject !== undefined && `subject with “${subject}”`,
    priority !== undefined && (priority === 'urgent' ? 'urgent' : 'high or urgent'),
    destination !== undefined && `to ${destination}`,
  ];
  return parts.filter((part) => part !== false).join(', ');
}

function Passing({ passing }: { passing: Signal<readonly Exception[]> }) {
  return (
    <details class="stack" open={passing.value.length > 0}>
      <summary>Let through meanwhile: {passing.value.length === 0 ? 'nobody' : ''}</summary>
      <ul class="settings-items">
        {passing.value.map((exception) => (
          <li key={exceptionWords(exception)} class="row">
            <span class="grow">{exceptionWords(exception)}</span>
            <button
              type="button"
              class="button plain small-button"
              aria-label={`Do not let through: ${exceptionWords(exception)}`}
              onClick={() => {
                passing.value = passing.value.filter((one) => one !== exception);
              }}
            >
              Remove
            </button>
          </li>
        ))}
      </ul>
      <AddPassing
        add={(exception) => {
          passing.value = [...passing.value, exception];
        }}
      />
    </details>
  );
}

/** Whoever passes must match everything that is given, and be who it says it is. */
function AddPassing({ add }: { add: (exception: Exception) => void }) {
  const problem = useSignal<string | undefined>(undefined);
  function take(form: HTMLFormElement): void {
    const given = new FormData(form);
    const [sender, subject] = ['sender', 'subject'].map((name) => String(given.get(name)).trim());
    const priority = given.get('priority');
    const exception: Exception = {
      ...(sender && { sender }),
      ...(subject && { subject }),
      ...((priority === 'high' || priority === 'urgent') && { priority }),
    };
    problem.value = Object.keys(exception).length === 0 ? 'Say who or what.' : undefined;
    if (problem.value !== undefined) return;
    add(exception);
    form.reset();
  }
  return (
    <form
      class="passing"
      onSubmit={(event) => {
        event.preventDefault();
        take(event.currentTarget);
      }}
    >
      <label>
        From <input name="sender" placeholder="an address, or @a.domain" maxLength={200} />
      </label>
      <label>
        Subject with <input name="subject" maxLength={200} />
      </label>
      <label>
        Priority
        <select name="priority">
          <option value="">any</option>
          <option value="high">high or urgent</option>
          <option value="urgent">urgent</option>
        </select>
      </label>
      <button type="submit" class="button">
        Let through
      </button>
      {problem.value !== undefined && (
        <p class="small" role="alert">
          {problem.value}
        </p>
      )}
      <p class="small soft">
        All that is given must match. A sender counts only if verified: else anybody could write the
        name.
      </p>
    </form>
  );
}
