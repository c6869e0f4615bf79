/**
 * Whether a sender can safely be told of an outcome (D4, law 9): never a forged one, never one that
 * answers by itself (RFC 3834), never the null path (RFC 5321 4.5.5).
 */

import type { MessageInput } from '../../schemas/message.js';

/** Why the sender is not told; undefined: it can be. */
export function whyNotTold(input: MessageInput): string | undefined {
  if (input.sender.address === undefined) return 'the reverse path is null';
  if (input.header.automatic === true) return 'the message was sent automatically (RFC 3834)';
  if (!input.sender.verification.verified) {
    return `the sender is not verified (${input.sender.verification.how})`;
  }
  return undefined;
}
