/**
 * What happened to an attempt, as an outcome (law 6, RFC 3463). Pure.
 *
 * Invariants: only a 2xx after the dot is success; only what the peer says, or what cannot be
 * otherwise tomorrow, is a failure for good; the attempt is ambiguous exactly if the dot was out
 * and no answer came that says yes or no.
 */

import type { Outcome, OutcomeFacts } from '../../../schemas/delivery.js';
import { NOT_OURS } from '../../not-ours.js';
import { oneLine, parseReply, peerReference } from './reply.js';
import type { Sent } from './smtp-client.js';
import type { Connected } from './smtp-connect.js';

/** Our password is missing or wrong: the operator's trouble, not the message's. */
const SIGN_IN_CODES: readonly number[] = [530, 534, 535, 538];

type Attempted = Pick<OutcomeFacts, 'peer' | 'stagesMs'>;

/** The outcome of a transaction. */
export function outcomeOf(sent: Sent, attempted: Attempted): Outcome {
  switch (sent.kind) {
    case 'answered':
      if (isClear(sent.reply)) return outcomeOfReply(sent.reply, attempted);
      return unclear(sent.reply, attempted);
    case 'refused':
      return outcomeOfReply(sent.reply, attempted);
    case 'lost': {
      const reason = oneLine(sent.reason);
      const facts = { ...attempted, result: 'retry', status: '4.4.2', reason } as const;
      return sent.stage === 'answer' ? { ...facts, ambiguous: true } : facts;
    }
    case 'withheld':
      return { ...attempted, ...NOT_OURS };
    case 'unfit':
      return { ...attempted, result: 'failed', status: sent.status, reason: oneLine(sent.reason) };
  }
}

/** No connection to any host of the destination: never the message's fault. */
export function outcomeOfTrouble(
  connected: Exclude<Connected, { ok: true }>,
  attempted: Attempted,
): Outcome {
  const statuses = { refused: '4.3.2', lost: '4.4.1', tls: '4.7.5', auth: '4.7.8' };
  const said = oneLine(connected.reply);
  const reason = said === '' || connected.reason.includes(said) ? connected.reason : said;
  return {
    ...attempted,
    result: 'retry',
    status: statuses[connected.trouble],
    reason: oneLine(reason),
  };
}

/** RFC 5321 4.2.1: yes, not now, or no; whatever else follows the dot says nothing. */
function isClear(reply: string): boolean {
  const { code } = parseReply(reply);
  return (code >= 200 && code < 300) || (code >= 400 && code < 600);
}

function unclear(reply: string, attempted: Attempted): Outcome {
  const reason = `an answer to the dot that says neither yes nor no: ${oneLine(reply)}`;
  return { ...attempted, result: 'retry', status: '4.5.0', reason, ambiguous: true };
}

function outcomeOfReply(answer: string, attempted: Attempted): Outcome {
  const { code, status, text } = parseReply(answer);
  const facts = { ...attempted, status, reason: text };
  if (code >= 200 && code < 300) {
    const reference = peerReference(answer);
    return {
      ...facts,
      result: 'accepted',
      ...(reference !== undefined && { peerReference: reference }),
    };
  }
  if (code >= 500 && !SIGN_IN_CODES.includes(code)) return { ...facts, result: 'failed' };
  return { ...facts, status: status.replace(/^\d/, '4'), result: 'retry' };
}
