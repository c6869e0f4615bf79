/** What happened at one step: the event, who was asked and what they answered, what it changed. */

import { bytesText, spanText } from '../../../../../actors/message-tracker/words.js';
import type {
  HistoryStep,
  MachineDrawing,
  MessageHistory,
} from '../../../../../schemas/console.js';
import { fullTime, preciseTime } from '../../clock.js';
import { type Change, changesOf } from './difference.js';
import { guardWords } from './guard-words.js';
import { stepAt, stepBefore } from './history.js';
import { localText, stateText } from './local-text.js';
import { lanesOf } from './time-line-rows.js';

interface InspectorProps {
  readonly history: MessageHistory;
  readonly drawing: MachineDrawing;
  readonly number: number;
}

export function Inspector({ history, drawing, number }: InspectorProps) {
  const step = stepAt(history, number);
  if (step === undefined) return <Birth history={history} drawing={drawing} />;
  const before = stepBefore(history, number);
  const { event, state, tookMs, worker } = step.entry;
  const stateThen = before?.entry.state ?? drawing.initial;
  return (
    <div class="inspector stack">
      <h2>
        {number}. {event.type === 'DUE' && history.shows === 'course' ? state : event.type}
      </h2>
      <p class="small soft">
        {fullTime(event.at)} ({preciseTime(event.at)})
        {tookMs >= 1 && `, ${spanText(tookMs)} after the step before`}
        {worker !== '' && `, by ${worker}`}
      </p>
      {step.lines.map((line) => (
        <p key={line}>
          <bdi>{localText(line)}</bdi>
        </p>
      ))}
      <p>
        {stateThen === state ? (
          <>stays {stateText(state)}</>
        ) : (
          <>
            {stateText(stateThen)} → <strong>{stateText(state)}</strong>
          </>
        )}
      </p>
      <Attempt step={step} history={history} />
      <Ways step={step} drawing={drawing} />
      {history.shows === 'whole' ? (
        <Differences step={step} before={before?.context ?? history.birth} />
      ) : (
        <p class="small soft">
          You see the course of what you sent. Its ways are known to its recipient alone.
        </p>
      )}
      {history.shows === 'whole' && (
        <details>
          <summary>The event as recorded</summary>
          <pre class="small">{JSON.stringify(event, null, 1)}</pre>
        </details>
      )}
    </div>
  );
}

function Birth({ history, drawing }: Pick<InspectorProps, 'history' | 'drawing'>) {
  const { message } = history;
  return (
    <div class="inspector stack">
      <h2>{stateText(drawing.initial)}</h2>
      <p class="small soft">{fullTime(message.at)}</p>
      <p>
        It came in by {message.in}, {bytesText(message.size)}, priority {message.priority}.
      </p>
      <p>
        From <bdi>{message.from.address ?? 'nobody: the sender is empty'}</bdi>
        {message.from.how !== undefined && ` (${message.from.how})`} to{' '}
        <bdi>{message.to.address}</bdi>.
      </p>
    </div>
  );
}

const PHASES: Readonly<Record<string, string>> = {
  claimed: 'claimed: the peer has heard nothing yet; a crash now is safe to repeat',
  bytesSent: 'stored before the byte that makes the peer responsible; a crash now leaves it open',
};

function Attempt({ step, history }: { step: HistoryStep; history: MessageHistory }) {
  const { event } = step.entry;
  if (!('delivery' in event) || history.shows === 'course') return null;
  const lanes = lanesOf(history);
  const index = lanes.findIndex((lane) => lane.delivery === event.delivery);
  const lane = lanes[index];
  const delivery = step.context?.deliveries.find(({ id }) => id === event.delivery);
  return (
    <section class="stack">
      <h3>Attempt</h3>
      <dl class="facts">
        <dt>lane</dt>
        <dd>
          {lane === undefined ? event.delivery + 1 : `${index + 1}, ${lane.channel} `}
          <bdi>{lane?.name}</bdi>
        </dd>
        <dt>attempt</dt>
        <dd>{event.attempt === '' ? 'none: a late fact' : (event.attempt.split('.')[1] ?? '')}</dd>
        {event.type === 'SENDING' && (
          <>
            <dt>phase</dt>
            <dd>{PHASES[event.phase]}</dd>
          </>
        )}
        {delivery !== undefined && (
          <>
            <dt>delivery</dt>
            <dd>{standingOf(delivery)}</dd>
          </>
        )}
      </dl>
    </section>
  );
}

type Delivery = NonNullable<HistoryStep['context']>['deliveries'][number];

function standingOf({ phase, level, trials, policy, possibleDuplicate }: Delivery): string {
  const reached = level === undefined ? phase : `${phase}, ${level}`;
  const doubt = possibleDuplicate ? ', possibly a duplicate' : '';
  return `${reached}, tried ${trials} of ${policy.trials}${doubt}`;
}

function Ways({ step, drawing }: { step: HistoryStep; drawing: MachineDrawing }) {
  const edgeOf = (id: string) => drawing.edges.find((edge) => edge.id === id);
  if (step.taken.length === 0) return null;
  return (
    <section class="stack">
      <h3>Transitions taken</h3>
      <ul class="ways">
        {step.taken.map((id, index) => {
          const edge = edgeOf(id);
          const key = `${index} ${id}`;
          if (edge === undefined) return <li key={key}>{id}</li>;
          const to = edge.from === edge.to ? '' : ` → ${edge.to}`;
          return (
            <li key={key}>
              <code>{edge.from}</code> <strong>{edge.event || 'at once'}</strong>
              {to}
            </li>
          );
        })}
      </ul>
      {step.guards.length > 0 && (
        <>
          <h3>Guards, in order</h3>
          <ul class="guards">
            {step.guards.map(({ edge, held }, index) => {
              const guard = edgeOf(edge)?.guard ?? '';
              return (
                <li key={`${index} ${edge}`} class={held ? 'held' : ''}>
                  <span aria-hidden="true">{held ? '✓' : '✗'}</span>{' '}
                  <span class="unseen">{held ? 'yes:' : 'no:'}</span>
                  {guardWords(drawing.name, guard)} <code class="soft">{guard}</code>
                </li>
              );
            })}
          </ul>
        </>
      )}
    </section>
  );
}

interface DifferencesProps {
  readonly step: HistoryStep;
  readonly before: HistoryStep['context'];
}

function Differences({ step, before }: DifferencesProps) {
  if (step.context === undefined || before === undefined) return null;
  const changes = changesOf(before, step.context);
  return (
    <section class="stack">
      <h3>What it changed</h3>
      {changes.length === 0 ? (
        <p class="small soft">Nothing but its state.</p>
      ) : (
        <dl class="changes small">
          {changes.map((change) => (
            <Changed key={change.what} change={change} />
          ))}
        </dl>
      )}
    </section>
  );
}

function Changed({ change: { what, before, after } }: { change: Change }) {
  return (
    <>
      <dt>{what}</dt>
      <dd>
        {before !== undefined && (
          <del>
            <bdi>{before}</bdi>
          </del>
        )}
        {after !== undefined && (
          <ins>
            <bdi>{after}</bdi>
          </ins>
        )}
      </dd>
    </>
  );
}
