/** Accounts: listed, looked for, opened; what is done to one stands in its dialog. */

import { signal, useSignal } from '@preact/signals';
import { useEffect, useId, useMemo } from 'preact/hooks';
import type { AccountSummary } from '../../../../../schemas/console.js';
import { after, untilTime } from '../../clock.js';
import { Dialog } from '../../parts/dialog.js';
import { Problem } from '../../parts/loaded.js';
import { call } from '../../server/call.js';
import { account as own } from '../../server/session.js';
import { ManageAccount, OpenAccount } from './account-dialogs.js';

const TYPED_MS = 250;

/** The list as it is looked for: what was typed, the pages so far. */
class AccountList {
  readonly items = signal<readonly AccountSummary[] | undefined>(undefined);
  readonly next = signal<string | undefined>(undefined);
  readonly search = signal('');
  readonly problem = signal<string | undefined>(undefined);

  /** @param from the page before's `next`; without it the list begins anew */
  async look(from?: string): Promise<void> {
    const search = this.search.value;
    try {
      const page = await call('accounts.list', {
        search,
        ...(from !== undefined && { after: from }),
      });
      if (search !== this.search.value) return;
      const had = from === undefined ? [] : (this.items.value ?? []);
      this.items.value = [...had, ...page.items];
      this.next.value = page.next;
      this.problem.value = undefined;
    } catch (error) {
      this.problem.value = error instanceof Error ? error.message : String(error);
    }
  }
}

export function AccountsPart() {
  const list = useMemo(() => new AccountList(), []);
  const open = useSignal<'new' | AccountSummary | undefined>(undefined);
  useEffect(() => after(TYPED_MS, () => void list.look()), [list.search.value]);
  const close = (): void => {
    open.value = undefined;
  };
  const changed = (): Promise<void> => list.look();
  const chosen = open.value;
  const managed = typeof chosen === 'object' ? chosen : undefined;
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
      <LookFor list={list} />
      <Lines
        list={list}
        manage={(account) => {
          open.value = account;
        }}
      />
      <Dialog title="Open an account" open={chosen === 'new'} close={close}>
        <OpenAccount changed={changed} />
      </Dialog>
      <Dialog title={managed?.name ?? ''} open={managed !== undefined} close={close}>
        {managed && <ManageAccount account={managed} changed={changed} close={close} />}
      </Dialog>
    </div>
  );
}

function LookFor({ list }: { list: AccountList }) {
  const field = useId();
  return (
    <div class="op-narrow">
      <label for={field} class="unseen">
        Look for an account
      </label>
      <input
        id={field}
        type="search"
        placeholder="Name or address"
        autocomplete="off"
        value={list.search.value}
        onInput={(event) => {
          list.search.value = event.currentTarget.value;
        }}
      />
    </div>
  );
}

interface LinesProps {
  readonly list: AccountList;
  readonly manage: (account: AccountSummary) => void;
}

function Lines({ list, manage }: LinesProps) {
  const [items, next, problem] = [list.items.value, list.next.value, list.problem.value];
  return (
    <>
      {problem !== undefined && <Problem text={problem} again={() => list.look()} />}
      {items === undefined && problem === undefined && <p class="soft">One moment…</p>}
      {items?.length === 0 && next === undefined && <p class="note">No account is called so.</p>}
      <ul class="op-lines">
        {items?.map((one) => (
          <AccountLine key={one.id} account={one} manage={() => manage(one)} />
        ))}
      </ul>
      {next !== undefined && (
        <button type="button" class="button" onClick={() => void list.look(next)}>
          More
        </button>
      )}
    </>
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
