/**
 * Dead messages (E3): each one reaches the operators by their own profiles. Pure.
 *
 * Invariants: the notice tells the envelope, the history's outcomes and what to do, never the body
 * (opening one is audited). There is no notice about a notice: a full mailbox must not fill more.
 */

import type { Recipient } from '../../schemas/address.js';
import { instantText } from '../../schemas/instant.js';
import type { MessageDocument } from '../../schemas/message.js';
import type { Submission } from '../../schemas/submission.js';
import {
  followingIdentifier,
  messageName,
  ownKind,
  ownSubmission,
  subjectOf,
} from './own-submission.js';

function ways(document: MessageDocument): readonly string[] {
  return document.context.deliveries.map(({ address, endpoint, phase, trials, last }) => {
    const where = `${address.channel} ${address.value}${endpoint ? ` (${endpoint})` : ''}`;
    const said =
      last === undefined ? '' : `: ${instantText(last.at)} ${last.status} ${last.reason}`;
    return `  ${where}: ${phase}, trials ${trials}${said}`;
  });
}

/**
 * The notice of a dead message to the operators; undefined: there must be none, or nobody gets it
 * (the dead list shows the message all the same).
 */
export function deadNotice(
  document: MessageDocument,
  request: { readonly id: string; readonly operators: readonly Recipient[] },
): Submission | undefined {
  if (request.operators.length === 0 || ownKind(document) === 'deadNotice') return undefined;
  const { input, context } = document;
  const name = messageName(document);
  const sender = input.sender.address?.value ?? '(null path)';
  const tried = ways(document);
  return ownSubmission(document, {
    kind: 'deadNotice',
    id: followingIdentifier(document, request.id),
    to: request.operators,
    subject: `Dead message ${name}: ${subjectOf(document)}`,
    lines: [
      'A message has ended dead: no way to its recipient is left. It is kept for you to decide.',
      '',
      `From:     ${sender} (${input.sender.verification.how})`,
      `To:       ${context.recipient.via.value}`,
      `Subject:  ${subjectOf(document)}`,
      `Taken:    ${instantText(input.createdAt)}, ${input.origin.channel}, ${input.origin.peer}`,
      `Why:      ${context.because ?? 'every way has failed'}`,
      ...(tried.length === 0 ? [] : ['', 'What was tried:', ...tried]),
      '',
      `Look:      patchboard dead show ${name}`,
      `Try again: patchboard dead resend ${name}`,
      `Elsewhere: patchboard dead redirect ${name} --to ADDRESS`,
    ],
  });
}
