/** An endpoint that waits for the code that was sent to it: typed here, or asked for anew. */

import { signal, useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { Device, Endpoint, Unverified } from '../../../../../schemas/account.js';
import { now, untilTime } from '../../clock.js';
import { Action } from '../../parts/action.js';
import { call } from '../../server/call.js';
import { account } from '../../server/session.js';

const CODE_CHARACTERS_MAX = 16;

/** The endpoint that was added just now. */
export const awaited = signal<string | undefined>(undefined);

const fieldOf = (endpoint: string): string => `code-${endpoint}`;

/** Where the code of what was added just now is typed. */
export function focusAwaited(): void {
  const id = awaited.value;
  awaited.value = undefined;
  if (id !== undefined) document.getElementById(fieldOf(id))?.focus();
}

interface VerifyingProps {
  readonly device: Device;
  readonly endpoint: Endpoint;
  readonly unverified: Unverified;
}

export function Verifying({ device, endpoint, unverified }: VerifyingProps) {
  const busy = useSignal(false);
  const problem = useSignal<string | undefined>(undefined);
  const input = useRef<HTMLInputElement>(null);
  const { id } = endpoint;

  async function verify(form: HTMLFormElement): Promise<void> {
    const code = String(new FormData(form).get('code')).trim();
    busy.value = true;
    problem.value = undefined;
    try {
      account.value = await call('device.verify', { endpoint: id, code });
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error);
      input.current?.select();
    } finally {
      busy.value = false;
    }
  }

  async function again(): Promise<void> {
    account.value = await call('device.code', { endpoint: id });
    problem.value = undefined;
    input.current?.focus();
  }

  return (
    <form
      class="note warn stack verifying"
      onSubmit={(event) => {
        event.preventDefault();
        void verify(event.currentTarget);
      }}
    >
      <p role="status">{sentWords(unverified)}</p>
      <div class="row">
        <label class="grow">
          Code sent to {device.name}
          <input
            ref={input}
            id={fieldOf(id)}
            name="code"
            required
            inputMode="numeric"
            autocomplete="one-time-code"
            maxLength={CODE_CHARACTERS_MAX}
          />
        </label>
        <button type="submit" class="button first" disabled={busy.value}>
          Verify
        </button>
      </div>
      {problem.value !== undefined && (
        <p class="small" role="alert">
          {problem.value}
        </p>
      )}
      <div>
        <Action run={again} label={`Send another code to ${device.name}`}>
          Send another code
        </Action>
      </div>
    </form>
  );
}

function sentWords({ sentAt, expiresAt, triesLeft }: Unverified): string {
  if (triesLeft === 0) return 'Not verified: the code was tried too often. Ask for another one.';
  if (expiresAt <= now.value) return 'Not verified: the time of the code is over. Ask for another.';
  const until = untilTime(expiresAt);
  return `We sent a code there at ${untilTime(sentAt)}. Type it here until ${until}.`;
}
