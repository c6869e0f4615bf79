/** Whether somebody writes a new message, and what the page knows of it beforehand. */

import { signal } from '@preact/signals';

export interface Begun {
  readonly to?: string;
}

export const composing = signal<Begun | undefined>(undefined);
/** The id of what was sent last, to be told once. */
export const lastSent = signal<string | undefined>(undefined);
