/** A line to be typed elsewhere, with a button that copies it. */

import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { after } from '../clock.js';

const DONE_MS = 2500;

/** @param label what is copied, for who hears the button: "Copy the line that sends a message" */
export function Copied({ text, label }: { text: string; label: string }) {
  const code = useRef<HTMLElement>(null);
  const done = useSignal<'ready' | 'copied' | 'select'>('ready');

  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      done.value = 'copied';
    } catch {
      // Not allowed here: selected, so that the keyboard's own copying takes it.
      if (code.current !== null) getSelection()?.selectAllChildren(code.current);
      done.value = 'select';
    }
    after(DONE_MS, () => {
      done.value = 'ready';
    });
  }

  return (
    <div class="copied">
      <code ref={code}>{text}</code>
      <button type="button" class="button" aria-label={label} onClick={() => void copy()}>
        {{ ready: 'Copy', copied: 'Copied', select: 'Selected' }[done.value]}
      </button>
      <span class="unseen" role="status">
        {done.value === 'copied' ? 'Copied' : ''}
      </span>
    </div>
  );
}
