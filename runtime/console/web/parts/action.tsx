/** A button that asks the switch to do something: busy while it does, and says what went wrong. */

import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';

interface ActionProps {
  readonly run: () => Promise<unknown>;
  readonly kind?: 'first' | 'danger' | 'plain';
  readonly label?: string;
  /** The button of its form: Enter in a field presses it. */
  readonly submits?: boolean;
  /** Told in place of the button's words when it is done. */
  readonly done?: string;
  readonly children: ComponentChildren;
}

export function Action({ run, kind, label, submits, done, children }: ActionProps) {
  const state = useSignal<'ready' | 'busy' | 'done'>('ready');
  const problem = useSignal<string | undefined>(undefined);

  async function act(): Promise<void> {
    state.value = 'busy';
    problem.value = undefined;
    try {
      await run();
      state.value = 'done';
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error);
      state.value = 'ready';
    }
  }

  return (
    <span class="stack">
      <button
        type={submits === true ? 'submit' : 'button'}
        class={`button ${kind ?? ''}`}
        aria-label={label}
        disabled={state.value === 'busy'}
        onClick={() => void act()}
      >
        {state.value === 'done' && done !== undefined ? done : children}
      </button>
      {problem.value !== undefined && (
        <span class="small" role="alert">
          {problem.value}
        </span>
      )}
    </span>
  );
}
