/** The conversation of what a person writes on a page: a new one, or that of what is answered. */

import type { Conversation } from '../schemas/umf.js';
import type { Home } from './machinery.js';

/** A conversation that this message begins: answers by mail name it first in their References. */
export function begun(message: string): Conversation {
  return { id: message, message, references: [message] };
}

/** The conversation of the message that is answered (RFC 5322 3.6.4: its first and its last). */
export function answering({ conversation, of }: Home, message: string): Conversation {
  const id = conversation ?? message;
  const inReplyTo = of.reference;
  return {
    id,
    message,
    references: [...new Set([id, inReplyTo ?? id])],
    ...(inReplyTo !== undefined && { inReplyTo }),
  };
}
