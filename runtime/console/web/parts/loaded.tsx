/** Something that is asked of the switch: while it is awaited, when it came, when it did not. */

import { type Signal, signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { ConsoleCall, ConsoleCalls } from '../../../../schemas/console-calls.js';
import { call } from '../server/call.js';

export interface Loading<Value> {
  readonly value: Signal<Value | undefined>;
  readonly problem: Signal<string | undefined>;
  readonly busy: Signal<boolean>;
  /** Asks (again); what came before stays until the answer is here. Never rejects. */
  load(): Promise<void>;
}

/** One call whose argument may change from time to time. */
export function loading<Name extends ConsoleCall>(
  name: Name,
  argument: () => ConsoleCalls[Name]['in'],
): Loading<ConsoleCalls[Name]['out']> {
  const value = signal<ConsoleCalls[Name]['out'] | undefined>(undefined);
  const problem = signal<string | undefined>(undefined);
  const busy = signal(false);
  let latest = 0;
  return {
    value,
    problem,
    busy,
    async load() {
      latest += 1;
      const mine = latest;
      busy.value = true;
      try {
        const answer = await call(name, argument());
        if (mine !== latest) return;
        value.value = answer;
        problem.value = undefined;
      } catch (error) {
        if (mine === latest) problem.value = error instanceof Error ? error.message : String(error);
      } finally {
        if (mine === latest) busy.value = false;
      }
    },
  };
}

interface LoadedProps<Value> {
  readonly of: Loading<Value>;
  readonly children: (value: Value) => ComponentChildren;
}

export function Loaded<Value>({ of, children }: LoadedProps<Value>) {
  const value = of.value.value;
  const problem = of.problem.value;
  return (
    <>
      {problem !== undefined && <Problem text={problem} again={() => of.load()} />}
      {value !== undefined && children(value)}
      {value === undefined && problem === undefined && <p class="soft">One moment…</p>}
    </>
  );
}

export function Problem({ text, again }: { text: string; again?: () => Promise<void> }) {
  return (
    <div class="note bad row" role="alert">
      <span class="grow">{text}</span>
      {again !== undefined && (
        <button type="button" class="button" onClick={() => void again()}>
          Try again
        </button>
      )}
    </div>
  );
}
