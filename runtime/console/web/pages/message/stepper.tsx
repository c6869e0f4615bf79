/** Steps through a history: buttons, a slider, and what the step says to a screen reader. */

import type { MessageHistory } from '../../../../../schemas/console.js';
import { preciseTime } from '../../clock.js';
import type { MessageModel } from './history.js';
import { stepAt } from './history.js';
import { localText, stateText } from './local-text.js';

interface StepperProps {
  readonly model: MessageModel;
  readonly history: MessageHistory;
}

export function Stepper({ model, history }: StepperProps) {
  const number = model.number.value;
  const last = history.steps.at(-1)?.number ?? 0;
  const words = stepWords(history, number);
  return (
    <section class="stepper" aria-label="Steps">
      <StepButton
        sign="M4 3v10M13 3L6 8l7 5z"
        label="First step"
        run={() => model.move('first')}
        isEnd
      />
      <StepButton sign="M11 3L4 8l7 5z" label="Step before" run={() => model.move('before')} />
      <input
        type="range"
        min={0}
        max={last}
        value={number}
        aria-label="Step"
        aria-valuetext={words}
        onInput={(event) => model.show(Number(event.currentTarget.value))}
      />
      <StepButton sign="M5 3l7 5-7 5z" label="Next step" run={() => model.move('after')} />
      <StepButton
        sign="M12 3v10M3 3l7 5-7 5z"
        label="Last step"
        run={() => model.move('last')}
        isEnd
      />
      <span class="number small">
        {number}/{last}
      </span>
      {model.isFollowing.value ? (
        <span class="word stepper-live">live</span>
      ) : (
        <button type="button" class="button plain" onClick={model.follow}>
          Follow live
        </button>
      )}
      <span class="unseen" aria-live="polite">
        {words}
      </span>
    </section>
  );
}

interface StepButtonProps {
  /** An SVG path. */
  readonly sign: string;
  readonly label: string;
  readonly run: () => void;
  /** Left out where there is no room: the slider leads there too. */
  readonly isEnd?: boolean;
}

function StepButton({ sign, label, run, isEnd = false }: StepButtonProps) {
  return (
    <button
      type="button"
      class={`button stepper-button ${isEnd ? 'stepper-end' : ''}`}
      aria-label={label}
      title={label}
      onClick={run}
    >
      <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
        <path d={sign} />
      </svg>
    </button>
  );
}

function stepWords(history: MessageHistory, number: number): string {
  const step = stepAt(history, number);
  if (step === undefined) return 'Step 0: it came in';
  const { event, state } = step.entry;
  const line = localText(step.lines[0] ?? event.type);
  return `Step ${number}, ${preciseTime(event.at)}: ${line}; state ${stateText(state)}`;
}

/** ← and → step, Home and End go to the ends, unless something that takes keys has the focus. */
export function stepByKey(model: MessageModel, event: KeyboardEvent): void {
  if (event.altKey || event.ctrlKey || event.metaKey || event.defaultPrevented) return;
  if (event.target instanceof Element && event.target.closest(TAKES_KEYS) !== null) return;
  const to = KEYS[event.key];
  if (to === undefined) return;
  event.preventDefault();
  model.move(to);
}

const TAKES_KEYS = 'input, select, textarea, pre, [contenteditable], .chart-scroll[tabindex]';
const KEYS: Readonly<Record<string, Parameters<MessageModel['move']>[0]>> = {
  ArrowLeft: 'before',
  ArrowRight: 'after',
  Home: 'first',
  End: 'last',
};
