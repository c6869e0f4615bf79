/** The audit: what operators did with what is not theirs, the newest first. */

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { AuditEntry } from '../../../../../schemas/console.js';
import { fullTime } from '../../clock.js';
import { Problem } from '../../parts/loaded.js';
import { Link } from '../../router.js';
import { call } from '../../server/call.js';

/** What an entry is of may name a message: "m3k9x7q2w4t8h5b1.0 to demo". */
const MESSAGE = /^([0-9a-hjkmnp-tv-z]{16}(?:\.\d+)?)(?=$|\s)/;

export function AuditPart() {
  const entries = useSignal<readonly AuditEntry[] | undefined>(undefined);
  const next = useSignal<string | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);

  async function look(before?: string): Promise<void> {
    try {
      const page = await call('audit', before === undefined ? {} : { before });
      const had = before === undefined ? [] : (entries.value ?? []);
      entries.value = [...had, ...page.items];
      next.value = page.next;
      problem.value = undefined;
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error);
    }
  }

  useEffect(() => void look(), []);
  return (
    <div class="stack">
      <h1>Audit</h1>
      <p class="soft">What operators did with what is not theirs. Kept for a year.</p>
      {problem.value !== undefined && <Problem text={problem.value} again={() => look()} />}
      {entries.value === undefined && problem.value === undefined && (
        <p class="soft">One moment…</p>
      )}
      {entries.value?.length === 0 && <p class="note">Nothing yet.</p>}
      <ul class="op-lines">
        {entries.value?.map((entry, index) => (
          <li key={String(index)} class="op-line op-audit">
            <span>
              <strong>{entry.by}</strong> <bdi>{entry.what}</bdi>
            </span>
            <span class="small">
              <Of text={entry.of} />
            </span>
            <time class="small soft">{fullTime(entry.at)}</time>
          </li>
        ))}
      </ul>
      {next.value !== undefined && (
        <button type="button" class="button" onClick={() => void look(next.value)}>
          More
        </button>
      )}
    </div>
  );
}

function Of({ text }: { text: string }) {
  const id = MESSAGE.exec(text)?.[1];
  if (id === undefined) return <bdi>{text}</bdi>;
  return (
    <>
      <Link to={`/m/${id}`}>{id}</Link>
      <bdi>{text.slice(id.length)}</bdi>
    </>
  );
}
