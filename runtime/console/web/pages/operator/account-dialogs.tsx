/** Opening an account, and what an operator does to one: password, link, end. */

import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import type { AccountSummary } from '../../../../../schemas/console.js';
import { Action } from '../../parts/action.js';
import { Copied } from '../../parts/copied.js';
import { call } from '../../server/call.js';
import { account as own } from '../../server/session.js';

interface Changing {
  readonly changed: () => Promise<void>;
}

export function OpenAccount({ changed }: Changing) {
  const name = useSignal('');
  const password = useSignal('');
  const operator = useSignal(false);
  const made = useSignal<AccountSummary | undefined>(undefined);
  const [nameField, hint] = [useId(), useId()];
  const run = async (): Promise<void> => {
    made.value = await call('accounts.create', {
      name: name.value.trim(),
      operator: operator.value,
      ...(password.value !== '' && { password: password.value }),
    });
    await changed();
  };
  if (made.value !== undefined) return <Opened account={made.value} />;
  return (
    <div class="stack">
      <div>
        <label for={nameField}>Name</label>
        <input
          id={nameField}
          autocomplete="off"
          autocapitalize="none"
          aria-describedby={hint}
          value={name.value}
          onInput={(event) => {
            name.value = event.currentTarget.value;
          }}
        />
        <p id={hint} class="small soft">
          a-z, 0-9, dot and dash; its addresses are made from it.
        </p>
      </div>
      <PasswordField
        label="Password"
        hint="At least 8 characters. Without one only a link signs in."
        value={password.value}
        typed={(text) => {
          password.value = text;
        }}
      />
      <label class="row op-check">
        <input
          type="checkbox"
          checked={operator.value}
          onChange={(event) => {
            operator.value = event.currentTarget.checked;
          }}
        />
        Operator: may see all envelopes and manage the switch
      </label>
      <Action kind="first" run={run}>
        Open the account
      </Action>
    </div>
  );
}

function Opened({ account }: { account: AccountSummary }) {
  return (
    <div class="stack">
      <p role="status">
        <strong>{account.name}</strong> can be reached now:{' '}
        <bdi>{account.addresses.join(', ') || 'it has no address yet'}</bdi>
      </p>
      <SignInLink name={account.name} />
    </div>
  );
}

interface PasswordProps {
  readonly label: string;
  readonly hint: string;
  readonly value: string;
  readonly typed: (text: string) => void;
}

function PasswordField({ label, hint, value, typed }: PasswordProps) {
  const [field, hintId] = [useId(), useId()];
  return (
    <div>
      <label for={field}>{label}</label>
      <input
        id={field}
        type="password"
        autocomplete="new-password"
        aria-describedby={hintId}
        value={value}
        onInput={(event) => typed(event.currentTarget.value)}
      />
      <p id={hintId} class="small soft">
        {hint}
      </p>
    </div>
  );
}

/** Made when it is asked for, shown once. */
function SignInLink({ name }: { name: string }) {
  const url = useSignal<string | undefined>(undefined);
  const run = async (): Promise<void> => {
    url.value = (await call('accounts.link', { name })).url;
  };
  if (url.value === undefined) return <Action run={run}>Make a link that signs in</Action>;
  return (
    <div class="stack">
      <p class="small">
        Signs {name} in once, within 15 minutes. It is shown only here: give it to nobody else.
      </p>
      <Copied text={url.value} label="Copy the link" />
    </div>
  );
}

interface ManageProps extends Changing {
  readonly account: AccountSummary;
  readonly close: () => void;
}

export function ManageAccount({ account, changed, close }: ManageProps) {
  return (
    <div class="op-manage">
      <section class="stack" aria-label="Sign-in link">
        <h3>Sign-in link</h3>
        <SignInLink name={account.name} />
      </section>
      <NewPassword account={account} changed={changed} />
      <RemoveAccount account={account} changed={changed} close={close} />
    </div>
  );
}

function NewPassword({ account, changed }: Omit<ManageProps, 'close'>) {
  const password = useSignal('');
  const run = async (): Promise<void> => {
    await call('accounts.password', { name: account.name, password: password.value });
    password.value = '';
    await changed();
  };
  return (
    <section class="stack" aria-label="New password">
      <h3>Password</h3>
      <PasswordField
        label="New password"
        hint="At least 8 characters. It ends every session of this account."
        value={password.value}
        typed={(text) => {
          password.value = text;
        }}
      />
      <Action run={run} done="Password set">
        Set the password
      </Action>
    </section>
  );
}

function RemoveAccount({ account, changed, close }: ManageProps) {
  const typed = useSignal('');
  const field = useId();
  const { name } = account;
  if (own.value?.id === account.id) {
    return <p class="small soft">You are signed in with this account: nobody removes their own.</p>;
  }
  const run = async (): Promise<void> => {
    await call('accounts.remove', { name });
    close();
    await changed();
  };
  return (
    <section class="stack" aria-label="Remove the account">
      <h3>Remove</h3>
      <p class="small">
        Its addresses are free for others, what is on its way to it finds no way, and it cannot sign
        in any more. There is no way back.
      </p>
      <div>
        <label for={field}>Type {name} to confirm</label>
        <input
          id={field}
          autocomplete="off"
          autocapitalize="none"
          value={typed.value}
          onInput={(event) => {
            typed.value = event.currentTarget.value;
          }}
        />
      </div>
      {typed.value.trim() === name && (
        <Action kind="danger" run={run}>
          Remove {name} for good
        </Action>
      )}
    </section>
  );
}
