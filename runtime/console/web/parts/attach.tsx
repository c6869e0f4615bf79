/** Files to go with a message: chosen, dropped or pasted; what is too much is told at once. */

import { type Signal, useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { bytesText } from '../../../../actors/message-tracker/words.js';

/** The switch's own limits, as they are unless an operator changed them; it has the last word. */
const FILES_MAX = 100;
const FILES_BYTES_MAX = 25_000_000;

interface AttachProps {
  readonly files: Signal<readonly File[]>;
  readonly disabled: boolean;
}

/** Why these are too many or too large; undefined: they may go. */
export function tooMuch(files: readonly File[]): string | undefined {
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  if (files.length > FILES_MAX) return `A message takes at most ${FILES_MAX} attachments.`;
  if (bytes <= FILES_BYTES_MAX) return undefined;
  return `These are ${bytesText(bytes)}; a message takes ${bytesText(FILES_BYTES_MAX)}.`;
}

export function addFiles(files: Signal<readonly File[]>, more: FileList | undefined | null): void {
  if (more && more.length > 0) files.value = [...files.value, ...more];
}

/** Handlers for the field or form that takes dropped and pasted files. */
export function takingFiles(files: Signal<readonly File[]>) {
  return {
    onDragOver(event: DragEvent): void {
      if (event.dataTransfer?.types.includes('Files')) event.preventDefault();
    },
    onDrop(event: DragEvent): void {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      addFiles(files, event.dataTransfer.files);
    },
    onPaste(event: ClipboardEvent): void {
      addFiles(files, event.clipboardData?.files);
    },
  };
}

export function Attach({ files, disabled }: AttachProps) {
  const field = useRef<HTMLInputElement>(null);
  const said = useSignal('');
  const problem = tooMuch(files.value);
  return (
    <div class="stack attach">
      {files.value.length > 0 && (
        <ul class="parts" aria-label="Attached">
          {files.value.map((file, index) => (
            <li key={`${file.name} ${index}`} class="part">
              <bdi class="part-name">{file.name}</bdi>
              <span class="small soft">{bytesText(file.size)}</span>
              <button
                type="button"
                class="button plain small-button"
                aria-label={`Do not attach ${file.name}`}
                disabled={disabled}
                onClick={() => {
                  files.value = files.value.filter((_, other) => other !== index);
                  said.value = `${file.name} is not attached any more.`;
                }}
              >
                ✕
              </button>
            </li>
          ))}
        </ul>
      )}
      <div class="row">
        <button
          type="button"
          class="button"
          disabled={disabled}
          onClick={() => field.current?.click()}
        >
          Attach files
        </button>
        <span class="small soft">or drop or paste them; {bytesText(FILES_BYTES_MAX)} in all</span>
        <input
          ref={field}
          type="file"
          multiple
          hidden
          aria-label="Files to attach"
          onChange={(event) => {
            addFiles(files, event.currentTarget.files);
            event.currentTarget.value = '';
          }}
        />
      </div>
      <p class="unseen" role="status">
        {said.value}
      </p>
      {problem !== undefined && (
        <p class="small" role="alert">
          {problem} Take some away, or send them in parts.
        </p>
      )}
    </div>
  );
}
