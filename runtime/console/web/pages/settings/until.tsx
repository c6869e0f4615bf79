/** A time in the future, to be chosen: "until …". */

import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { fromTimeField, now, toTimeField } from '../../clock.js';
import { Action } from '../../parts/action.js';

interface UntilProps {
  readonly label: string;
  readonly button: string;
  /** What the field shows first. */
  readonly first: number;
  readonly choose: (until: number) => Promise<unknown>;
}

export function Until({ label, button, first, choose }: UntilProps) {
  const id = useId();
  const text = useSignal(toTimeField(first));

  async function run(): Promise<void> {
    const until = fromTimeField(text.value);
    if (until === undefined || until <= now.value) throw new Error('Choose a time to come.');
    await choose(until);
  }

  return (
    <div class="row until">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="datetime-local"
        value={text.value}
        min={toTimeField(now.value)}
        onInput={(event) => {
          text.value = event.currentTarget.value;
        }}
      />
      <Action run={run}>{button}</Action>
    </div>
  );
}
