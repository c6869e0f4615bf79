/** Every machine of the project, drawn from its definition. */

import { useEffect, useMemo } from 'preact/hooks';
import type { MachineDrawing } from '../../../../../schemas/console.js';
import { Loaded, loading } from '../../parts/loaded.js';
import { Link } from '../../router.js';
import { SaveMachine } from './buttons.js';
import { Chart } from './chart.js';
import { guardWords } from './guard-words.js';
import '../../style/message.css';

export function MachinesPage({ name }: { name: string | undefined }) {
  return name === undefined ? <List /> : <Machine key={name} name={name} />;
}

function List() {
  const machines = useMemo(() => loading('machines.list', () => ({})), []);
  useEffect(() => void machines.load(), [machines]);
  return (
    <div class="stack">
      <h1>Machines</h1>
      <p>
        What the switch is made of, drawn from the definitions that run. On the command line:{' '}
        <code>patchboard machines</code>
      </p>
      <Loaded of={machines}>
        {({ items }) => (
          <ul class="stack">
            {items.map(({ name }) => (
              <li key={name}>
                <Link to={`/machines/${encodeURIComponent(name)}`}>{name}</Link>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </div>
  );
}

function Machine({ name }: { name: string }) {
  const machine = useMemo(() => loading('machines.get', () => ({ name })), [name]);
  useEffect(() => void machine.load(), [machine]);
  return (
    <div class="stack">
      <h1>{name}</h1>
      <Loaded of={machine}>
        {({ drawing, definition }) => (
          <div class="stack">
            <div class="row">
              <span class="soft">
                {drawing.version !== undefined && `Version ${drawing.version}, `}
                {drawing.nodes.length} states, {drawing.edges.length} transitions
              </span>
              <SaveMachine name={name} definition={definition} />
              <Link to="/machines">All machines</Link>
            </div>
            <div class="card">
              <Chart drawing={drawing} title={`Statechart of ${name}; as a table below`} />
            </div>
            <Transitions drawing={drawing} />
          </div>
        )}
      </Loaded>
    </div>
  );
}

function Transitions({ drawing }: { drawing: MachineDrawing }) {
  return (
    <div class="table-scroll">
      <table>
        <caption class="unseen">Transitions</caption>
        <thead>
          <tr>
            <th scope="col">from</th>
            <th scope="col">event</th>
            <th scope="col">if</th>
            <th scope="col">to</th>
          </tr>
        </thead>
        <tbody>
          {drawing.edges.map(({ id, from, to, event, guard }) => (
            <tr key={id}>
              <td>{from === '' ? drawing.name : from}</td>
              <td>
                <strong>{event === '' ? 'at once' : event}</strong>
              </td>
              <td>{guard === undefined ? '' : guardWords(drawing.name, guard)}</td>
              <td>{from === to ? 'the same' : to}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
