/** Signing in: by name and password; a link from the command line needs no page. */

import { useSignal } from '@preact/signals';
import { Mark } from '../parts/frame.js';
import { problem, signInWithPassword } from '../server/session.js';

export function Login() {
  const busy = useSignal(false);

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (!(event.currentTarget instanceof HTMLFormElement)) return;
    const given = new FormData(event.currentTarget);
    busy.value = true;
    await signInWithPassword(String(given.get('name')), String(given.get('password')));
    busy.value = false;
  }

  return (
    <main class="login">
      <form class="card stack" onSubmit={(event) => void submit(event)}>
        <div class="login-name">
          <Mark size={40} />
          <h1>Patchboard</h1>
        </div>
        {problem.value !== undefined && (
          <p class="note bad" role="alert">
            {problem.value}
          </p>
        )}
        <label>
          Name or address
          <input name="name" autocomplete="username" required />
        </label>
        <label>
          Password
          <input name="password" type="password" autocomplete="current-password" required />
        </label>
        <button class="button first" type="submit" disabled={busy.value}>
          {busy.value ? 'One moment…' : 'Sign in'}
        </button>
        <p class="small soft">
          No password yet? On the switch’s computer,{' '}
          <code class="nowrap">patchboard account link NAME</code> prints a link that signs in once.
        </p>
      </form>
    </main>
  );
}
