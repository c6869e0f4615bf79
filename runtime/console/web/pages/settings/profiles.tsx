/** Profiles: which one holds, one tap to another, and what each of them does. */

import { type Signal, useSignal } from '@preact/signals';
import type { Profile, ProfileStep } from '../../../../../schemas/account.js';
import type { Me } from '../../../../../schemas/console.js';
import { untilTime } from '../../clock.js';
import { Action } from '../../parts/action.js';
import { Dialog } from '../../parts/dialog.js';
import { call } from '../../server/call.js';
import { account as accountNow } from '../../server/session.js';
import { waitWords, wayName, waysOf } from './endpoints.js';
import { ProfileEditor } from './profile-editor.js';
import { profileNow, useProfile } from './standing.js';

const NEW: Profile = { id: '', name: '', steps: [], confirms: 'any', lastResort: 'inbox' };

export function Profiles({ account }: { account: Me['account'] }) {
  const editing = useSignal<Profile | undefined>(undefined);
  const edited = editing.value;
  const close = (): void => {
    editing.value = undefined;
  };
  return (
    <section class="card stack" aria-labelledby="profiles">
      <div class="row">
        <h2 id="profiles" class="grow">
          Profiles
        </h2>
        <button
          type="button"
          class="button"
          onClick={() => {
            editing.value = NEW;
          }}
        >
          New profile
        </button>
      </div>
      <p class="soft small">A profile says which devices a message tries, and in which order.</p>
      <ul class="settings-items">
        {account.profiles.map((profile) => (
          <ProfileItem
            key={profile.id}
            profile={profile}
            account={account}
            edit={() => {
              editing.value = profile;
            }}
          />
        ))}
      </ul>
      <Dialog
        title={edited?.id === '' ? 'New profile' : (edited?.name ?? 'Profile')}
        open={edited !== undefined}
        close={close}
      >
        {edited !== undefined && <ProfileEditor profile={edited} account={account} done={close} />}
      </Dialog>
    </section>
  );
}

interface ItemProps {
  readonly profile: Profile;
  readonly account: Me['account'];
  readonly edit: () => void;
}

function ProfileItem({ profile, account, edit }: ItemProps) {
  const removing = useSignal(false);
  const standing = profileNow.value;
  const isActive = standing?.profile.id === profile.id;
  const isDefault = account.defaultProfile === profile.id;
  const until = isActive ? standing.until : undefined;
  return (
    <li class="stack tight">
      <div class="row">
        <h3 class="grow">
          {profile.name}{' '}
          {isActive && (
            <span class="word good">
              in use{until === undefined ? '' : ` until ${untilTime(until)}`}
            </span>
          )}{' '}
          {isDefault && <span class="word">default</span>}
        </h3>
        {!isActive && (
          <Action run={() => useProfile(profile.id)} label={`Use ${profile.name}`}>
            Use
          </Action>
        )}
        <button
          type="button"
          class="button plain small-button"
          aria-label={`Edit ${profile.name}`}
          onClick={edit}
        >
          Edit
        </button>
        {!isDefault && (
          <button
            type="button"
            class="button plain small-button"
            aria-label={`Delete ${profile.name}`}
            onClick={() => {
              removing.value = true;
            }}
          >
            Delete
          </button>
        )}
      </div>
      {removing.value && <Removal profile={profile} removing={removing} />}
      <ol class="profile-steps small">
        {profile.steps.map((step, index) => (
          <li key={String(index)}>{stepWords(account, profile, step)}</li>
        ))}
        <li class="soft">{lastWords(profile)}</li>
      </ol>
    </li>
  );
}

function Removal({ profile, removing }: { profile: Profile; removing: Signal<boolean> }) {
  async function remove(): Promise<void> {
    accountNow.value = await call('profile.remove', { profile: profile.id });
  }
  return (
    <div class="note row">
      <span class="grow">Delete {profile.name}? Its devices stay.</span>
      <Action kind="danger" run={remove} label={`Yes, delete ${profile.name}`}>
        Delete
      </Action>
      <button
        type="button"
        class="button"
        onClick={() => {
          removing.value = false;
        }}
      >
        Keep it
      </button>
    </div>
  );
}

/** "Phone and Laptop together, one is enough; after 5 minutes without confirmation the next too" */
function stepWords(account: Me['account'], profile: Profile, step: ProfileStep): string {
  const names = waysOf(account)
    .filter(({ endpoint }) => step.endpoints.includes(endpoint.id))
    .map(wayName);
  const together = names.join(' and ');
  const enough = profile.confirms === 'all' ? 'each must confirm' : 'one is enough';
  const what = names.length > 1 ? `${together} together, ${enough}` : together;
  const wait =
    step.waitMs === undefined
      ? 'the next only if this fails'
      : `after ${waitWords(step.waitMs)} without confirmation the next too`;
  return `${what || 'a device that is gone'}; ${wait}`;
}

function lastWords({ lastResort }: Profile): string {
  return lastResort === 'inbox'
    ? 'At last: kept in the inbox'
    : 'At last: to the operator, as a dead message';
}
