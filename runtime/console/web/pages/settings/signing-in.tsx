/** How one signs in: the password, and the browsers that are signed in. */

import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { SessionSummary } from '../../../../../schemas/console.js';
import { fullTime } from '../../clock.js';
import { Action } from '../../parts/action.js';
import { Loaded, loading } from '../../parts/loaded.js';
import { call } from '../../server/call.js';
import { account, signOut } from '../../server/session.js';
import { programWords } from './browser-name.js';

const PASSWORD_CHARACTERS_MIN = 8;

export function SigningIn() {
  const sessions = useMemo(() => loading('sessions.list', () => ({})), []);
  useEffect(() => void sessions.load(), [sessions]);

  /** The others first: with one's own ends the right to end them. */
  async function everywhere(): Promise<void> {
    const { items } = await call('sessions.list', {});
    for (const { id, current } of items) {
      if (!current) await call('sessions.revoke', { id });
    }
    await signOut();
  }

  return (
    <section class="card stack" aria-labelledby="signing-in">
      <h2 id="signing-in">Signing in</h2>
      <Password changed={() => sessions.load()} />
      <h3>Where you are signed in</h3>
      <Loaded of={sessions}>
        {({ items }) => (
          <ul class="settings-items">
            {items.map((session) => (
              <SessionItem key={session.id} session={session} changed={() => sessions.load()} />
            ))}
          </ul>
        )}
      </Loaded>
      <div class="row">
        <Action kind="danger" run={everywhere}>
          Sign out everywhere
        </Action>
      </div>
    </section>
  );
}

interface SessionProps {
  readonly session: SessionSummary;
  readonly changed: () => Promise<void>;
}

function SessionItem({ session, changed }: SessionProps) {
  const { id, program, peer, seenAt, current } = session;
  return (
    <li class="row">
      <div class="grow">
        <p>
          {programWords(program)} {current && <span class="word good">this one</span>}
        </p>
        <p class="small soft">
          from {peer}, last seen {fullTime(seenAt)}
        </p>
      </div>
      {!current && (
        <Action run={() => call('sessions.revoke', { id }).then(changed)}>Sign out there</Action>
      )}
    </li>
  );
}

function Password({ changed }: { readonly changed: () => Promise<void> }) {
  const password = useSignal('');
  const isSet = useSignal(false);
  const isShort = password.value.length < PASSWORD_CHARACTERS_MIN;
  const least = isShort ? `At least ${PASSWORD_CHARACTERS_MIN} characters. ` : '';
  const hint = `${least}Other sign-ins end.`;
  async function set(): Promise<void> {
    await call('password.set', { password: password.value });
    password.value = '';
    isSet.value = true;
    await changed();
  }
  return (
    <form class="password" onSubmit={(event) => event.preventDefault()}>
      <input type="hidden" name="username" autocomplete="username" value={account.value?.name} />
      <label for="new-password">New password</label>
      <div class="row">
        <input
          id="new-password"
          class="grow"
          type="password"
          autocomplete="new-password"
          aria-describedby="new-password-hint"
          minLength={PASSWORD_CHARACTERS_MIN}
          value={password.value}
          onInput={(event) => {
            password.value = event.currentTarget.value;
            isSet.value = false;
          }}
        />
        {!isShort && (
          <Action run={set} submits>
            Set it
          </Action>
        )}
      </div>
      <p class="small soft" id="new-password-hint" role="status">
        {isSet.value ? 'The new password holds; other sign-ins have ended.' : hint}
      </p>
    </form>
  );
}
