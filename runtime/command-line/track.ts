/** `patchboard track`: what happened to a message. */

import { describeMessage, messageName, shortName } from '../../actors/message-tracker/tracker.js';
import { honestWord } from '../../actors/message-tracker/words.js';
import type { HistoryEntry, MessageDocument } from '../../schemas/message.js';
import { pause } from '../clock.js';
import { withoutBytes } from '../control.js';
import { readHistory, readMessage, resolveMessages } from '../messages.js';
import type { Store } from '../store/store.js';
import { type Call, type Command, EXIT, fail, text } from './call.js';
import { withReader } from './opening.js';
import { localTime } from './times.js';

/** How long `--wait` waits unless told otherwise. */
const WAIT_DEFAULT_MS = 60_000;
const LOOK_EVERY_MS = 200;
/** Recipients told in full; the rest is counted. */
const TOLD_MAX = 20;

interface Tracked {
  readonly document: MessageDocument;
  readonly history: readonly HistoryEntry[];
}

const isFinished = ({ document }: Tracked): boolean =>
  document.state === 'confirmed' || document.state.startsWith('failed');

export const command: Command = {
  help: `track [ID | ENDING | MESSAGE-ID | last] [--wait] [--within 60s] [--json]

What happened to a message: when, how long it took, and why. Without an id: the last one.
  --wait          until every recipient's message is confirmed or failed (else exit 75)
  --within TIME   how long to wait (60s)`,
  options: { wait: { type: 'boolean' }, within: { type: 'string' } },
  async run(call) {
    return withReader(call, async (store) => {
      const found = await waitFor(call, store);
      if (!found.ok) return fail(call, found);
      tell(call, found.tracked);
      if (call.values['wait'] === true && !found.tracked.every(isFinished)) return EXIT.unfinished;
      return EXIT.ok;
    });
  },
};

type Found = { readonly ok: true; readonly tracked: readonly Tracked[] } | (Failed & { ok: false });
interface Failed {
  readonly code: string;
  readonly message: string;
}

/** Looks once, or again and again until all is finished. */
async function waitFor(call: Call, store: Store): Promise<Found> {
  const waits = call.values['wait'] === true;
  const until = call.clock.monotonic() + (await withinMs(call));
  const wanted = call.words[0] ?? 'last';
  const resolved = await resolveMessages(store, wanted);
  if (!resolved.ok) return resolved;
  while (true) {
    const tracked: Tracked[] = [];
    for (const key of resolved.keys) {
      const document = await readMessage(store, key);
      if (document === undefined) continue;
      tracked.push({ document, history: await readHistory(store, document) });
    }
    const isOver = !waits || tracked.every(isFinished) || call.clock.monotonic() >= until;
    if (isOver) return { ok: true, tracked };
    await pause(LOOK_EVERY_MS);
  }
}

async function withinMs(call: Call): Promise<number> {
  const given = text(call, 'within');
  if (given === undefined) return WAIT_DEFAULT_MS;
  const { parseSpan } = await import('../configuration/settings.js');
  return parseSpan(given) ?? WAIT_DEFAULT_MS;
}

function tell(call: Call, tracked: readonly Tracked[]): void {
  const [first] = tracked;
  if (call.json) {
    const id = first === undefined ? undefined : messageName(first.document.key).split('.')[0];
    const messages = tracked.map(({ document, history }) => ({
      key: document.key,
      state: document.state,
      is: honestWord(document),
      recipient: document.context.recipient,
      sender: document.input.sender,
      header: document.input.header,
      deliveries: document.context.deliveries,
      dueAt: document.dueAt,
      closed: document.closed,
      ...(document.senderTold === undefined ? {} : { senderTold: document.senderTold }),
      ...(document.context.because === undefined ? {} : { because: document.context.because }),
      history,
    }));
    call.out(JSON.stringify({ id, messages }, withoutBytes));
    return;
  }
  const now = call.clock.now();
  for (const [index, one] of tracked.slice(0, TOLD_MAX).entries()) {
    if (index > 0) call.out('');
    for (const line of describeMessage({ ...one, now, time: localTime(now) })) call.out(line);
  }
  const more = tracked.length - TOLD_MAX;
  const next = tracked[TOLD_MAX];
  if (next === undefined) return;
  call.out(`… and ${more} more recipients: patchboard track ${shortName(next.document.key)}`);
}
