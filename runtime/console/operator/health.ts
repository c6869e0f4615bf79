/** What the running switch can check of itself, in the words of `patchboard doctor`. */

import { bytesText, spanText } from '../../../actors/message-tracker/words.js';
import type { HealthLine } from '../../../schemas/console.js';
import type { ConsoleParts } from '../console-call.js';

/** A switch whose memory has grown beyond this has a leak, or too little of it soon. */
const MEMORY_MANY_BYTES = 2 * 2 ** 30;
const PLAIN_ELSEWHERE = /^http:\/\/(?!localhost[:/]|localhost$|127\.|\[::1\])/;

export async function healthOf(parts: ConsoleParts): Promise<readonly HealthLine[]> {
  return [
    acceptsLine(parts),
    storeLine(parts),
    spaceLine(parts),
    ...listenLines(parts),
    await operatorsLine(parts),
    doorLine(parts),
    ...demoLines(parts),
    memoryLine(parts),
  ];
}

function acceptsLine({ running }: ConsoleParts): HealthLine {
  const { refusing } = running.status();
  const about = 'accepting';
  if (refusing === undefined) return { verdict: 'ok', about, text: 'messages are accepted' };
  const remedy = 'mend that; senders are told to try again meanwhile';
  return { verdict: 'problem', about, text: `nothing is accepted: ${refusing}`, remedy };
}

function storeLine({ store }: ConsoleParts): HealthLine {
  const trouble = store.unhealthy();
  const about = 'store';
  if (trouble === undefined) return { verdict: 'ok', about, text: store.description };
  const remedy = 'see the log; a clean start recovers what was accepted';
  return { verdict: 'problem', about, text: trouble, remedy };
}

function spaceLine({ store }: ConsoleParts): HealthLine {
  const { freeBytes, totalBytes, water } = store.space();
  const about = 'disk';
  const share = totalBytes > 0 ? ` of ${bytesText(totalBytes)}` : '';
  const text = `${bytesText(freeBytes)}${share} free`;
  if (water === 'normal') return { verdict: 'ok', about, text };
  return { verdict: 'problem', about, text, remedy: 'make space: the reserve is reached' };
}

/** A way in that listens nowhere is not an error: some have no port. */
function listenLines({ channels, running }: ConsoleParts): readonly HealthLine[] {
  return channels.flatMap(({ name }) => {
    const address = running.addresses[name];
    if (address === undefined) return [];
    return [{ verdict: 'ok', about: name, text: `listens on ${address}` } as const];
  });
}

async function operatorsLine({ running }: ConsoleParts): Promise<HealthLine> {
  const reachable = await running.operators();
  const about = 'operators';
  const count = reachable.length;
  if (count > 0) {
    return { verdict: 'ok', about, text: count === 1 ? '1 gets notices' : `${count} get notices` };
  }
  const remedy = 'give an operator an address: notices of dead messages reach nobody';
  return { verdict: 'problem', about, text: 'no operator can be reached', remedy };
}

function doorLine({ url }: ConsoleParts): HealthLine {
  const about = 'page';
  if (!PLAIN_ELSEWHERE.test(url)) return { verdict: 'ok', about, text: url };
  const remedy = 'put a proxy with TLS before it and set http.publicUrl';
  return { verdict: 'warning', about, text: `${url} is not encrypted`, remedy };
}

function demoLines({ demo }: ConsoleParts): readonly HealthLine[] {
  if (demo?.() === undefined) return [];
  const remedy = 'before the switch is open to others: patchboard account remove demo';
  return [{ verdict: 'warning', about: 'demo', text: 'the demo account is there', remedy }];
}

function memoryLine({ startedAt, clock }: ConsoleParts): HealthLine {
  const rss = process.memoryUsage.rss();
  const text = `${bytesText(rss)} in use, up for ${spanText(clock.now() - startedAt)}`;
  if (rss < MEMORY_MANY_BYTES) return { verdict: 'ok', about: 'memory', text };
  const remedy = 'see whether it still grows; a restart loses nothing';
  return { verdict: 'warning', about: 'memory', text, remedy };
}
