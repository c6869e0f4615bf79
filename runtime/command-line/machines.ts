/** `patchboard machines`: every machine of the project, and each as JSON for XState's own tools. */

import { machines } from '../../actors/machines.js';
import { drawMachine, exportMachine } from '../console/history/drawing.js';
import { type Command, EXIT, fail, print } from './call.js';
import { table } from './times.js';

const INDENT = 2;

export const command: Command = {
  help: `machines [NAME] [--json]

Without a name: the machines that run here. With one: its definition as JSON, which XState's tools
read (for a file: patchboard machines message > message.json). In the browser: /machines/NAME`,
  async run(call) {
    const [name] = call.words;
    if (name === undefined) return list(call);
    const entry = machines.find((one) => one.name === name);
    if (entry === undefined) {
      const known = machines.map((one) => one.name).join(', ');
      const message = `There is no machine "${name}": there is ${known}.`;
      return fail(call, { code: 'FAILED', message });
    }
    const definition = exportMachine(entry.machine);
    print(call, definition, JSON.stringify(definition, null, INDENT).split('\n'));
    return EXIT.ok;
  },
};

function list(call: Parameters<Command['run']>[0]): number {
  const rows = machines.map((entry) => {
    const { name, version, nodes, edges } = drawMachine(entry);
    return {
      name,
      ...(version === undefined ? {} : { version }),
      states: nodes.length,
      transitions: edges.length,
    };
  });
  const lines = rows.map(({ name, version, states, transitions }) => [
    name,
    version === undefined ? '' : `version ${version}`,
    `${states} states`,
    `${transitions} transitions`,
  ]);
  print(call, { machines: rows }, table(lines));
  return EXIT.ok;
}
