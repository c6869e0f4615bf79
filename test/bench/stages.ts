/** Time by stage, from the switch's own metrics: sums and counts of its histograms. */

interface Total {
  readonly count: number;
  readonly seconds: number;
}

/** By stage: "handling stored", "flush", … */
export type Stages = ReadonlyMap<string, Total>;

const LINE = new RegExp(
  [
    '^patchboard_(handling_duration|delivery_duration|store_flush)_seconds_(sum|count)',
    '(?:\\{[a-z]+="([^"]*)"\\})? (\\S+)$',
  ].join(''),
  'gm',
);

export async function readStages(http: string): Promise<Stages> {
  const text = await (await fetch(`http://${http}/metrics`)).text();
  const stages = new Map<string, Total>();
  for (const [, histogram = '', which, label = '', value] of text.matchAll(LINE)) {
    const name = `${histogram.replace('_duration', '').replace('store_', '')} ${label}`.trim();
    const known = stages.get(name) ?? { count: 0, seconds: 0 };
    const number = Number(value);
    stages.set(name, which === 'sum' ? { ...known, seconds: number } : { ...known, count: number });
  }
  return stages;
}

/** What was added between two readings. */
export function difference(before: Stages, after: Stages): Stages {
  const added = new Map<string, Total>();
  for (const [name, { count, seconds }] of after) {
    const old = before.get(name) ?? { count: 0, seconds: 0 };
    if (count > old.count) {
      added.set(name, { count: count - old.count, seconds: seconds - old.seconds });
    }
  }
  return added;
}

/** "handling stored 0.8 ms, …" */
export function stagesText(stages: Stages): string {
  const parts = [...stages].map(
    ([name, { count, seconds }]) =>
      `${name} ${((seconds / count) * 1000).toFixed(2)} ms × ${count}`,
  );
  return parts.join(', ');
}
