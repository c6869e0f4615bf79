/**
 * What an open page shows of a message that has just come: who, what about, and the beginning of
 * the text. The page opens the rest. As UMF on the way, so that large contents are fitted where
 * they are converted.
 */

import type { Sender } from '../../schemas/submission.js';
import type { Umf } from '../../schemas/umf.js';
import { shorten, textOf } from './fitting.js';
import { readUmfWire, writeUmfWire } from './umf-wire.js';

const TEXT_CHARACTERS_MAX = 2000;
export const SUBJECT_CHARACTERS_MAX = 500;
export const NAME_CHARACTERS_MAX = 200;

export interface Shown {
  readonly from: string;
  readonly subject: string;
  readonly text: string;
}

/** UMF → wire, fitted to an open page. */
export function writeShown(umf: Umf): Promise<Uint8Array> {
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

/** Embeddings, overrides and isolates (UAX #9, 2): they turn what stands beside a name around. */
const REORDERING = /[\u202a-\u202e\u2066-\u2069]/gu;
const LINE_BREAKING = /[\p{Cc}\s]+/gu;

/** A stranger's name or subject as it may stand in a notification. */
function oneLine(text: string): string {
  return text.replace(REORDERING, '').replace(LINE_BREAKING, ' ').trim();
}

/**
 * What `writeShown` wrote, as a page shows it.
 * @param sender who sent it, for content that does not say who wrote it
 */
export async function readShown(wire: Uint8Array, sender: Sender): Promise<Shown> {
  const umf = await readUmfWire(wire, '');
  const from = umf.from?.name ?? umf.from?.address ?? sender.name ?? sender.address?.value ?? '';
  return {
    from: shorten(oneLine(from), NAME_CHARACTERS_MAX),
    subject: oneLine(umf.subject ?? ''),
    text: (umf.body.text ?? '').replace(REORDERING, ''),
  };
}
