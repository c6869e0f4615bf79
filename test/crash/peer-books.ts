/**
 * The books of one round of the registry's scenarios: on each channel, what the store says of the
 * round's messages against what its peer was told and has got. A message is known by its subject.
 */

import { channels } from '../../actors/channels/index.js';
import type { MessageDocument } from '../../schemas/message.js';
import { balance } from '../harness/ledger.js';
import { checkEnds, lostIn } from './books.js';
import type { Checked, Expected } from './world.js';

/** One channel's arrivals, since the books were opened. */
export interface Arrived {
  readonly channel: string;
  readonly arrived: readonly { readonly subject: string; readonly address: string }[];
}

/** What the peers know. */
export interface PeerFacts {
  readonly acknowledged: readonly { readonly token: string; readonly id: string }[];
  readonly deaths: number;
  arrivals(): readonly Arrived[];
}

const KEEPING = new Set(channels.filter(({ facts }) => facts.keeps).map(({ name }) => name));

const subjectOf = ({ input }: MessageDocument): string => input.header.subject ?? '';

export function checkPeers(
  world: PeerFacts,
  documents: readonly MessageDocument[],
  expected: readonly Expected[],
): Checked {
  const balances = world.arrivals().map(({ channel, arrived }) => {
    const arrivals = arrived.map(({ subject, address }) => ({ token: subject, address }));
    const books = { submitted: [], arrivals, documents, channel, tokenIn: subjectOf };
    return balance(books);
  });
  const duplicates = balances.reduce((sum, one) => sum + one.duplicates, 0);
  const lost = lostIn(documents);
  return {
    duplicates,
    problems: [
      ...balances.flatMap(({ problems }) => problems),
      ...checkEnds(documents),
      ...checkAcknowledged(world, documents),
      ...expected.flatMap((one) => checkExpected(world, one, documents)),
      ...(duplicates > lost ? [`${duplicates} duplicates of ${lost} lost attempts`] : []),
    ],
  };
}

/** What was acknowledged is there, once (laws 1, 13). */
function checkAcknowledged(
  { acknowledged }: PeerFacts,
  documents: readonly MessageDocument[],
): string[] {
  return acknowledged.flatMap(({ token, id }) => {
    const of = documents.filter((document) => subjectOf(document) === token);
    const isThere = of.some(({ key }) => key === `msg/${id}.0`);
    if (!isThere) return [`LOST: ${token} was acknowledged as ${id}, and is nowhere`];
    return of.length > 1 ? [`TWICE ACCEPTED: ${token} is ${of.length} messages`] : [];
  });
}

/** It ended as it should: at the device, or kept where the device was away meanwhile. */
function checkExpected(
  world: PeerFacts,
  { token, state, at }: Expected,
  documents: readonly MessageDocument[],
): string[] {
  const document = documents.find((one) => subjectOf(one) === token);
  if (document === undefined) return [`MISSING: no message ${token}`];
  if (document.state !== state) return [`${token} is ${document.state}`];
  if (at === undefined) return [];
  const arrived = world.arrivals().flatMap((one) => one.arrived);
  if (arrived.some(({ subject, address }) => subject === token && address === at)) return [];
  const kept = document.context.deliveries.some(
    ({ address, phase }) => KEEPING.has(address.channel) && phase === 'confirmed',
  );
  // A death of the switch takes the devices away for a moment; nothing else does.
  if (kept && world.deaths > 0) return [];
  return [`${token} did not arrive at ${at}`];
}
