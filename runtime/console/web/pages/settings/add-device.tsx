/** A new device: what it is called, by which channel it is reached, and at which address. */

import { type Signal, useSignal } from '@preact/signals';
import type { ChannelEntry } from '../../../../../schemas/console.js';
import { call } from '../../server/call.js';
import { account, me } from '../../server/session.js';
import { awaited } from './verifying.js';

/**
 * Channels whose devices a person adds by hand: not those that every account has by itself. What
 * is out in the world comes first, practice last.
 */
function choices(): readonly ChannelEntry[] {
  const all = me.value?.channels ?? [];
  const chosen = all.filter(({ delivers, keeps, page }) => {
    return delivers && !keeps && page !== 'messenger';
  });
  const isPractice = ({ page }: ChannelEntry): number => (page === undefined ? 0 : 1);
  return chosen.sort((a, b) => isPractice(a) - isPractice(b));
}

export function AddDevice({ done }: { done: () => void }) {
  const channels = choices();
  const chosen = useSignal(channels[0]?.name ?? '');
  const busy = useSignal(false);
  const problem = useSignal<string | undefined>(undefined);

  async function add(form: HTMLFormElement): Promise<void> {
    const given = new FormData(form);
    const before = new Set(account.value?.devices.map(({ id }) => id));
    busy.value = true;
    problem.value = undefined;
    try {
      const changed = await call('device.add', {
        name: String(given.get('name')).trim(),
        channel: chosen.value,
        address: String(given.get('address')).trim(),
        use: given.get('use') !== null,
      });
      const added = changed.devices.find(({ id }) => !before.has(id));
      awaited.value = added?.endpoints.find(({ unverified }) => unverified !== undefined)?.id;
      account.value = changed;
      done();
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error);
    } finally {
      busy.value = false;
    }
  }

  if (channels.length === 0) return <p>This switch has no channel to devices besides this page.</p>;
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void add(event.currentTarget);
      }}
    >
      <Fields channels={channels} chosen={chosen} />
      {problem.value !== undefined && (
        <p class="note bad" role="alert">
          {problem.value}
        </p>
      )}
      <div>
        <button type="submit" class="button first" disabled={busy.value}>
          Add
        </button>
      </div>
    </form>
  );
}

interface FieldsProps {
  readonly channels: readonly ChannelEntry[];
  readonly chosen: Signal<string>;
}

function Fields({ channels, chosen }: FieldsProps) {
  const now = channels.find(({ name }) => name === chosen.value);
  return (
    <>
      <label>
        Name
        <input name="name" required maxLength={200} placeholder="Phone, laptop, mail at work" />
      </label>
      <label>
        Reached by
        <select
          value={chosen.value}
          onChange={(event) => {
            chosen.value = event.currentTarget.value;
          }}
        >
          {channels.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <p class="small soft">
        {now?.description}
        {now?.page === undefined &&
          ' We send a code there; the device is unused until you have typed it here.'}
      </p>
      <label>
        Address there
        <input
          name="address"
          required
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
        />
      </label>
      <label class="check">
        <input name="use" type="checkbox" defaultChecked={true} /> Use it in the default profile
      </label>
    </>
  );
}
