/** The switch's words as they read here: its times, in UTC, become the reader's. */

import { untilTime } from '../../clock.js';

const UTC_TIME = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z/g;

export function localText(text: string): string {
  return text.replace(UTC_TIME, (time) => untilTime(Date.parse(time)));
}

/** "dispatched.waiting" → "dispatched, waiting" */
export function stateText(state: string): string {
  return state.replaceAll('.', ', ');
}
