/**
 * The wire of this channel is UMF in XML. What comes in is kept whole; what goes out is fitted to
 * an open page: who, what about, and the beginning of the text. The page opens the rest.
 */

import type { Sender } from '../../../schemas/submission.js';
import type { Umf } from '../../../schemas/umf.js';
import { shorten, textOf } from '../../conversion/fitting.js';
import { readUmfWire, writeUmfWire } from '../../conversion/umf-wire.js';

export { readUmfWire as readWire, writeUmfWire as writeWhole } from '../../conversion/umf-wire.js';

/** Of the text that a page is sent. */
export const TEXT_CHARACTERS_MAX = 2000;
export const SUBJECT_CHARACTERS_MAX = 500;
export const NAME_CHARACTERS_MAX = 200;

/** What a page shows of a message that has just come. */
export interface Shown {
  readonly from: string;
  readonly subject: string;
  readonly text: string;
}

/** UMF → wire, fitted to an open page. */
export function writeWire(umf: Umf): Promise<Uint8Array> {
  const { uid, to, from, subject, priority, securityLevel, conversation, sentAt } = umf;
  const text = shorten(textOf(umf.body).trim(), TEXT_CHARACTERS_MAX);
  return writeUmfWire({
    uid,
    to,
    priority,
    securityLevel,
    body: { mediaType: 'text/plain', text },
    ...(from !== undefined && { from }),
    ...(subject !== undefined && { subject: shorten(subject, SUBJECT_CHARACTERS_MAX) }),
    ...(conversation !== undefined && { conversation }),
    ...(sentAt !== undefined && { sentAt }),
  });
}

/**
 * What a page shows of what `writeWire` wrote.
 * @param sender who sent it, for content that does not say who wrote it
 */
export async function shownFrom(wire: Uint8Array, sender: Sender): Promise<Shown> {
  const umf = await readUmfWire(wire, '');
  const from = umf.from?.name ?? umf.from?.address ?? sender.name ?? sender.address?.value ?? '';
  return {
    from: shorten(from, NAME_CHARACTERS_MAX),
    subject: umf.subject ?? '',
    text: umf.body.text ?? '',
  };
}
