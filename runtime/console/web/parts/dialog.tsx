/** A modal dialog: the browser's own, so that focus, Escape and the backdrop are right. */

import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

interface DialogProps {
  readonly title: string;
  readonly open: boolean;
  readonly close: () => void;
  readonly children: ComponentChildren;
}

export function Dialog({ title, open, close, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (dialog === null) return;
    if (open && !dialog.open) {
      dialog.showModal();
      // Where one types, not the way out, which comes first.
      dialog.querySelector<HTMLElement>('input, textarea, select')?.focus();
    }
    if (!open && dialog.open) dialog.close();
  }, [open]);
  return (
    <dialog ref={ref} aria-labelledby={id} onClose={close}>
      <div class="stack">
        <div class="row">
          <h2 id={id} class="grow">
            {title}
          </h2>
          <button type="button" class="button plain" onClick={close}>
            Close
          </button>
        </div>
        {open && children}
      </div>
    </dialog>
  );
}
