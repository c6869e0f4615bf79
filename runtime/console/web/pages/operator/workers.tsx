/** Workers, and what the running switch checked of itself. */

import type { ComponentChildren } from 'preact';
import { bytesText, spanText } from '../../../../../actors/message-tracker/words.js';
import type { HealthLine, Overview, WorkerSummary } from '../../../../../schemas/console.js';
import { now } from '../../clock.js';
import { countWords } from '../../language.js';
import { Loaded, loading } from '../../parts/loaded.js';
import { useRefresh } from './refresh.js';

const overview = loading('overview', () => ({}));

export function WorkersPart() {
  useRefresh(overview.load);
  return (
    <div class="stack">
      <h1>Workers & health</h1>
      <Loaded of={overview}>{(value) => <Shown overview={value} />}</Loaded>
    </div>
  );
}

function Shown({ overview: { health, workers, store, bus } }: { overview: Overview }) {
  return (
    <>
      <section class="card stack" aria-label="Checks">
        <h2>Checks</h2>
        <ul class="op-checks">
          {health.map((line) => (
            <CheckLine key={`${line.about} ${line.text}`} line={line} />
          ))}
        </ul>
        <p class="small soft">
          More, with DNS: <code>npx patchboard doctor</code>
        </p>
      </section>
      <section class="card stack" aria-label="Workers">
        <h2>Workers</h2>
        {workers.map((worker) => (
          <Worker key={worker.name} worker={worker} />
        ))}
        <p class="small soft">
          Store: {store}. Bus: {bus}.
        </p>
      </section>
    </>
  );
}

const MARKS: Readonly<Record<HealthLine['verdict'], { mark: string; word: string }>> = {
  ok: { mark: '✓', word: 'fine' },
  warning: { mark: '!', word: 'warning' },
  problem: { mark: '✗', word: 'problem' },
};

function CheckLine({ line }: { line: HealthLine }) {
  const { verdict, about, text, remedy } = line;
  const { mark, word } = MARKS[verdict];
  return (
    <li class={`op-check-line ${verdict}`}>
      <span class="op-check-mark" aria-hidden="true">
        {mark}
      </span>
      <span>
        <span class="unseen">{word}: </span>
        <strong>{about}</strong> <bdi>{text}</bdi>
        {remedy !== undefined && <span class="op-remedy small">→ {remedy}</span>}
      </span>
    </li>
  );
}

function Worker({ worker }: { worker: WorkerSummary }) {
  const { name, roles, startedAt, pid, memoryBytes, waiting } = worker;
  const queues = Object.entries(waiting).filter(([, count]) => count > 0);
  return (
    <dl class="op-facts">
      <Fact name="Name">
        <code>{name}</code>
      </Fact>
      <Fact name="Does">{roles.join(', ')}</Fact>
      <Fact name="Process">{pid}</Fact>
      <Fact name="Up for">{spanText(Math.max(0, now.value - startedAt))}</Fact>
      <Fact name="Memory">{bytesText(memoryBytes)}</Fact>
      <Fact name="Hints waiting">
        {queues.length === 0
          ? 'none'
          : queues.map(([queue, count]) => `${queue} ${countWords(count)}`).join(', ')}
      </Fact>
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt class="small soft">{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
