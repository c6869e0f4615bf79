/** Answers that come home as mail to `reply+TOKEN@…`: to whoever sent what they answer (law 7). */

import type { Recipient } from '../../../schemas/address.js';
import type { ReceiveContext } from '../../machinery.js';
import type { EmailConfig } from './config.js';
import type { Refusal } from './transaction.js';

const UNKNOWN: Refusal = { code: 550, text: '5.1.1 This reply address is unknown or expired' };

/** The person whom the token of a reply address stands for. */
export async function homeOfReply(
  context: Pick<ReceiveContext<EmailConfig>, 'home' | 'log' | 'tokens'>,
  token: string | undefined,
): Promise<Recipient | Refusal> {
  const target = token === undefined ? undefined : context.tokens.verify('reply', token);
  if (target === undefined) return UNKNOWN;
  try {
    const home = await context.home(target.messageKey);
    return home?.to ?? UNKNOWN;
  } catch (error) {
    context.log.warn('email.reply', {
      why: error instanceof Error ? error.message : String(error),
    });
    return { code: 451, text: '4.3.0 Our own trouble, nothing is stored; try again' };
  }
}
