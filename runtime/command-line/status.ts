/** `patchboard status`: whether the switch runs, since when, where it listens. */

import { callControl } from '../control.js';
import { type Command, EXIT, fail } from './call.js';
import { dataDirectory } from './opening.js';
import { fullTime } from './times.js';

export const command: Command = {
  help: `status [--json]

Whether the switch runs on this data directory, and where it listens. Exit 69: it does not run.`,
  async run(call) {
    const data = await dataDirectory(call);
    const answer = await callControl(data, 'status', {});
    if (answer === undefined) {
      const message = `The switch is not running on ${data}: patchboard start.`;
      return fail(call, { code: 'NOT_RUNNING', message });
    }
    if (!answer.ok) return fail(call, answer);
    if (call.json) call.out(JSON.stringify(answer.value));
    else for (const line of statusLines(answer.value)) call.out(line);
    return EXIT.ok;
  },
};

function statusLines(status: unknown): string[] {
  if (typeof status !== 'object' || status === null) return [String(status)];
  return Object.entries(status).map(([name, value]) => `${name.padEnd(11)} ${plain(name, value)}`);
}

function plain(name: string, value: unknown): string {
  if (name === 'startedAt' && typeof value === 'number') return fullTime(value);
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([key, one]) => `${key} ${one}`)
    .join(', ');
}
