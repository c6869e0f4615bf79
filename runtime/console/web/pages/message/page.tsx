/**
 * A message's page: a sentence, its time line, its statechart, and what happened at each step. The
 * address with its step is a link that shows the same to whoever may see the message.
 */

import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { MessageHistory } from '../../../../../schemas/console.js';
import { preciseTime } from '../../clock.js';
import { Dialog } from '../../parts/dialog.js';
import { Problem } from '../../parts/loaded.js';
import { Word } from '../../parts/word.js';
import { Link } from '../../router.js';
import { call } from '../../server/call.js';
import { isOperator } from '../../server/session.js';
import { Buttons } from './buttons.js';
import { Chart, type Taking } from './chart.js';
import { type Machine, type MessageModel, messageModel, stepAt } from './history.js';
import { Inspector } from './inspector.js';
import { localText, stateText } from './local-text.js';
import { Stepper, stepByKey } from './stepper.js';
import { Rail, TimeLine } from './time-line.js';
import '../../style/message.css';

/** Below this width there is one column: the chart comes in a sheet. */
const NARROW = '(max-width: 700px)';

export function MessagePage({ id }: { id: string }) {
  const model = useMemo(() => messageModel(id), [id]);
  useEffect(() => {
    void model.load();
    return model.watch();
  }, [model]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => stepByKey(model, event);
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [model]);
  const history = model.history.value;
  const machine = model.machine.value;
  const problem = model.problem.value;
  return (
    <>
      {problem !== undefined && <Problem text={problem} again={model.load} />}
      {history !== undefined && machine !== undefined && (
        <Shown model={model} history={history} machine={machine} />
      )}
      {history === undefined && problem === undefined && <p class="soft">One moment…</p>}
    </>
  );
}

interface ShownProps {
  readonly model: MessageModel;
  readonly history: MessageHistory;
  readonly machine: Machine;
}

function Shown({ model, history, machine }: ShownProps) {
  const isNarrow = useMatch(NARROW);
  const number = model.number.value;
  const { drawing } = machine;
  const inspector = <Inspector history={history} drawing={drawing} number={number} />;
  return (
    <div class="message-page stack">
      <Headline history={history} machine={machine} />
      <Rail history={history} drawing={drawing} number={number} />
      {!isNarrow && <Stepper model={model} history={history} />}
      <div class="message-columns">
        <TimeLine
          history={history}
          drawing={drawing}
          number={number}
          show={model.show}
          hasten={hastening(history, model.load)}
          below={isNarrow ? inspector : undefined}
        />
        {!isNarrow && (
          <>
            <section class="message-chart card" aria-label="Statechart">
              <StepChart history={history} machine={machine} number={number} />
            </section>
            <aside class="card" aria-label="Inspector">
              {inspector}
            </aside>
          </>
        )}
      </div>
      {isNarrow && (
        <div class="message-bar">
          <Stepper model={model} history={history} />
          <ChartSheet history={history} machine={machine} number={number} />
        </div>
      )}
    </div>
  );
}

function Headline({ history, machine }: Omit<ShownProps, 'model'>) {
  const { message, standing, headline, differs, omitted, others } = history;
  return (
    <header class="stack">
      <div class="message-head">
        <h1>
          <bdi>{message.subject === '' ? '(no subject)' : `“${message.subject}”`}</bdi>{' '}
          <Word word={message.word} />
        </h1>
        <Buttons history={history} machine={machine} />
      </div>
      <p>
        <bdi>{localText(standing)}</bdi>
      </p>
      <p class="small soft">
        <bdi class="mono">{localText(headline)}</bdi>
      </p>
      {differs !== undefined && (
        <p class="note warn">
          Today’s machine would do otherwise: <bdi>{differs}</bdi>.
        </p>
      )}
      {omitted !== undefined && <p class="note">{omitted}</p>}
      {others.length > 0 && (
        <p class="small row">
          The same to others:
          {others.map((id) => (
            <Link key={id} to={`/m/${id}`}>
              {id}
            </Link>
          ))}
        </p>
      )}
    </header>
  );
}

type ChartOfStep = Omit<ShownProps, 'model'> & { readonly number: number };

function StepChart({ history, machine, number }: ChartOfStep) {
  const state = stepAt(history, number)?.entry.state ?? machine.drawing.initial;
  const taken = useMemo(() => takings(history, number), [history, number]);
  const title = `Statechart after step ${number}: ${stateText(state)}`;
  return <Chart drawing={machine.drawing} state={state} taken={taken} title={title} />;
}

/** Which transitions the steps up to this one took. */
function takings(history: MessageHistory, number: number): ReadonlyMap<string, Taking> {
  const takings = new Map<string, Taking>();
  for (const step of history.steps) {
    if (step.number > number) break;
    for (const id of new Set(step.taken)) {
      const numbers = [...(takings.get(id)?.numbers ?? []), step.number];
      const [time = ''] = preciseTime(step.entry.event.at).split(/[.,]/);
      takings.set(id, { numbers, time, isLatest: step.number === number });
    }
  }
  return takings;
}

function ChartSheet(props: ChartOfStep) {
  const isOpen = useSignal(false);
  return (
    <>
      <button
        type="button"
        class="button"
        onClick={() => {
          isOpen.value = true;
        }}
      >
        Chart
      </button>
      <Dialog
        title={`After step ${props.number}`}
        open={isOpen.value}
        close={() => {
          isOpen.value = false;
        }}
      >
        <StepChart {...props} />
      </Dialog>
    </>
  );
}

/** "Try now" is an operator's, "deliver now" also the recipient's. */
function hastening(history: MessageHistory, load: () => Promise<void>) {
  const { key, direction } = history.message;
  if (isOperator.value) {
    return async (command: 'retry' | 'release'): Promise<void> => {
      await call('message.command', { key, command });
      await load();
    };
  }
  if (direction !== 'in' || !history.planned.some(({ command }) => command === 'release')) {
    return undefined;
  }
  return async (): Promise<void> => {
    await call('message.deliverNow', { key });
    await load();
  };
}

function useMatch(condition: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(condition).matches);
  useEffect(() => {
    const list = matchMedia(condition);
    const onChange = (): void => setMatches(list.matches);
    list.addEventListener('change', onChange);
    return () => list.removeEventListener('change', onChange);
  }, [condition]);
  return matches;
}
