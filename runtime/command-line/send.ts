/** `patchboard send`: sends a text from the command line. */

import { type Command, EXIT, fail, print, text, UsageError } from './call.js';
import { change, who } from './opening.js';

export const command: Command = {
  help: `send TO... [--subject TEXT] [--from WHO] [--text TEXT] [--json]

Sends a text to accounts or addresses (channel:address). Without --text it is read from the
standard input. --from is an account or an address; without it nobody gets a report.`,
  options: {
    subject: { type: 'string', short: 's' },
    from: { type: 'string' },
    text: { type: 'string' },
  },
  async run(call) {
    if (call.words.length === 0) throw new UsageError('the recipient is missing');
    const from = text(call, 'from');
    const answer = await change(call, 'send', {
      to: call.words,
      subject: text(call, 'subject') ?? '',
      text: text(call, 'text') ?? (await standardInput()),
      by: who(call),
      ...(from === undefined ? {} : { from }),
    });
    if (!answer.ok) return fail(call, answer);
    const id = idOf(answer.value);
    print(call, answer.value, [`sent as ${id}   patchboard track ${id}`]);
    return EXIT.ok;
  },
};

function idOf(value: unknown): string {
  return typeof value === 'object' && value !== null && 'id' in value ? String(value.id) : '';
}

async function standardInput(): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}
