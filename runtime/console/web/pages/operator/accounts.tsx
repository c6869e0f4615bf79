/** Accounts: listed, looked for, opened; what is done to one stands in its dialog. */

import { useSignal } from '@preact/signals';
import { useEffect, useId } from 'preact/hooks';
import type { AccountSummary } from '../../../../../schemas/console.js';
import { after, untilTime } from '../../clock.js';
import { Dialog } from '../../parts/dialog.js';
import { Problem } from '../../parts/loaded.js';
import { call } from '../../server/call.js';
import { account as own } from '../../server/session.js';
import { ManageAccount, OpenAccount } from './account-dialogs.js';

const TYPED_MS = 250;

export function AccountsPart() {
  const accounts = useSignal<readonly AccountSummary[] | undefined>(undefined);
  const next = useSignal<string | undefined>(undefined);
  const search = useSignal('');
  const problem = useSignal<string | undefined>(undefined);
  const open = useSignal<'new' | AccountSummary | undefined>(undefined);
  const field = useId();

  async function look(from?: string): Promise<void> {
    const wanted = search.value;
    try {
      const page = await call('accounts.list', {
        search: wanted,
        ...(from !== undefined && { after: from }),
      });
      if (wanted !== search.value) return;
      const had = from === undefined ? [] : (accounts.value ?? []);
      accounts.value = [...had, ...page.items];
      next.value = page.next;
      problem.value = undefined;
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error);
    }
  }

  useEffect(() => after(TYPED_MS, () => void look()), [search.value]);
  const close = (): void => {
    open.value = undefined;
  };
  const chosen = open.value;
  return (
    <div class="stack">
      <div class="row">
        <h1 class="grow">Accounts</h1>
        <button
          type="button"
          class="button first"
          onClick={() => {
            open.value = 'new';
          }}
        >
          Open an account…
        </button>
      </div>
      <div class="op-narrow">
        <label for={field} class="unseen">
          Look for an account
        </label>
        <input
          id={field}
          type="search"
          placeholder="Name or address"
          autocomplete="off"
          value={search.value}
          onInput={(event) => {
            search.value = event.currentTarget.value;
          }}
        />
      </div>
      {problem.value !== undefined && <Problem text={problem.value} again={() => look()} />}
      {accounts.value === undefined && problem.value === undefined && (
        <p class="soft">One moment…</p>
      )}
      {accounts.value?.length === 0 && next.value === undefined && (
        <p class="note">No account is called so.</p>
      )}
      <ul class="op-lines">
        {accounts.value?.map((one) => (
          <AccountLine
            key={one.id}
            account={one}
            manage={() => {
              open.value = one;
            }}
          />
        ))}
      </ul>
      {next.value !== undefined && (
        <button type="button" class="button" onClick={() => void look(next.value)}>
          More
        </button>
      )}
      <Dialog title="Open an account" open={chosen === 'new'} close={close}>
        <OpenAccount changed={() => look()} />
      </Dialog>
      <Dialog
        title={typeof chosen === 'object' ? chosen.name : ''}
        open={typeof chosen === 'object'}
        close={close}
      >
        {typeof chosen === 'object' && (
          <ManageAccount account={chosen} changed={() => look()} close={close} />
        )}
      </Dialog>
    </div>
  );
}

function AccountLine({ account, manage }: { account: AccountSummary; manage: () => void }) {
  const { name, roles, addresses, devices, profile, quietUntil, hasPassword } = account;
  const isOwn = own.value?.id === account.id;
  return (
    <li class="op-line">
      <div class="op-account">
        <span class="row">
          <strong>{name}</strong>
          {roles.includes('operator') && <span class="word">operator</span>}
          {isOwn && <span class="word good">you</span>}
        </span>
        <span class="small">
          <bdi>{addresses.join(', ') || 'no address'}</bdi>
        </span>
        <span class="small soft">
          {devices === 1 ? '1 device' : `${devices} devices`} · profile {profile}
          {!hasPassword && ' · no password'}
          {quietUntil !== undefined && ` · quiet until ${untilTime(quietUntil)}`}
        </span>
      </div>
      <div class="op-line-actions">
        <button type="button" class="button" aria-label={`Manage ${name}`} onClick={manage}>
          Manage…
        </button>
      </div>
    </li>
  );
}
